// The assets of an Organization: whose each is, which device it is at Microsoft and why, and what can be decided about it.

import { backToTable } from "./address.js";
import { ask, at } from "./api.js";
import { readAssets, readPeople } from "./assetread.js";
import { KINDS, assignedHow, evidenceOf, findingsOf, isInUse, questionOf, sureness } from "./assetwords.js";
import { chooseDevice, chooseEndUser, unlink } from "./assigning.js";
import { heldBack, whyOff } from "./caller.js";
import { guarded } from "./dialog.js";
import { counted, frame, make, named, note, part } from "./dom.js";
import { linkList, helpLinks } from "./links.js";
import { listing } from "./listing.js";
import { dots, menuButton } from "./menu.js";
import { organizationWays } from "./organization.js";
import { searchField } from "./search.js";
import { ago } from "./times.js";
import { countChips } from "./toolbar.js";
import { planNote } from "./trouble.js";

const FIRST = 50;
const MORE = 200;
const FRESH = { q: "", only: "", count: FIRST };
const state = { organization: "", ...FRESH };
const ONLY = {
  conflict: ["in conflict", "red", (it) => Boolean(it.linking?.review?.is_conflict)],
  review: ["to review", "orange", (it) => Boolean(it.linking?.review && !it.linking.review.is_conflict)],
  nobody: ["without End User", "grey", (it) => isInUse(it) && !it.assigned_end_user_id],
  none: ["without device", "grey", (it) => isInUse(it) && !it.linking?.link],
  unused: ["archived or gone", "grey", (it) => !isInUse(it)],
};

export async function showAssets(id, again, current) {
  if (state.organization !== id) Object.assign(state, FRESH, { organization: id });
  const [organization, page, people] = await Promise.all([ask("GET", at`/organizations/${id}`), readAssets(id), readPeople(id)]);
  if (!(await current())) return false;
  const view = frame(`organization-${id}/assets`);
  const change = (wanted) => {
    Object.assign(state, { count: FIRST }, wanted);
    return again();
  };
  const names = new Map(people.items.map((it) => [it.id, it.name]));
  const found = page.items.filter((it) => fits(it, names, state.q.toLocaleLowerCase()));
  const listed = found.filter(state.only ? ONLY[state.only][2] : isInUse);
  const inUse = page.items.filter(isInUse);
  part(view, "top", "always", () => backToTable());
  part(view, "ways", "always", () => organizationWays(id, "assets"));
  part(view, "plan", heldBack(), () => planNote(heldBack()));
  part(view, "head", [organization.name, inUse.length, inUse.filter((it) => it.assigned_end_user_id).length, page.more], () => head(organization, inUse, page));
  const isUncompared = inUse.length > 0 && inUse.every((it) => !it.linking);
  part(view, "uncompared", isUncompared, () => (isUncompared ? uncompared() : null));
  const bar = part(view, "bar", "made once", () => make("div", { class: "bar unfolded" })).firstChild;
  part(bar, "search", "made once", () => searchField({ key: "search-assets", label: "Search assets", hint: "Search name, serial number or End User", value: state.q, onsearch: (q) => change({ q }) }));
  const chips = Object.entries(ONLY).map(([name, [label, colour, holds]]) => ({ name, number: found.filter(holds).length, label, colour }));
  part(view, "counts", [chips, state.only], () => make("div", { class: "counts" }, countChips("Assets by what is to do", chips, state.only, (only) => change({ only }))));
  part(view, "assets", [listed, state, [...names], heldBack()], () => assets(listed, names, again, change));
  return false;
}

function head({ name }, inUse, { more, items }) {
  const assigned = inUse.filter((it) => it.assigned_end_user_id).length;
  return make("div", { class: "chosen" }, make("h2", {}, "Assets of ", named(name)),
    make("p", { class: "quiet" }, inUse.length ? `${assigned.toLocaleString()} of ${counted(inUse.length, "asset")} assigned to an End User` : "No assets in use", more ? `; the first ${items.length.toLocaleString()} are searched and listed here.` : "."),
    linkList(helpLinks("assets")));
}

