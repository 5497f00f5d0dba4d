// One asset: what the portal knows of it, whose it is and was, which device it is at Microsoft, and how all of that came about.

import { sectionAddress } from "./address.js";
import { ask, at } from "./api.js";
import { readPeople } from "./assetread.js";
import { question } from "./assetsides.js";
import { KINDS, assignedHow, evidenceOf, findingsOf, isInUse, makeOf, sureness, systemOf } from "./assetwords.js";
import { chooseDevice, chooseEndUser, decisionButton, unlink } from "./assigning.js";
import { heldBack } from "./caller.js";
import { facts, frame, make, named, note, part } from "./dom.js";
import { linkList } from "./links.js";
import { listing } from "./listing.js";
import { ago, day } from "./times.js";
import { planNote } from "./trouble.js";

const SENT = { serial: "Serial number", bios_serial: "Serial number in the firmware", entra_device_id: "Entra device id", intune_device_id: "Intune device id" };
/** Where a remedy leads, by the reason's name: [label, address of a tenant]. */
const WAYS = {
  person_without_end_user: ["User sync of the tenant", (id) => sectionAddress(id, "user-sync")],
  intune_not_read: ["Sync Status of the tenant", (id) => `#tenant=${id}`],
  person_not_verified: ["Sync Status of the tenant", (id) => `#tenant=${id}`],
};

export async function showAsset(id, again, current) {
  const asset = await ask("GET", at`/assets/${id}`);
  const [organization, people] = await Promise.all([ask("GET", at`/organizations/${asset.organization_id}`), readPeople(asset.organization_id)]);
  if (!(await current())) return false;
  const view = frame(`asset-${id}`);
  const names = new Map(people.items.map((it) => [it.id, it.name]));
  part(view, "top", organization, () => make("p", { class: "back" }, make("a", { href: `#organization=${organization.id}/assets` }, "\u2190 Assets of ", named(organization.name))));
  part(view, "plan", heldBack(), () => planNote(heldBack()));
  part(view, "asset", asset, () => known(asset));
  part(view, "review", [asset, heldBack()], () => question(asset, again, { isAlone: true }));
  const [left, right] = part(view, "columns", "made once", () => make("div", { class: "halves" }, make("div", {}), make("div", {}))).firstChild.children;
  part(left, "end-user", [asset, [...names], heldBack()], () => endUser(asset, names, again));
  part(right, "device", [asset, heldBack()], () => device(asset, again));
  part(left, "history", [asset.former_assignments, [...names]], () => history(asset, names));
  part(right, "ways", asset.linking?.tenant_id, () => (asset.linking ? microsoft(asset.linking.tenant_id) : null));
  return false;
}

function known(asset) {
  const state = asset.gone_at ? ["gone", ["no longer sent by the portal since ", ago(asset.gone_at)]] : asset.is_archived ? ["archived", []] : null;
  return make("section", { class: "card head", "aria-label": "Asset" },
    make("div", { class: "title" }, make("div", {}, make("h2", {}, named(asset.name)), make("p", { class: "quiet" }, KINDS[asset.kind] ?? asset.kind, asset.is_shared ? ", used by several people" : ""), state ? make("p", {}, make("span", { class: "mark grey" }, state[0]), " ", ...state[1]) : null)),
    facts([
      ...Object.entries(SENT).map(([field, label]) => [label, asset[field] ? make("code", {}, asset[field]) : null]),
      ["Made by", makeOf(asset) ? named(makeOf(asset)) : null], ["System", [asset.os, asset.os_version].filter(Boolean).join(" ")],
      ["Network addresses", asset.mac_addresses.join(", ")], ["Last seen", asset.last_seen_at ? ago(asset.last_seen_at) : null],
      ["Id in the portal", named(asset.external_id)], ["Last change", ago(asset.changed_at)],
    ]));
}

