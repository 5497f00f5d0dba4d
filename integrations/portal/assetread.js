// Assets and End Users of an Organization, as they were read a moment ago: there can be thousands, so not with every look.

import { askRows, at, quietFor } from "./api.js";

const MOST_READ = { "end-users": 20000, assets: 5000 };
const FRESH_MS = 30000;
const FOLLOWS_MS = 15000; // what follows from a decision comes a moment after it
const latest = new Map(); // list of which Organization -> {at, page}
let decidedAt = -Infinity;

/** The assets of an Organization, by their names. */
export function readAssets(id) {
  return read(id, "assets");
}

/** The End Users of an Organization, by their names. */
export function readPeople(id) {
  return read(id, "end-users");
}

/** Something was decided about an asset: for a moment it is read with every look. */
export function decided() {
  decidedAt = performance.now();
}

async function read(id, list) {
  const key = `${id}/${list}`;
  const known = latest.get(key);
  const age = known ? performance.now() - known.at : Infinity;
  const isSettled = list === "end-users" || performance.now() - decidedAt > FOLLOWS_MS;
  if (isSettled && age < FRESH_MS && age < quietFor()) return known.page;
  const page = await askRows(at`/organizations/${id}/` + list, {}, MOST_READ[list]);
  page.items.sort((one, other) => one.name.localeCompare(other.name));
  for (const other of latest.keys()) if (!other.startsWith(`${id}/`)) latest.delete(other);
  latest.set(key, { at: performance.now(), page });
  return page;
}
