// The table's address: what is searched and filtered for stands in it, so that Back, a reload and a sent link show the same.

import { make } from "./dom.js";

const TABLE = "#tenants?";
export const EVERYTHING = { q: "", attention: "", sync_status: "", csp_auth: "", csp: "", mapped: "", ignored: "" };
const AT_FIRST = { ...EVERYTHING, sort: "name" };
let latest = ""; // the table's address as it was last shown

/** Whether the table stands at this address; a journey to Microsoft is told above it. */
export function isTable(hash) {
  return hash === "" || hash === "#" || hash.startsWith(TABLE);
}

/** What the table is filtered and sorted by now. Elsewhere that is what it was last filtered by. */
export function currentFilter() {
  if (isTable(location.hash)) latest = location.hash;
  const told = new URLSearchParams(latest.startsWith(TABLE) ? latest.slice(TABLE.length) : "");
  return Object.fromEntries(Object.entries(AT_FIRST).map(([name, otherwise]) => [name, told.get(name) || otherwise]));
}

/** The address of the table with this filter and nothing else. */
export function tableAddress(filter = {}) {
  const told = Object.entries(filter).filter(([name, value]) => value && value !== AT_FIRST[name]);
  return told.length ? `${TABLE}${new URLSearchParams(told)}` : "#";
}

/** Filter by this. The Back button undoes it, but not each letter of a search. */
export function setFilter(wanted) {
  const before = currentFilter();
  const isTyping = before.q !== "" && "q" in wanted && wanted.q !== "";
  latest = tableAddress({ ...before, ...wanted });
  history[isTyping ? "replaceState" : "pushState"](null, "", pathOf(latest));
}

/** Back to the table as it was, without another step for the Back button. */
export function leaveForTable() {
  history.replaceState(null, "", pathOf(latest));
}

/** The way back to the table as it was. */
export function backToTable(...more) {
  return make("p", { class: "back" }, make("a", { href: latest || "#" }, "\u2190 All tenants"), ...more);
}

function pathOf(hash) {
  return location.pathname + location.search + (hash === "#" ? "" : hash);
}