function endUser(asset, names, again) {
  const { assigned_end_user_id: id, assigned_by: by, linking } = asset;
  const reason = id ? null : linking?.reason;
  const way = reason && WAYS[reason.code];
  return make("section", { class: "card", "aria-label": "End User" }, make("h3", {}, "End User"),
    id ? make("p", { class: "headline" }, make("a", { href: `#end-user=${id}`, "data-key": "end-user" }, named(names.get(id) ?? "End User of another Organization"))) : make("p", {}, make("span", { class: "mark grey" }, "Nobody")),
    by ? make("p", { class: "quiet" }, "Assigned ", ...assignedHow(asset), ".") : null,
    findingsOf(asset).map((it) => make("p", {}, it)),
    reason ? note("grey", reason.detail, reason.remedy, way ? make("a", { href: way[1](linking.tenant_id), "data-key": "way" }, way[0]) : null) : null,
    make("div", { class: "bar" }, decisionButton("Choose the End User", "choose-end-user", () => chooseEndUser(asset, again))));
}

function device(asset, again) {
  const { linking } = asset;
  const link = linking?.link;
  return make("section", { class: "card", "aria-label": "Device at Microsoft" }, make("h3", {}, "Device at Microsoft"),
    link ? linked(link) : make("p", {}, linking ? make("span", { class: "mark grey" }, "None") : make("span", { class: "quiet" }, isInUse(asset) ? "Not compared with devices yet. That needs a mapped tenant that was synced." : "An asset that is not in use is not linked.")),
    linking && isInUse(asset) ? make("div", { class: "bar" },
      link ? decisionButton("Undo the link", "undo", () => unlink(asset, again)) : null,
      decisionButton(link ? "Link with another device" : "Link with a device", "choose-device", () => chooseDevice(asset, again))) : null,
    link ? make("p", { class: "quiet" }, "A link that you undo is not made again by the sync. Whom the asset belongs to stays as it is.") : null);
}

function linked(link) {
  const { device: it, person, stale_ids: stale } = link;
  return make("div", {}, make("p", { class: "headline" }, it ? named(it.name) : make("span", { class: "mark grey" }, "Gone at Microsoft")),
    facts([
      ["Linked by", evidenceOf(link)], ["How sure", sureness(link).length ? sureness(link) : null], ["Since", ago(link.since)],
      ["Used by", person ? [named(person.name), person.username ? make("small", { class: "quiet" }, " ", named(person.username)) : ""] : "nobody whom Microsoft knows"],
      ["Serial number", it?.serial ? make("code", {}, it.serial) : null], ["Made by", it && makeOf(it) ? named(makeOf(it)) : null], ["System", it ? systemOf(it) : null],
      ["Last seen", it?.last_seen_at ? ago(it.last_seen_at) : null], ["Retired or gone", link.stale_since ? ago(link.stale_since) : null],
      ["Older records", stale.length ? stale.flatMap((id, place) => [place ? ", " : "", make("code", {}, id)]) : null],
    ]));
}

function history({ former_assignments: former }, names) {
  if (!former.length) return null;
  return make("section", { class: "card", "aria-label": "Earlier End Users" }, make("h3", {}, "Earlier End Users"), listing("Earlier End Users", ["End User", "Assigned", "From", "Until"], former.map((it) => [
    it.end_user_id ? named(names.get(it.end_user_id) ?? it.end_user_id) : "Nobody", it.by === "manual" ? "by hand" : "as Microsoft says", day(it.since), day(it.until),
  ]), { headed: true }));
}

/** Where a primary user is set, and a device is joined or retired. */
function microsoft(tenantId) {
  const id = encodeURIComponent(tenantId);
  return make("section", { class: "card", "aria-label": "At Microsoft" }, make("h3", {}, "At Microsoft"), linkList([
    ["Intune admin center, all devices", `https://intune.microsoft.com/${id}/#view/Microsoft_Intune_DeviceSettings/DevicesMenu/~/allDevices`],
    ["Entra admin center, all devices", `https://entra.microsoft.com/${id}/#view/Microsoft_AAD_Devices/DevicesMenuBlade/~/Devices/menuId/Overview`],
  ]));
}
