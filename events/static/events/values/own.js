/** What an object itself has under a name from outside; `constructor` and its like are names as any other. */
export function own(object, name) {
  return object !== null && object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}
