/** “Test connection” in the form of an MCP server: the answer is shown beside the button. Without this, it is a page. */

const button = document.getElementById("test-connection");
const shown = document.getElementById("connection-shown");

if (button instanceof HTMLButtonElement && button.form && shown) {
  const { form } = button;
  button.addEventListener("click", async (click) => {
    click.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true"); // a button that is really disabled would lose the focus
    say("Asking the server …", "");
    try {
      const { text, level } = await ask(button.formAction, new FormData(form));
      say(text, level);
    } catch {
      say("eventhub itself did not answer. Try again.", "error");
    }
    button.removeAttribute("aria-disabled");
  });
}

function say(/** @type {string} */ text, /** @type {string} */ level) {
  if (!shown) return;
  shown.textContent = text;
  shown.dataset.level = level;
}

/** @returns {Promise<{ level: string, text: string }>} */
async function ask(/** @type {string} */ address, /** @type {FormData} */ typed) {
  const headers = { Accept: "application/json" };
  const answer = await fetch(address, { method: "POST", body: typed, headers, redirect: "manual" });
  if (answer.type === "opaqueredirect")
    return { level: "error", text: "You are signed out. Load this page anew to sign in." };
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
}
