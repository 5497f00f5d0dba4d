// The first view: what can be integrated, the CSPs above the table, the table, and how to find something in it.

import { askRows } from "./api.js";
import { cspActions, integrateActions } from "./actions.js";
import { exportCsv } from "./csv.js";
import { guarded } from "./dialog.js";
import { frame, icon, make, named, note, part, say } from "./dom.js";
import { partnerLinks } from "./links.js";
import { dots, menuButton } from "./menu.js";
import { removedLink, stepsNote } from "./removed.js";
import { badge } from "./status.js";
import { drawTable } from "./table.js";
import { ago, stamp } from "./times.js";
import { alerts, inShort, late } from "./trouble.js";

const FIRST = 100;
const MORE = 400;
const TYPING_MS = 250;
const OVERDUE = "Overdue";

const EVERYTHING = { q: "", status: "", csp: "", mapped: "", ignored: "" };
const filter = { ...EVERYTHING, sort: "name" };
const seenStatuses = new Set();
let count = FIRST;
let typing = 0;

/** Show the page as it stands; `current` tells whether it is still wanted. */
export async function showOverview(config, again, current) {
  const page = await read(filter, count);
  if (!current()) return;
  const view = frame("overview");
  const { integrate_menu: offers, csps } = page.first;
  const isBlank = !page.items.length && !csps.length && !isFiltered();
  for (const row of page.items) seenStatuses.add(row.sync_status.label);
  const statuses = page.first.filters?.statuses ?? [...seenStatuses].sort();
  bar(view, offers, isBlank ? null : { csps, statuses }, again);
  const some = statuses.includes(OVERDUE) && filter.status !== OVERDUE;
  part(view, "alerts", [page.first.plan, page.first.overdue, some], () => alerts(page.first, some ? () => change({ status: OVERDUE }, again) : null));
  part(view, "removals", page.first.removals, () => (page.first.removals ?? []).map(removalNote));
  part(view, "steps", page.first.removed, () => stepsNote(page.first.removed));
  part(view, "csps", csps, () => csps.map((csp) => cspRow(csp, again)));
  part(view, "blank", [isBlank, offers], () => (isBlank ? blank(offers, again) : null));
  const found = part(view, "table", "made once", () => make("div", { id: "tenants" }));
  found.hidden = isBlank || (!page.items.length && csps.length > 0 && !isFiltered());
  part(view, "end", [page.items.length, page.more, page.first.tenants.total, isBlank, isFiltered(), page.items.length ? null : csps], () => (isBlank ? null : end(page, again)));
  part(view, "removed", page.first.removed, () => removedLink(page.first.removed));
  await drawTable(found.firstChild, page.items, {
    product: config.product_name, sort: filter.sort, sorts: page.first.sorts, again, onsort: (sort) => change({ sort }, again),
  });
}

/** Filter by this and nothing else; used by a CSP's own view. */
export function filterBy(wanted) {
  Object.assign(filter, EVERYTHING, wanted);
  count = FIRST;
  document.getElementById("view").dataset.view = "";
}

function read(wanted, most) {
  return askRows("/integrations", wanted, most, (told) => told.tenants);
}

function isFiltered() {
  return Object.keys(EVERYTHING).some((name) => filter[name] !== "");
}

async function change(wanted, again) {
  Object.assign(filter, wanted);
  count = FIRST;
  await again();
  const rows = document.querySelectorAll("#tenants tbody tr").length;
  say(rows ? `${rows} ${rows === 1 ? "tenant is" : "tenants are"} shown.` : "No tenant matches.");
}

/** The search field is made once, so that nothing disturbs whoever types in it. */
function bar(view, offers, choices, again) {
  const place = part(view, "bar", choices === null, () => make("div", { class: "bar" })).firstChild;
  part(place, "search", "made once", () => (choices ? searchField(again) : null));
  part(place, "filters", [choices?.csps.map((it) => [it.id, it.name, it.ignored_count > 0]), choices?.statuses, filter.ignored, filter.status], () => (choices ? filters(choices, again) : null));
  part(place, "clear", isFiltered(), () => (isFiltered() ? make("button", { class: "plain", "data-key": "clear", onclick: () => clear(again) }, "Clear filters") : null));
  part(place, "right", [offers, choices === null], () => [
    make("span", { class: "gap" }),
    choices ? make("button", { "data-key": "export", onclick: guarded(() => exportCsv(() => read(filter, Infinity))) }, "Export CSV") : null,
    menuButton({ label: ["Integrate", icon("down")], key: "integrate", style: "main", entries: () => integrateActions(offers, again) }),
  ]);
}

function searchField(again) {
  return make("input", {
    type: "search", "data-key": "search", placeholder: "Search name, domain or id", "aria-label": "Search tenants", value: filter.q,
    oninput: (event) => {
      clearTimeout(typing);
      typing = setTimeout(() => change({ q: event.target.value.trim() }, again), TYPING_MS);
    },
  });
}

