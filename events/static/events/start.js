// A deferred script: it starts the page's script, once the page is on the screen. That script is a hundred times as large,
// and to fetch and read it beside the styles takes a browser as long as all the painting. Whoever has subscriptions of this
// tab does not wait, since the page looks otherwise once they are shown; nor does a page in the background, which is not
// painted.
(() => {
  const LONGEST = 300; // ms, where a browser does not tell
  const { page = "" } = /** @type {HTMLElement} */ (document.currentScript).dataset;

  const start = () => {
    const script = document.createElement("script");
    script.type = "module";
    script.src = page;
    document.head.append(script);
  };

  const hasKept = () => {
    try {
      return Object.entries(sessionStorage).some(
        ([key, kept]) => key.startsWith("eventhub.subscriptions.") && kept.includes('"eventTypes":'),
      );
    } catch {
      return false; // it is switched off
    }
  };

  if (document.hidden || hasKept()) {
    start();
    return;
  }
  new Promise((resolve) => {
    new PerformanceObserver(resolve).observe({ type: "paint", buffered: true });
    setTimeout(resolve, LONGEST);
  }).finally(start); // also where a browser has no such observer
})();
