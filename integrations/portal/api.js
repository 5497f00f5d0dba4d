// The way to the API: who is signed in, one fetch for all, problems as errors.

const PATIENCE_MS = 30000;
const MOST_KEPT = 100;
const LONGEST_PAGE = 1000;
const OUT_OF_REACH = { detail: "The service cannot be reached.", remedy: "We try again automatically." };
const ID = /^[A-Za-z0-9_-]{1,64}$/; // of everything that has one; no dots, which a browser would take for a way up

let token = "";
let renew = async () => "";
let renewing = null;
let changedAt = Date.now();
const kept = new Map(); // path -> {etag, body}, the latest used at the end

export class Problem extends Error {
  constructor(told, status = 0, waitS = 0) {
    super(told.detail ?? "The service did not respond.");
    Object.assign(this, { title: told.title, code: told.code, remedy: told.remedy ?? "Try again in a moment.", status, waitS, errors: told.errors ?? [], plan: told.plan });
  }
}

/** Sign in: `how` gives a fresh portal token whenever one is needed. */
export async function signIn(how) {
  renew = how;
  token = await renew();
}

/** Milliseconds since anything we know has changed, or since we changed something. */
export function quietFor() {
  return Date.now() - changedAt;
}

/** Ask the API; GET answers are kept and only fetched again when they have changed. */
export async function ask(method, path, body, headers = {}) {
  const known = method === "GET" ? kept.get(path) : undefined;
  if (known) headers["If-None-Match"] = known.etag;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["Idempotency-Key"] = crypto.randomUUID();
  let answer = await send(method, path, headers, body);
  if (answer.status === 401) {
    renewing ??= renew().finally(() => { renewing = null; });
    token = await renewing;
    answer = await send(method, path, headers, body);
  }
  if (answer.status === 304 && known) return keep(path, known);
  const told = await read(answer);
  if (!answer.ok) throw new Problem(told ?? {}, answer.status, Number(answer.headers.get("Retry-After")) || 0);
  changedAt = Date.now();
  return method === "GET" ? keep(path, { etag: answer.headers.get("ETag") ?? "", body: told }) : told;
}

/** Change what was read, as long as it is what was read last. */
export function askIfSame(method, path, body) {
  return ask(method, path, body, { "If-Match": kept.get(path)?.etag ?? "" });
}

/** The first `count` items of a list, in pages as long as the API allows; `pick` finds the list in an answer. */
export async function askRows(path, query, count, pick = (told) => told) {
  const items = [];
  let first = null;
  let cursor = null;
  do {
    const limit = Math.min(LONGEST_PAGE, count - items.length);
    const told = await ask("GET", address(path, { ...query, limit, cursor }));
    first ??= told;
    items.push(...pick(told).items);
    cursor = pick(told).next_cursor ?? null;
  } while (cursor && items.length < count);
  return { first, items, more: cursor !== null };
}

/** A module of the page that is only loaded where it is needed. */
export async function load(importing) {
  try {
    return await importing();
  } catch {
    throw new Problem(OUT_OF_REACH);
  }
}

/** A path of the API, as in at`/tenants/${id}/sync`: the only way an id gets into one. What is no id is asked for nowhere. */
export function at(parts, ...ids) {
  return parts.reduce((path, part, place) => path + segment(ids[place - 1]) + part);
}

function segment(id) {
  if (!ID.test(id)) throw new Problem({ detail: "This link is not valid.", remedy: "Go back to all tenants and start from there." });
  return encodeURIComponent(id);
}

/** A path with its query. */
export function address(path, query) {
  const told = Object.entries(query).filter(([, value]) => value !== null && value !== "");
  return `${path}?${new URLSearchParams(told)}`;
}

async function send(method, path, headers, body) {
  try {
    return await fetch(`/api${path}`, {
      method,
      headers: { ...headers, Authorization: `Bearer ${token}` },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new Problem(OUT_OF_REACH);
  }
}

/** The body, whatever stands between us and the service has made of it. */
async function read(answer) {
  if (answer.status === 204) return null;
  try {
    return await answer.json();
  } catch {
    throw new Problem({ detail: "The service did not respond properly." }, answer.status);
  }
}

function keep(path, entry) {
  kept.delete(path);
  if (entry.etag) kept.set(path, entry);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  return entry.body;
}
