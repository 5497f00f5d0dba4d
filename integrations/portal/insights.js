// Security: all mapped tenants by MFA, by Secure Score, or by the baselines, the worst first.

import { security } from "./address.js";
import { askRows, at } from "./api.js";
import { heldBack, whyOff } from "./caller.js";
import { exportCsv } from "./csv.js";
import { guarded } from "./dialog.js";
import { counted, frame, make, named, part, say, stylesheet } from "./dom.js";
import { listing } from "./listing.js";
import { LISTS } from "./measures.js";
import { searchField } from "./search.js";
import { editThresholds } from "./thresholds.js";
import { countChips, found } from "./toolbar.js";
import { planNote } from "./trouble.js";

const FIRST = 100;
const MORE = 400;
const NOTHING = { q: "", only: "", control: "", verdict: "" };
const shown = { filter: "", count: FIRST };

export async function showInsights(again, current) {
  const filter = security.filter();
  if (!Object.hasOwn(LISTS, filter.list)) filter.list = "mfa";
  if (shown.filter !== JSON.stringify(filter)) Object.assign(shown, { filter: JSON.stringify(filter), count: FIRST });
  const [page] = await Promise.all([read(filter, shown.count), stylesheet("insights.css")]);
  if (!(await current())) return;
  const list = LISTS[filter.list];
  const view = frame("security");
  const { counts, thresholds } = page.first;
  const isBlank = counts.tenants === 0;
  const change = async (wanted) => {
    security.change(wanted);
    await again();
    say(counted(document.querySelectorAll("#view .ranked tbody tr").length, "row"));
  };
  part(view, "plan", heldBack(), () => planNote(heldBack()));
  part(view, "head", [filter.list, filter.q], () => head(filter));
  part(view, "told", [filter.list, thresholds, isBlank], () => make("p", { class: "quiet" }, list.told(thresholds)));
  bar(view, filter, list, isBlank, { change, again });
  part(view, "chosen", filter.control && page.first.controls, () => (filter.control ? chosen(page.first.controls[0], filter) : null));
  const byControl = filter.by && list.controls;
  part(view, "counts", [filter, counts, page.first.total, page.first.controls, thresholds], () => (isBlank ? null : make("div", { class: "counts" },
    filter.control ? countChips("Tenants by verdict", list.verdictChips(page.first.controls[0]), filter.verdict, (verdict) => change({ verdict }))
      : byControl ? null : countChips("Tenants that need attention", list.chips(counts, thresholds), filter.only, (only) => change({ only })),
    ...(byControl ? [] : found(page.first.total, isFiltered(filter), { clear: () => change(NOTHING), save: () => save(filter, list) })))));
  part(view, "blank", isBlank, () => (isBlank ? blank() : null));
  part(view, "ranked", [page.items, filter, page.first.controls], () => (isBlank ? null : byControl ? controls(list, page.first.controls, filter) : ranked(list, page.items, filter)));
  part(view, "end", [page.more, page.items.length, page.first.total, filter], () => (page.more && !byControl ? end(page, again) : null));
}

/** Controls come with any page, so that one tenant is enough to see them all. */
function read({ list, q, only, control, verdict, by }, most) {
  const ofControls = list === "baselines" ? { control, verdict } : {};
  const wanted = list === "baselines" && by ? {} : { q, only, ...ofControls };
  return askRows(at`/insights/${list}`, wanted, list === "baselines" && by ? 1 : most);
}

function isFiltered({ q, only, control, verdict }) {
  return Boolean(q || only || control || verdict);
}

function head({ list: chosenList, q }) {
  return [make("h2", { class: "unseen" }, `Security: ${LISTS[chosenList].title}`), make("nav", { class: "lists", "aria-label": "Security" }, Object.entries(LISTS).map(([list, { title }]) => make("a", {
    href: security.address({ list, q }), "data-key": `list-${list}`, "aria-current": list === chosenList ? "page" : null,
  }, title)))];
}

