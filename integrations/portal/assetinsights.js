// Assets across tenants: how many have an End User and what is to decide, the worst tenant first.

import { assets as addresses, sectionAddress } from "./address.js";
import { askRows } from "./api.js";
import { exportCsv } from "./csv.js";
import { counted, frame, make, part, say, stylesheet } from "./dom.js";
import { ranked } from "./insights.js";
import { helpLinks, linkList } from "./links.js";
import { searchField } from "./search.js";
import { ago } from "./times.js";
import { countChips, found } from "./toolbar.js";

const FIRST = 100;
const MORE = 400;
const shown = { filter: "", count: FIRST };
const CHIPS = { review: ["with assets to review", "orange"], unassigned: ["with assets without End User", "orange"], unmanaged: ["with computers that are no asset", "grey"], unknown: ["not known", "grey"] };

/** As the lists of Security describe themselves. */
const LIST = {
  title: "Assets",
  href: ({ tenant_id: id }) => sectionAddress(id, "assets"),
  isKnown: ({ counts }) => counts !== null,
  why: ({ is_failing: isFailing }) => (isFailing ? "Assets could not be compared with devices. We try again automatically." : "Not compared yet. This happens automatically after the first sync, once your portal has sent assets."),
  heads: () => ["Tenant", "To review", "Without End User", "Linked", "Not an asset", "Why without End User", "As of"],
  cells: ({ counts, reasons, as_of: asOf, is_failing: isFailing }) => [
    toReview(counts), share(counts), number(counts.linked), number(counts.unmanaged), whyNobody(reasons), make("div", {}, ago(asOf), isFailing ? make("small", {}, "not up to date; we try again automatically") : null),
  ],
};

const COLUMNS = [
  ["Microsoft Tenant", (row) => row.name], ["Tenant id", (row) => row.tenant_id], ["Default domain", (row) => row.default_domain], ["Organization", (row) => row.organization.name],
  ["Assets", (row) => row.counts?.assets], ["Assigned", (row) => row.counts?.assigned], ["Linked", (row) => row.counts?.linked], ["To review", (row) => row.counts?.review], ["In conflict", (row) => row.counts?.conflicts], ["Computers that are no asset", (row) => row.counts?.unmanaged],
  ["Why without End User", (row) => row.reasons.map((it) => `${it.count}: ${it.detail}`).join("; ")], ["What to do", (row) => row.reasons.map((it) => it.remedy).join("; ")], ["As of", (row) => row.as_of],
];

export async function showAssetInsights(again, current) {
  const filter = addresses.filter();
  if (shown.filter !== JSON.stringify(filter)) Object.assign(shown, { filter: JSON.stringify(filter), count: FIRST });
  const [page] = await Promise.all([read(filter, shown.count), ...["insights.css", "assets.css"].map(stylesheet)]);
  if (!(await current())) return;
  const view = frame("assets");
  const { counts, total } = page.first;
  const isBlank = counts.tenants === 0;
  const change = async (wanted) => {
    addresses.change(wanted);
    await again();
    say(counted(document.querySelectorAll("#view .ranked tbody tr").length, "row"));
  };
  part(view, "head", "always", () => [make("h2", { class: "unseen" }, "Assets"), make("p", { class: "quiet intro" }, "Assets are linked with devices by serial number and ids, and follow their person at Microsoft. Tenants with most to review come first."), linkList(helpLinks("assets"))]);
  const bar = part(view, "bar", isBlank, () => make("div", { class: "bar" })).firstChild;
  part(bar, "search", isBlank, () => (isBlank ? null : searchField({ key: "search", label: "Search tenants", hint: "Search name, domain or Organization", value: filter.q, onsearch: (q) => change({ q }) }))).firstChild?.fill(filter.q);
  const chips = Object.entries(CHIPS).map(([name, [label, colour]]) => ({ name, number: counts[name], label, colour }));
  part(view, "counts", [filter, counts, total], () => (isBlank ? null : make("div", { class: "counts" }, countChips("Tenants that need attention", chips, filter.only, (only) => change({ only })),
    ...found(total, Boolean(filter.q || filter.only), { clear: () => change({ q: "", only: "" }), save: () => exportCsv("microsoft-assets", COLUMNS, () => read(filter, Infinity)) }))));
  part(view, "blank", isBlank, () => (isBlank ? blank() : null));
  part(view, "ranked", page.items, () => (isBlank ? null : ranked(LIST, page.items, { list: "assets" })));
  part(view, "end", [page.more, page.items.length, total], () => (page.more ? end(page, again) : null));
}

function read({ q, only }, most) {
  return askRows("/insights/assets", { q, only }, most);
}

function toReview({ review, conflicts }) {
  if (!review && !conflicts) return number(0);
  return make("div", {}, make("span", { class: `mark ${conflicts ? "red" : "orange"}` }, (review + conflicts).toLocaleString()), conflicts ? make("small", {}, `${conflicts.toLocaleString()} in conflict`) : null);
}

function share({ assets, assigned }) {
  if (!assets) return make("span", { class: "quiet" }, "no assets");
  return make("span", { class: `mark ${assigned < assets ? "orange" : "green"}` }, `${(assets - assigned).toLocaleString()} of ${assets.toLocaleString()}`);
}

function whyNobody([first, ...more]) {
  if (!first) return "";
  const told = (it) => [`${it.count.toLocaleString()}: ${it.detail}`, make("small", {}, it.remedy)];
  return make("div", {}, ...told(first), more.length ? make("details", {}, make("summary", {}, counted(more.length, "more reason")), make("ul", { class: "lines" }, more.map((it) => make("li", {}, ...told(it))))) : null);
}

function number(count) {
  return make("span", { class: count ? null : "quiet" }, count.toLocaleString());
}

function blank() {
  return make("div", { class: "card blank" }, make("h3", {}, "No tenant is mapped yet"),
    make("p", { class: "quiet" }, "Assets are compared with the devices of tenants that are mapped to an Organization. Map a tenant in the menu of its row."), make("a", { href: "#" }, "Go to Integrations"));
}

function end({ items, first }, again) {
  return make("div", { class: "foot quiet" }, make("span", {}, `${items.length.toLocaleString()} of ${counted(first.total, "tenant")}`), make("button", { "data-key": "more", onclick: () => {
    shown.count = items.length + MORE;
    again();
  } }, "Load more"));
}
