// Which Microsoft user is which End User: all links of a tenant, searchable, each with its way out.

import { sectionAddress } from "./address.js";
import { ask, askRows, at } from "./api.js";
import { heldBack, whyOff } from "./caller.js";
import { guarded } from "./dialog.js";
import { counted, frame, make, named, part } from "./dom.js";
import { listing } from "./listing.js";
import { notify } from "./notices.js";
import { searchField } from "./search.js";
import { LINKED_BY, reason } from "./syncwords.js";
import { ago } from "./times.js";

const FIRST = 50;
const MORE = 200;
const ONLY = { "": "All", active: "Active", inactive: "Inactive", gone: "Gone at Microsoft", undone: "Undone" };
const FRESH = { q: "", only: "", count: FIRST };
const state = { tenant: "", ...FRESH };

export async function showLinks(id, again, current) {
  if (state.tenant !== id) Object.assign(state, FRESH, { tenant: id });
  const [details, page] = await Promise.all([ask("GET", at`/tenants/${id}`), askRows(at`/tenants/${id}/user-sync/links`, { q: state.q, only: state.only }, state.count)]);
  if (!(await current())) return false;
  const view = frame(`user-sync-${id}/links`);
  const change = (wanted) => {
    Object.assign(state, { count: FIRST }, wanted);
    return again();
  };
  part(view, "top", "always", () => make("p", { class: "back" }, make("a", { href: sectionAddress(id, "user-sync") }, "\u2190 ", named(details.tenant.name)), make("a", { href: `#user-sync=${id}` }, "Settings"), make("a", { href: `#user-sync=${id}/queue` }, "To decide")));
  part(view, "head", details.tenant.name, () => make("div", { class: "chosen" }, make("h2", {}, "Links of ", named(details.tenant.name)),
    make("p", { class: "quiet" }, "A link goes by the id of the Microsoft account, so that it stays when a name or an address changes. One that you undo is not made again by the sync, and its End User stays as it is.")));
  const bar = part(view, "bar", "made once", () => make("div", { class: "bar unfolded" })).firstChild;
  part(bar, "search", "made once", () => searchField({ key: "search-links", label: "Search links", hint: "Search name or user name", value: state.q, onsearch: (q) => change({ q }) }));
  part(bar, "only", state.only, () => onlyField(change));
  part(view, "links", [page.items, page.more, page.first.total, heldBack()], () => links(id, page, again, change));
  return false;
}

function onlyField(change) {
  const field = make("select", { "data-key": "only-links", "aria-label": "Which links", onchange: () => change({ only: field.value }) },
    Object.entries(ONLY).map(([value, label]) => make("option", { value }, label)));
  field.value = state.only;
  return field;
}

function links(id, { items, more, first }, again, change) {
  if (!items.length) return make("p", { class: "nothing quiet" }, state.q || state.only ? "No link matches." : "There are no links yet. The first sync makes them.");
  return [make("section", { class: "card ranked linked", "aria-label": "Links" },
    listing("Links", ["Microsoft user", "End User", "Linked by", "Since", "State", ""], items.map((it) => [
      make("div", {}, named(it.name ?? it.object_id), it.username ? make("small", {}, named(it.username)) : null),
      it.end_user ? make("div", {}, make("a", { href: `#end-user=${it.end_user.id}`, "data-key": `end-user-${it.object_id}` }, named(it.end_user.name)), make("small", {}, named(it.end_user.organization_name))) : "",
      LINKED_BY[it.linked_by] ?? it.linked_by, ago(it.since), standing(it), it.end_user ? undoButton(id, it, again) : null,
    ]), { headed: true })),
  make("div", { class: "foot quiet" }, make("span", {}, more ? `${items.length} of ${counted(first.total, "link")}` : counted(items.length, "link")),
    more ? make("button", { "data-key": "more", onclick: () => change({ count: items.length + MORE }) }, "Load more") : null)];
}

function standing({ end_user: endUser, is_gone: isGone, inactive_because: because }) {
  if (!endUser) return make("span", { class: "mark grey" }, "undone");
  const gone = isGone ? make("small", {}, "gone at Microsoft") : null;
  if (endUser.is_active) return make("div", {}, make("span", { class: "mark green" }, "active"), gone);
  return make("div", {}, make("span", { class: "mark grey" }, "inactive"), because ? make("small", {}, reason(because)) : null, gone);
}

/** Undo a link with one click: it takes nothing away, and can be made again in the queue. */
export function undoButton(id, { object_id: objectId, name, username }, again) {
  const whom = name ?? username ?? objectId;
  return make("button", { class: "plain", "data-key": `undo-${objectId}`, disabled: Boolean(whyOff()), title: whyOff(), "aria-label": `Undo the link of ${whom}`, onclick: guarded(async () => {
    await ask("DELETE", at`/tenants/${id}/user-sync/links/${objectId}`);
    notify("green", `The link of ${whom} is undone.`, "The sync does not make it again. The End User stays as it is.");
    await again();
  }) }, "Undo");
}