function bar(view, filter, list, isBlank, { change, again }) {
  const place = part(view, "bar", isBlank, () => make("div", { class: "bar" })).firstChild;
  part(place, "search", [filter.list, filter.by, isBlank], () => (isBlank ? null : searchField({
    key: "search", value: filter.q, onsearch: (q) => change({ q }), ...(filter.by && list.controls
      ? { label: "Search controls", hint: "Search title or id" } : { label: "Search tenants", hint: "Search name, domain or Organization" }),
  }))).firstChild?.fill(filter.q);
  part(place, "by", filter, () => (list.controls && !isBlank ? make("span", { class: "by", role: "group", "aria-label": "List by" },
    [["", "Tenants"], ["controls", "Controls"]].map(([by, label]) => make("button", {
      "data-key": `by-${by}`, "aria-pressed": String(filter.by === by && !filter.control), onclick: () => change({ ...NOTHING, by }),
    }, label))) : null));
  part(place, "edit", whyOff(), () => make("button", { class: "edit", "data-key": "thresholds", disabled: Boolean(whyOff()), title: whyOff(), onclick: guarded(() => editThresholds(again)) }, "Thresholds"));
}

/** What is known, the worst first; then what is not known, and why. */
export function ranked(list, items, filter) {
  const [known, unknown] = [items.filter(list.isKnown), items.filter((it) => !list.isKnown(it))];
  if (!items.length) return make("p", { class: "nothing quiet" }, "No tenant matches.");
  const heads = list.heads(filter);
  return [
    known.length ? make("section", { class: `card ranked ${filter.list}` }, listing(list.title, heads, known.map((row) => [tenant(row, list), ...list.cells(row, filter)]), { headed: true })) : null,
    unknown.length ? make("section", { class: "card ranked", "aria-label": "Not known" }, make("h3", {}, `Not known: ${counted(unknown.length, "tenant")}`),
      listing("Not known", ["Tenant", "Why"], unknown.map((row) => [tenant(row, list), list.why(row)]), { headed: true })) : null,
  ];
}

function tenant(row, list) {
  return make("div", {}, make("a", { href: list.href(row), "data-key": `tenant-${row.tenant_id}` }, named(row.name)),
    make("small", {}, named(row.organization.name || row.default_domain || row.tenant_id)));
}

function controls(list, all, { q }) {
  const text = q.toLocaleLowerCase();
  const items = all.filter((it) => [it.title, it.control].some((words) => words.toLocaleLowerCase().includes(text)));
  if (!items.length) return make("p", { class: "nothing quiet" }, "No control matches.");
  return make("section", { class: "card ranked" }, listing("Controls", list.controlHeads, items.map((it) => [
    make("div", {}, make("a", { href: security.address({ list: "baselines", control: it.control }), "data-key": `control-${it.control}` }, it.title), make("small", {}, it.control)), ...list.controlCells(it),
  ]), { headed: true }));
}

/** The control by which tenants are listed, and the way back to all of them. */
function chosen(control, { list }) {
  return make("div", { class: "chosen" }, make("h3", {}, control.title),
    make("p", { class: "quiet" }, `${control.control}, severity ${control.severity}. `, make("a", { href: security.address({ list, by: "controls" }), "data-key": "all-controls" }, "All controls")));
}

function blank() {
  return make("div", { class: "card blank" }, make("h3", {}, "No tenant is mapped yet"),
    make("p", { class: "quiet" }, "Security is read from tenants that are mapped to an Organization. Map a tenant in the menu of its row."),
    make("a", { href: "#" }, "Go to Integrations"));
}

function end(page, again) {
  return make("div", { class: "foot quiet" }, make("span", {}, `${page.items.length.toLocaleString()} of ${counted(page.first.total, "tenant")}`),
    make("button", { "data-key": "more", onclick: () => {
      shown.count = page.items.length + MORE;
      again();
    } }, "Load more"));
}

function save(filter, list) {
  return exportCsv(`microsoft-${filter.list}`, [...TENANT, ...list.columns(filter)], () => read(filter, Infinity));
}

const TENANT = [["Microsoft Tenant", (row) => row.name], ["Tenant id", (row) => row.tenant_id], ["Default domain", (row) => row.default_domain], ["Organization", (row) => row.organization.name]];
