/** Copying, also where the page was loaded over plain HTTP and browsers have no clipboard for it. */

const SAID_FOR = 2_000; // ms

/** Makes a button copy what `text()` gives, and say so. */
export function copyOnClick(/** @type {HTMLElement} */ button, /** @type {() => string} */ text) {
  const label = button.textContent;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text())) ? "Copied" : "Could not copy";
    clearTimeout(timer);
    timer = setTimeout(() => (button.textContent = label), SAID_FOR);
  });
}

async function copy(/** @type {string} */ text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(/** @type {string} */ text) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const area = document.createElement("textarea");
  area.className = "unseen";
  area.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(area); // outside a modal dialog nothing has the focus
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return isCopied;
}
