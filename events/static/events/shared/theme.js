// A classic script in <head>: it runs before the first paint, so that a chosen theme never flashes.
(() => {
  const KEY = "eventhub.theme";
  const THEMES = ["auto", "light", "dark"];

  // Storage may be switched off in a browser; the choice then lasts as long as the page.
  const read = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const keep = (/** @type {string} */ theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      return;
    }
  };

  let theme = THEMES.find((each) => each === read()) ?? "auto";

  const apply = () => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };

  const label = (/** @type {HTMLElement} */ button) => {
    button.dataset.shows = theme;
    button.setAttribute("aria-label", `Theme: ${theme}`);
    button.title = `Theme: ${theme}`;
  };

  apply();
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    label(button);
    button.hidden = false;
    button.addEventListener("click", () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      keep(theme);
      apply();
      label(button);
    });
  });
})();