function filters({ csps, statuses }, again) {
  return [
    choose("status", "Sync Status", "Any status", statuses.map((it) => [it, it]), again),
    csps.length ? choose("csp", "CSP Name", "Any CSP", csps.map((it) => [it.id, it.name]), again) : null,
    choose("mapped", "Mapping", "Mapped or not", [["true", "Mapped"], ["false", "Not mapped"]], again),
    filter.ignored || csps.some((it) => it.ignored_count) ? choose("ignored", "Ignored", "Not ignored", [["true", "Ignored"]], again) : null,
  ];
}

function clear(again) {
  filterBy({});
  again();
}

function choose(name, title, any, values, again) {
  const known = filter[name] && !values.some(([value]) => value === filter[name]) ? [[filter[name], filter[name]]] : [];
  const select = make("select", {
    "data-key": `filter-${name}`, "aria-label": title, onchange: (event) => change({ [name]: event.target.value }, again),
  }, make("option", { value: "" }, any), [...values, ...known].map(([value, label]) => make("option", { value }, label)));
  select.value = filter[name];
  return select;
}

/** What is being removed is out of the table at once; here one sees how far it is. */
function removalNote({ id, name, requested_at: since, given_up: failing, overdue_since: missed }) {
  const place = `#removal=${id}`;
  return note("orange", ["Removing ", named(name)], "", make("p", {}, "since ", ago(since), ". It finishes automatically. ", make("a", { href: place, "data-key": place }, "Show all steps")),
    late(missed), failing ? inShort(failing) : null);
}

function cspRow(csp, again) {
  const about = { name: csp.name, what: "Sync Status", key: `csp-status-${csp.id}`, links: () => partnerLinks(csp.tenant_id) };
  return make("article", { class: "csp card", "aria-label": csp.name },
    make("div", { class: "who" }, icon("cloud"), make("div", {},
      make("h2", {}, make("a", { href: `#csp=${csp.id}`, "data-key": `csp-name-${csp.id}` }, named(csp.name))),
      make("p", { class: "quiet" }, [csp.kind_label, csp.tenant_count_label].filter(Boolean).join(" "),
        csp.ignored_count ? `, ${csp.ignored_count} ignored` : ""))),
    make("dl", {}, make("div", {}, make("dt", {}, "Last Synced"), make("dd", {}, stamp(csp.last_synced_at))),
      make("div", {}, make("dt", {}, "Sync Status"), make("dd", {}, badge(csp.sync_status, about)))),
    menuButton({ label: dots(), title: `Actions for ${csp.name}`, key: `csp-menu-${csp.id}`, style: "dots", entries: () => cspActions(csp, again) }));
}

const OFFER_TEXTS = {
  integrate_single: "One Microsoft 365 tenant. You sign in as its Global Administrator and accept the permissions.",
  integrate_csp: "All tenants of your CSP. You sign in to your CSP tenant with an appropriately privileged Global Administrator.",
};

/** Nothing is integrated yet: what this page is for, and the ways to begin. */
function blank(offers, again) {
  const ways = integrateActions(offers, again).filter(({ action }) => action in OFFER_TEXTS);
  return make("div", { class: "card blank" }, icon("cloud"), make("h2", {}, "No Microsoft tenant is integrated yet"),
    make("p", { class: "quiet" }, "Integrate your clients' Microsoft 365 tenants to see whether each connection works, and if not, why."),
    make("div", { class: "ways" }, ways.map(({ action, label, run }) => make("section", { class: "way" },
      make("h3", {}, label), make("p", {}, OFFER_TEXTS[action]), make("button", { onclick: run, "aria-label": `Integrate: ${label}` }, "Integrate")))),
    make("ol", { class: "steps" },
      make("li", {}, make("strong", {}, "Integrate."), " You sign in at Microsoft and accept the permissions. Only the tenant's name is read."),
      make("li", {}, make("strong", {}, "Map."), " You choose the Organization that the tenant belongs to."),
      make("li", {}, make("strong", {}, "Sync."), " From then on its data is kept up to date automatically.")));
}

function end(page, again) {
  const shown = page.items.length;
  const { total } = page.first.tenants;
  if (!shown) {
    if (isFiltered()) return make("p", { class: "nothing quiet" }, "No tenant matches. ", make("button", { class: "plain", onclick: () => clear(again) }, "Clear filters"));
    return make("p", { class: "nothing quiet" }, noTenants(page.first.csps));
  }
  return make("div", { class: "foot quiet" },
    make("span", {}, page.more ? `${shown.toLocaleString()} of ${total.toLocaleString()} tenants` : `${shown} ${shown === 1 ? "tenant" : "tenants"}`),
    page.more ? make("button", { "data-key": "more", onclick: () => {
      count = shown + MORE;
      again();
    } }, "Load more") : null);
}

/** Why the table is empty below CSPs. */
function noTenants(csps) {
  if (csps.every((it) => it.ignored_count && !it.tenant_count)) return "All tenants are ignored. The filter Ignored shows them.";
  if (csps.every((it) => it.sync_status.colour === "red")) return "No tenants yet. Select the Sync Status above to see what prevents them from being read, and what to do.";
  return "No tenants yet. They appear here automatically once the authorization is complete.";
}
