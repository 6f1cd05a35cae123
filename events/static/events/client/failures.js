/** Does each of these; one that fails is reported, and does not keep the others from being done. */
export function callEach(/** @type {(() => void)[]} */ ...acts) {
  for (const act of acts) {
    try {
      act();
    } catch (error) {
      report(error);
    }
  }
}

/** Tells the console, as of an error that nobody has caught. */
export function report(/** @type {unknown} */ error) {
  if (globalThis.reportError) globalThis.reportError(error);
  else console.error(error);
}
