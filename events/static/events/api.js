/** The HTTP API, asked with the visitor's session. */

const ROOT = "/api/v1/events/";

export class ApiProblem extends Error {
  constructor({ status = 0, code = "unavailable", detail }) {
    super(detail);
    this.name = "ApiProblem";
    this.status = status;
    this.code = code;
  }
}

/** What a subscription asks for, as parameters of history, preview and explain. */
export function parametersOf({ eventTypes, filters }) {
  const parameters = new URLSearchParams(eventTypes.map((id) => ["event_type", id]));
  for (const [name, asked] of Object.entries(filters)) {
    for (const value of [asked ?? []].flat()) parameters.append(`filter.${name}`, value);
  }
  return parameters;
}

/** Resolves with the answer; rejects with ApiProblem, or with AbortError when `signal` says so. */
export async function ask(call, parameters, { signal } = {}) {
  const answer = await fetch(`${ROOT}${call}?${parameters}`, { signal }).catch(unreachable);
  const body = await answer.json().catch(() => ({ detail: `The server answered with status ${answer.status}.` }));
  if (!answer.ok) throw new ApiProblem({ status: answer.status, ...body });
  return body;
}

function unreachable(error) {
  if (error.name === "AbortError") throw error;
  throw new ApiProblem({ detail: "The server could not be reached." });
}
