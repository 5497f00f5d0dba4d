// Above the table: how many tenants need attention and why, and how to find something. All of it is asked of the API.

import { integrateActions } from "./actions.js";
import { EVERYTHING } from "./address.js";
import { guarded } from "./dialog.js";
import { counted, icon, make, part } from "./dom.js";
import { menuButton } from "./menu.js";
import { searchField } from "./search.js";

const REASONS = {
  not_mapped: ["not mapped", "grey"],
  auth_error: ["Auth Error", "red"],
  csp_auth: ["CSP Auth to fix", "red"],
  expiring: ["expiring within 30 days", "yellow"],
  stalled: ["stalled", "orange"],
  overdue: ["overdue", "orange"],
};
let isUnfolded = false; // on a phone

export function isFiltered(filter) {
  return Object.keys(EVERYTHING).some((name) => filter[name] !== "");
}

/** Draw both lines; `does` is {change, clear, save, again}. Without choices there is nothing to find, only to integrate. */
export function toolbar(view, offers, filter, choices, does) {
  const place = part(view, "bar", choices === null, () => make("div", { class: "bar" })).firstChild;
  part(place, "search", "made once", () => (choices ? searchField({
    key: "search", label: "Search tenants", hint: "Search name, domain or id", value: filter.q, onsearch: (q) => does.change({ q }),
  }) : null)).firstChild?.fill(filter.q);
  part(place, "fold", [choices === null, used(filter), isUnfolded], () => (choices ? fold(place, used(filter)) : null));
  part(place, "filters", [choices && { ...choices, attention: null, total: null }, { ...filter, q: "", sort: "" }], () => (choices ? filters(choices, filter, does) : null));
  part(place, "right", offers, () => menuButton({ label: ["Integrate", icon("down")], key: "integrate", style: "main", entries: () => integrateActions(offers, does.again) }));
  part(view, "counts", [choices?.attention, choices?.total, filter], () => (choices ? counts(choices, filter, does) : null));
}

function used(filter) {
  return ["sync_status", "csp_auth", "csp", "mapped", "ignored"].filter((name) => filter[name]).length;
}

/** On a phone the filters are folded; how many are in use is said. */
function fold(place, count) {
  place.classList.toggle("unfolded", isUnfolded);
  return make("button", { class: "fold", "data-key": "filters", "aria-expanded": String(isUnfolded), onclick: (event) => {
    isUnfolded = !isUnfolded;
    place.classList.toggle("unfolded", isUnfolded);
    event.currentTarget.setAttribute("aria-expanded", String(isUnfolded));
  } }, count ? `Filters (${count})` : "Filters");
}

function filters({ csps, syncStatuses, cspAuths }, filter, does) {
  const same = (values) => values.map((it) => [it, it]);
  const choose = (...given) => select(filter, does, ...given);
  return [
    choose("sync_status", "Sync Status", same(syncStatuses)),
    csps.length || filter.csp_auth ? choose("csp_auth", "CSP Auth", same(cspAuths)) : null,
    csps.length || filter.csp ? choose("csp", "CSP Name", csps.map((it) => [it.id, it.label])) : null,
    choose("mapped", "Mapping", [["true", "Mapped"], ["false", "Not mapped"]]),
    filter.ignored || csps.some((it) => it.hasIgnored) ? choose("ignored", "Ignored", [["true", "Ignored"]], "Not ignored") : null,
  ];
}

/** A filter of a column; while it filters nothing, it shows the column's name. */
function select(filter, { change }, name, title, values, any = title) {
  const known = filter[name] && !values.some(([value]) => value === filter[name]) ? [[filter[name], filter[name]]] : [];
  const made = make("select", {
    class: filter[name] ? "used" : null, "data-key": `filter-${name}`, "aria-label": title, onchange: (event) => change({ [name]: event.target.value }),
  }, make("option", { value: "" }, any), [...values, ...known].map(([value, label]) => make("option", { value }, label)));
  made.value = filter[name];
  return made;
}

/** How many tenants need attention, each count a filter; then how many are found, and the file of them. */
function counts({ attention, total }, filter, does) {
  const chips = Object.entries(REASONS).map(([name, [label, colour]]) => ({ name, number: attention[name], label, colour }));
  return make("div", { class: "counts" },
    countChips("Tenants that need attention", chips, filter.attention, (name) => does.change({ attention: name })),
    ...found(total, isFiltered(filter), does));
}

/** Counts that are filters; those of nothing are left out. */
export function countChips(title, chips, chosen, choose) {
  const shown = chips.filter(({ name, number }) => number || name === chosen);
  return shown.length ? make("div", { class: "chips", role: "group", "aria-label": title }, shown.map(({ name, number, label, colour }) => make("button", {
    class: `chip ${colour}`, "data-key": `chip-${name}`, "aria-pressed": String(name === chosen), onclick: () => choose(name === chosen ? "" : name),
  }, make("strong", {}, number.toLocaleString()), ` ${label}`))) : null;
}

/** How many tenants are found, and the file of them. */
export function found(total, filtered, { clear, save }) {
  return [filtered ? make("button", { class: "plain", "data-key": "clear", onclick: clear }, "Clear filters") : null,
    make("span", { class: "gap" }), make("span", { class: "quiet" }, counted(total, "tenant")),
    make("button", { class: "plain", "data-key": "export", onclick: guarded(save) }, "Export CSV")];
}
