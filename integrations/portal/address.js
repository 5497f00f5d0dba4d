// Addresses: what is searched and filtered for stands in them, so that Back, a reload and a sent link show the same.

import { make } from "./dom.js";

export const EVERYTHING = { q: "", attention: "", sync_status: "", csp_auth: "", csp: "", mapped: "", ignored: "" };
const SECTIONS = { mfa: "Multi-factor authentication", score: "Microsoft Secure Score", baselines: "Baselines", "user-sync": "User sync", assets: "Assets" };
const TENANT = /^#tenant=([\w-]+)\/([\w-]+)$/;
let visited = null; // the list that was last shown

/** The table; a journey to Microsoft is told above it. */
const tenants = list("#", "tenants", "All tenants", { ...EVERYTHING, sort: "name" });
/** The lists across tenants. */
export const security = list("#security", "security", "Security", { list: "mfa", q: "", only: "", control: "", verdict: "", by: "" });
export const assets = list("#assets", "assets", "Assets", { q: "", only: "" });
export const { isShown: isTable, filter: currentFilter, address: tableAddress, change: setFilter } = tenants;

/** A view that is filtered; each filter has a value of its own at first. */
function list(bare, name, label, atFirst) {
  let latest = bare; // its address as it was last shown
  const isShown = (hash) => (hash || "#") === bare || hash.startsWith(`#${name}?`);
  /** What it is filtered and sorted by now. Elsewhere that is what it was last filtered by. */
  const filter = () => {
    if (isShown(location.hash)) {
      latest = location.hash || bare;
      visited = { label, latest: () => latest };
    }
    const told = new URLSearchParams(latest.slice(name.length + 2));
    return Object.fromEntries(Object.entries(atFirst).map(([key, otherwise]) => [key, told.get(key) || otherwise]));
  };
  /** Its address with this filter and nothing else. */
  const address = (wanted = {}) => {
    const told = Object.entries(wanted).filter(([key, value]) => value && value !== atFirst[key]);
    return told.length ? `#${name}?${new URLSearchParams(told)}` : bare;
  };
  /** Filter by this. The Back button undoes it, but not each letter of a search. */
  const change = (wanted) => {
    const before = filter();
    const isTyping = before.q !== "" && "q" in wanted && wanted.q !== "";
    latest = address({ ...before, ...wanted });
    history[isTyping ? "replaceState" : "pushState"](null, "", pathOf(latest));
  };
  return { isShown, filter, address, change, latest: () => latest };
}

/** Back to the table as it was, without another step for the Back button. */
export function leaveForTable() {
  history.replaceState(null, "", pathOf(tenants.latest()));
}

/** The way back to the list that was last shown, as it was. */
export function backToTable(...more) {
  const { label, latest } = visited ?? { label: "All tenants", latest: tenants.latest };
  return make("p", { class: "back" }, make("a", { href: latest() }, `\u2190 ${label}`), ...more);
}

/** The links of the header: the lists as they were last shown, and which one is shown now. */
export function showLists() {
  for (const [place, it] of [tenants, security, assets].entries()) {
    const link = document.getElementById("lists").children[place];
    link.href = it.latest();
    if (it.isShown(location.hash)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** The address of a section of a tenant's page. */
export function sectionAddress(tenantId, section) {
  return `#tenant=${tenantId}/${section}`;
}

/** The view at an address, its id, and the section that it leads to: ["tenant", id, title]. */
export function viewAt(hash) {
  if (tenants.isShown(hash)) return [];
  if (security.isShown(hash)) return ["security"];
  if (assets.isShown(hash)) return ["assets"];
  const [, id, section] = TENANT.exec(hash) ?? [];
  return Object.hasOwn(SECTIONS, section ?? "") ? ["tenant", id, SECTIONS[section]] : hash.slice(1).split("=", 2);
}

function pathOf(hash) {
  return location.pathname + location.search + (hash === "#" ? "" : hash);
}
