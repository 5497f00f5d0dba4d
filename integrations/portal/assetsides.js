// A question about an asset: the asset on the left, the devices that it may be on the right, with what agrees and what differs.

import { KINDS, questionOf } from "./assetwords.js";
import { chooseEndUser, decisionButton, linkWith, unlink } from "./assigning.js";
import { make, named } from "./dom.js";
import { ago } from "./times.js";

const HOST_LENGTH = 15; // what Windows leaves of a longer name

/** What is compared: [label, of the asset, of the device, whether a difference matters, how it is compared]. */
const COMPARED = [
  ["Name", (it) => it.name, (it) => it.name, true, hostOf],
  ["Serial number", (it) => it.serial ?? it.bios_serial, (it) => it.serial, true, (text) => text.replaceAll(/[\s._-]/g, "")],
  ["Made by", (it) => it.manufacturer, (it) => it.manufacturer, false],
  ["Model", (it) => it.model, (it) => it.model, false],
  ["System", (it) => it.os, (it) => it.system, false],
];

/** The question with its answers; `done` is called after each. Nothing for an asset without an open question. */
export function question(asset, done, { isAlone = false } = {}) {
  const review = asset.linking?.review;
  if (!review) return null;
  const [label, text, colour] = questionOf(review.kind);
  const answers = [
    review.kind === "name_only" ? decisionButton("None of these", `none-${asset.id}`, () => unlink(asset, done)) : null,
    ...(review.kind === "person_in_other_organization" ? [decisionButton("Choose an End User", `choose-${asset.id}`, () => chooseEndUser(asset, done)), asset.linking.link ? decisionButton("Undo the link", `undo-${asset.id}`, () => unlink(asset, done)) : null] : []),
  ].filter(Boolean);
  return make("section", { class: "card question", "aria-label": `${asset.name}: ${label}` },
    make("h3", { tabindex: "-1" }, isAlone ? "To review" : make("a", { href: `#asset=${asset.id}`, "data-key": `question-${asset.id}` }, named(asset.name)), " ", make("span", { class: `mark ${colour}` }, label)),
    make("p", {}, text),
    review.rivals.length ? rivals(review) : null,
    review.kind === "person_in_other_organization" ? elsewhere(asset, review) : null,
    make("div", { class: "sides" }, assetSide(asset), devicesOf(asset).map((device) => deviceSide(asset, device, done))),
    answers.length ? make("div", { class: "bar" }, answers) : null);
}

/** Devices that it may be; the one that it is, where the question is about the person. */
function devicesOf({ linking: { review, link } }) {
  return review.candidates.length || !link?.device ? review.candidates : [link.device];
}

function rivals({ rivals: others }) {
  return make("p", {}, others.length === 1 ? "The other asset is " : "The other assets are ", ...others.flatMap((it, place) => [place ? ", " : "", make("a", { href: `#asset=${it.asset_id}`, "data-key": `rival-${it.asset_id}` }, named(it.name))]), ".");
}

function elsewhere({ linking }, { end_user: person }) {
  if (!person) return null;
  return make("p", {}, make("a", { href: `#end-user=${person.id}`, "data-key": `elsewhere-${person.id}` }, named(linking.link?.person?.name ?? person.name)), " is an End User of ", make("strong", {}, named(person.organization_name)),
    ". Move the asset or the End User in your portal, or choose an End User of this Organization.");
}

function assetSide(asset) {
  return side("Asset", [KINDS[asset.kind] ?? asset.kind], COMPARED.map(([label, ofAsset]) => [label, ofAsset(asset)]), [["Version", asset.os_version], ["Last seen", asset.last_seen_at ? ago(asset.last_seen_at) : null]]);
}

function deviceSide(asset, device, done) {
  const { review, link } = asset.linking;
  const rows = COMPARED.map(([label, ofAsset, ofDevice, matters, form]) => [label, ofDevice(device), agreement(ofAsset(asset), ofDevice(device), matters, form)]);
  const isLinked = link?.device_id === device.device_id;
  return side(isLinked ? "Linked device" : "Device", [], rows, [
    ["Version", device.system_version], ["Last seen", device.last_seen_at ? ago(device.last_seen_at) : null], ["Primary user", device.primary_user ? named(device.primary_user.name) : "nobody"],
  ], review.kind === "person_in_other_organization" ? null : decisionButton("This is the device", `link-${asset.id}-${device.device_id}`, () => linkWith(asset, device.device_id, done), { "aria-label": `This is the device: ${device.name}${device.serial ? `, ${device.serial}` : ""}` }));
}

/** Whether both say the same; nothing where one of them says nothing. */
function agreement(one, other, matters, form = (text) => text) {
  if (!one || !other) return null;
  const isEqual = form(one.trim().toLocaleLowerCase()) === form(other.trim().toLocaleLowerCase());
  return make("span", { class: `mark ${isEqual ? "green" : matters ? "orange" : "grey"}` }, isEqual ? "agrees" : "differs");
}

/** The name of a computer without its domain, as far as Windows keeps it. */
function hostOf(name) {
  return name.split(".", 1)[0].slice(0, HOST_LENGTH);
}

function side(title, marks, compared, more, button = null) {
  const shown = [...compared, ...more].filter(([, value]) => value);
  return make("div", { class: "side" }, make("h4", {}, title), make("p", { class: "quiet" }, ...marks.filter(Boolean)),
    make("dl", {}, shown.flatMap(([label, value, mark]) => [make("dt", {}, label), make("dd", {}, typeof value === "string" ? named(value) : value, mark ?? null)])), button);
}
