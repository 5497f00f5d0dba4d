// The first view: what can be integrated, the CSPs above the table, the table, and how to find something in it.

import { askRows } from "./api.js";
import { integrateActions } from "./actions.js";
import { EVERYTHING, currentFilter, setFilter } from "./address.js";
import { heldBack, whyOff } from "./caller.js";
import { cspRows } from "./csps.js";
import { COLUMNS, exportCsv } from "./csv.js";
import { counted, frame, icon, make, named, note, part, say } from "./dom.js";
import { removedLink, stepsNote } from "./removed.js";
import { drawTable } from "./table.js";
import { ago } from "./times.js";
import { isFiltered, toolbar } from "./toolbar.js";
import { alerts, inShort, late, planNote } from "./trouble.js";

const FIRST = 100;
const MORE = 400;
let count = FIRST;
let shown = ""; // what the count of rows belongs to

/** Show the page as it stands; `current` tells whether it is still wanted. */
export async function showOverview(config, again, current) {
  const filter = currentFilter();
  if (shown !== JSON.stringify(filter)) count = FIRST;
  shown = JSON.stringify(filter);
  const page = await read(filter, count);
  if (!(await current())) return;
  const view = frame("overview");
  const { integrate_menu: offers, csps, attention } = page.first;
  const isBlank = !page.items.length && !csps.length && !isFiltered(filter);
  part(view, "plan", heldBack(), () => planNote(heldBack()));
  part(view, "alerts", [page.first.plan, page.first.overdue, attention.overdue, filter.attention], () => alerts(page.first, attention.overdue && filter.attention !== "overdue" ? () => change({ attention: "overdue" }, again) : null));
  part(view, "removals", page.first.removals, () => (page.first.removals ?? []).map(removalNote));
  part(view, "steps", page.first.removed, () => stepsNote(page.first.removed));
  part(view, "csps", csps, () => cspRows(csps, again));
  const does = { again, change: (wanted) => change(wanted, again), clear: () => change(EVERYTHING, again), save: () => exportCsv("microsoft-tenants", COLUMNS, () => read(currentFilter(), Infinity)) };
  toolbar(view, offers, filter, isBlank ? null : choicesOf(page.first), does);
  part(view, "blank", [isBlank, offers, heldBack()], () => (isBlank ? blank(offers, again) : null));
  const found = part(view, "table", "made once", () => make("div", { id: "tenants" }));
  found.hidden = isBlank || (!page.items.length && csps.length > 0 && !isFiltered(filter));
  part(view, "end", [page.items.length, page.more, page.first.tenants.total, isBlank, isFiltered(filter), page.items.length ? null : csps], () => (isBlank ? null : end(page, filter, does)));
  part(view, "removed", page.first.removed, () => removedLink(page.first.removed));
  await drawTable(found.firstChild, page.items, {
    product: config.product_name, sort: filter.sort, sorts: page.first.sorts, again, onsort: (sort) => change({ sort }, again),
  });
}

function read(wanted, most) {
  return askRows("/integrations", wanted, most, (told) => told.tenants);
}

/** What the table can be filtered by, and what is counted. */
function choicesOf({ csps, filters, attention, tenants }) {
  return {
    csps: csps.map((it) => ({ id: it.id, label: it.domain ? `${it.name} (${it.domain})` : it.name, hasIgnored: it.ignored_count > 0 })),
    syncStatuses: filters.sync_statuses, cspAuths: filters.csp_auths, attention, total: tenants.total,
  };
}

async function change(wanted, again) {
  setFilter(wanted);
  await again();
  const rows = document.querySelectorAll("#tenants tbody tr").length;
  say(rows ? `${counted(rows, "tenant", " is", " are")} shown.` : "No tenant matches.");
}

/** What is being removed is out of the table at once; here one sees how far it is. */
function removalNote({ id, name, requested_at: since, given_up: failing, overdue_since: missed }) {
  const place = `#removal=${id}`;
  return note("orange", ["Removing ", named(name)], "", make("p", {}, "since ", ago(since), ". It finishes automatically. ", make("a", { href: place, "data-key": place }, "Show all steps")),
    late(missed), failing ? inShort(failing) : null);
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
      make("h3", {}, label), make("p", {}, OFFER_TEXTS[action]), make("button", { onclick: run, disabled: !run, title: whyOff(), "aria-label": `Integrate: ${label}` }, "Integrate")))),
    make("ol", { class: "steps" },
      make("li", {}, make("strong", {}, "Integrate."), " You sign in at Microsoft and accept the permissions. Only the tenant's name is read."),
      make("li", {}, make("strong", {}, "Map."), " You choose the Organization that the tenant belongs to."),
      make("li", {}, make("strong", {}, "Sync."), " From then on its data is kept up to date automatically.")));
}

function end(page, filter, { again, clear }) {
  const rows = page.items.length;
  const { total } = page.first.tenants;
  if (!rows) {
    if (isFiltered(filter)) return make("p", { class: "nothing quiet" }, "No tenant matches. ", make("button", { class: "plain", onclick: clear }, "Clear filters"));
    return make("p", { class: "nothing quiet" }, noTenants(page.first.csps));
  }
  return make("div", { class: "foot quiet" },
    make("span", {}, page.more ? `${rows.toLocaleString()} of ${total.toLocaleString()} tenants` : counted(rows, "tenant")),
    page.more ? make("button", { "data-key": "more", onclick: () => {
      count = rows + MORE;
      again();
    } }, "Load more") : null);
}

/** Why the table is empty below CSPs. */
function noTenants(csps) {
  if (csps.every((it) => it.ignored_count && !it.tenant_count)) return "All tenants are ignored. The filter Ignored shows them.";
  if (csps.every((it) => it.sync_status.colour === "red")) return "No tenants yet. Select the Sync Status above to see what prevents them from being read, and what to do.";
  return "No tenants yet. They appear here automatically once the authorization is complete.";
}
