// The way to the API: who is signed in, one fetch for all, problems as errors.

let token = "";
let refresh = async () => "";
const known = new Map(); // path -> {etag, body}

export class Problem extends Error {
  constructor(told) {
    super(told.detail ?? "The service did not answer.");
    Object.assign(this, { code: told.code, remedy: told.remedy ?? "Try again in a moment.", status: told.status });
  }
}

/** Sign in: `renew` gives a fresh portal token whenever one is needed. */
export async function signIn(renew) {
  refresh = renew;
  token = await renew();
}

/** Ask the API; GET answers are kept and only fetched again when they have changed. */
export async function ask(method, path, body, again = true) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["Idempotency-Key"] = crypto.randomUUID();
  const kept = method === "GET" ? known.get(path) : undefined;
  if (kept) headers["If-None-Match"] = kept.etag;
  let answer;
  try {
    answer = await fetch(`/api${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem({ detail: "The service cannot be reached." });
  }
  if (answer.status === 401 && again) {
    token = await refresh();
    return ask(method, path, body, false);
  }
  if (answer.status === 304) return kept.body;
  const told = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Problem(told);
  if (method === "GET") known.set(path, { etag: answer.headers.get("ETag") ?? "", body: told });
  return told;
}