/** Nothing is compared with any device yet: what that needs. */
function uncompared() {
  return note("grey", "These assets are not compared with devices yet.", "That needs a Microsoft tenant that is mapped to this Organization and was synced. Map it in the menu of its row, or wait for its first sync to finish.", make("a", { href: "#" }, "Go to Integrations"));
}

function fits({ name, serial, bios_serial: biosSerial, external_id: externalId, assigned_end_user_id: endUser, linking }, names, wanted) {
  const searched = [name, serial, biosSerial, externalId, names.get(endUser), linking?.link?.device?.name];
  return searched.some((text) => (text ?? "").toLocaleLowerCase().includes(wanted));
}

function assets(items, names, again, change) {
  if (!items.length) return make("p", { class: "nothing quiet" }, state.q || state.only ? "No asset matches." : "This Organization has no assets in use. Your portal sends them.");
  const shown = items.slice(0, state.count);
  const heads = ["Asset", "End User", "Device at Microsoft", "Linked by", "Since", ...(whyOff() ? [] : [""])];
  return [make("section", { class: "card ranked owned", "aria-label": "Assets" }, listing("Assets", heads, shown.map((it) => [
    make("div", {}, make("a", { href: `#asset=${it.id}`, "data-key": `asset-${it.id}` }, named(it.name)), make("small", {}, [KINDS[it.kind] ?? it.kind, it.serial ?? it.bios_serial].filter(Boolean).join(", "))),
    endUserCell(it, names), deviceCell(it), ...linkCells(it), ...(whyOff() ? [] : [menu(it, again)]),
  ]), { headed: true })),
  make("div", { class: "foot quiet" }, make("span", {}, shown.length < items.length ? `${shown.length} of ${counted(items.length, "asset")}` : counted(items.length, "asset")),
    shown.length < items.length ? make("button", { "data-key": "more", onclick: () => change({ count: shown.length + MORE }) }, "Load more") : null)];
}

function endUserCell(asset, names) {
  const { assigned_end_user_id: id, linking } = asset;
  if (id) return make("div", {}, make("a", { href: `#end-user=${id}`, "data-key": `end-user-${asset.id}` }, named(names.get(id) ?? "End User of another Organization")), make("small", {}, ...assignedHow(asset)), findingsOf(asset));
  const reason = linking?.reason;
  return make("div", {}, make("span", { class: "mark grey" }, "Nobody"), reason ? make("small", {}, reason.detail, " ", reason.remedy) : null);
}

function deviceCell({ id, linking }) {
  if (!linking) return "";
  const { link, review } = linking;
  const asked = review ? make("div", {}, make("a", { class: `mark ${questionOf(review.kind)[2]}`, href: `#asset=${id}`, "data-key": `review-${id}`, "aria-label": `Review: ${questionOf(review.kind)[0]}` }, questionOf(review.kind)[0])) : null;
  if (!link) return asked ?? make("span", { class: "mark grey" }, "None");
  return make("div", {}, link.device ? named(link.device.name) : make("span", { class: "mark grey" }, "gone at Microsoft"),
    link.device && link.stale_since ? make("small", {}, "retired or gone ", ago(link.stale_since)) : null, link.person ? make("small", {}, "used by ", named(link.person.name)) : null, asked);
}

function linkCells({ linking }) {
  const link = linking?.link;
  if (!link) return ["", ""];
  return [make("div", {}, ...evidenceOf(link), make("small", {}, ...sureness(link))), ago(link.since)];
}

function menu(asset, again) {
  return menuButton({ label: dots(), title: `Actions for ${asset.name}`, key: `menu-${asset.id}`, style: "dots", entries: () => [
    { label: "Choose the End User", run: guarded(() => chooseEndUser(asset, again)) },
    ...(asset.linking && isInUse(asset) ? [{ label: asset.linking.link ? "Link with another device" : "Link with a device", run: guarded(() => chooseDevice(asset, again)) }] : []),
    ...(asset.linking?.link ? [{ label: "Undo the link", run: guarded(() => unlink(asset, again)) }] : []),
  ] });
}
