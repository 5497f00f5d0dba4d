// The people of an Organization: its End Users, whether they are active, and who is linked to a Microsoft user.

import { backToTable } from "./address.js";
import { ask, at } from "./api.js";
import { readPeople } from "./assetread.js";
import { counted, frame, make, named, part } from "./dom.js";
import { listing } from "./listing.js";
import { searchField } from "./search.js";
import { FIELDS, reason } from "./syncwords.js";
import { ago } from "./times.js";
import { countChips } from "./toolbar.js";

const FIRST = 50;
const MORE = 200;
const FRESH = { q: "", only: "", count: FIRST };
const state = { organization: "", ...FRESH };
const ONLY = {
  active: ["active", "green", (it) => it.is_active],
  inactive: ["inactive", "grey", (it) => !it.is_active],
  linked: ["linked to Microsoft", "green", (it) => microsoftOf(it).length > 0],
  gone: ["gone at Microsoft", "orange", (it) => microsoftOf(it).some((link) => link.is_gone)],
};

export async function showOrganization(id, again, current) {
  if (state.organization !== id) Object.assign(state, FRESH, { organization: id });
  const [organization, page] = await Promise.all([ask("GET", at`/organizations/${id}`), readPeople(id)]);
  if (!(await current())) return false;
  const view = frame(`organization-${id}`);
  const change = (wanted) => {
    Object.assign(state, { count: FIRST }, wanted);
    return again();
  };
  const found = page.items.filter((it) => fits(it, state.q.toLocaleLowerCase()));
  const listed = state.only ? found.filter(ONLY[state.only][2]) : found;
  part(view, "top", "always", () => backToTable());
  part(view, "ways", "always", () => organizationWays(id, "organization"));
  part(view, "head", [organization.name, page.first.total], () => make("div", { class: "chosen" }, make("h2", {}, "End Users of ", named(organization.name)),
    make("p", { class: "quiet" }, counted(page.first.total, "End User"), page.more ? `; the first ${page.items.length.toLocaleString()} are searched and listed here.` : ".")));
  const bar = part(view, "bar", "made once", () => make("div", { class: "bar unfolded" })).firstChild;
  part(bar, "search", "made once", () => searchField({ key: "search-end-users", label: "Search End Users", hint: "Search name, mail address or phone", value: state.q, onsearch: (q) => change({ q }) }));
  const chips = Object.entries(ONLY).map(([name, [label, colour, holds]]) => ({ name, number: found.filter(holds).length, label, colour }));
  part(view, "counts", [chips, state.only], () => make("div", { class: "counts" }, countChips("End Users by state", chips, state.only, (only) => change({ only }))));
  part(view, "people", [listed, state.count], () => people(listed, change));
  return false;
}

/** The views of an Organization, and which one is shown. */
export function organizationWays(id, shown) {
  const ways = { organization: ["End Users", ""], assets: ["Assets", "/assets"], review: ["Assets to review", "/review"] };
  return make("nav", { class: "lists", "aria-label": "Organization" }, Object.entries(ways).map(([name, [label, place]]) => make("a", {
    href: `#organization=${id}${place}`, "data-key": `organization-${name}`, "aria-current": name === shown ? "page" : null,
  }, label)));
}

function fits({ name, mail, username, phone, mobile_phone: mobile }, wanted) {
  return [name, mail, username, phone, mobile].some((text) => (text ?? "").toLocaleLowerCase().includes(wanted));
}

function people(items, change) {
  if (!items.length) return make("p", { class: "nothing quiet" }, state.q || state.only ? "Nobody matches." : "This Organization has no End Users yet.");
  const shown = items.slice(0, state.count);
  return [make("section", { class: "card ranked", "aria-label": "End Users" }, listing("End Users", ["Name", "Phone", "Job title", "State", "Microsoft"], shown.map((it) => [
    make("div", {}, make("a", { href: `#end-user=${it.id}`, "data-key": `end-user-${it.id}` }, named(it.name)), it.mail ? make("small", {}, named(it.mail)) : null),
    it.phone ?? it.mobile_phone ?? "", it.job_title ? named(it.job_title) : "", activity(it), microsoft(it),
  ]), { headed: true })),
  make("div", { class: "foot quiet" }, make("span", {}, shown.length < items.length ? `${shown.length} of ${counted(items.length, "End User")}` : counted(items.length, "End User")),
    shown.length < items.length ? make("button", { "data-key": "more", onclick: () => change({ count: shown.length + MORE }) }, "Load more") : null)];
}

/** Links of an End User; none are told while they are frozen. */
export function microsoftOf({ microsoft: links = [] }) {
  return links;
}

/** Active or not, and why not. */
export function activity({ is_active: isActive, inactive_reason: because, inactive_since: since, keep_active: keep }) {
  if (isActive) return make("div", {}, make("span", { class: "mark green" }, "active"), keep ? make("small", {}, "kept active") : null);
  return make("div", {}, make("span", { class: "mark grey" }, "inactive"), because ? make("small", {}, reason(because), since ? [", ", ago(since)] : "") : null);
}

function microsoft(it) {
  const links = microsoftOf(it);
  if (!links.length) return "";
  return make("div", {}, links.map((link) => make("div", {}, named(link.username ?? link.object_id), link.is_gone ? make("small", {}, "gone at Microsoft") : null)),
    it.managed_fields.length ? make("small", {}, `Microsoft keeps: ${it.managed_fields.map((field) => (FIELDS[field] ?? field).toLowerCase()).join(", ")}`) : null);
}
