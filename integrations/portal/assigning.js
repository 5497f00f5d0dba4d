// Decisions about an asset: whom it belongs to, and which device it is. What they change is told, and can be changed back.

import { ask, askRows, at } from "./api.js";
import { decided, readPeople } from "./assetread.js";
import { makeOf } from "./assetwords.js";
import { whyOff } from "./caller.js";
import { guarded, open } from "./dialog.js";
import { make, named } from "./dom.js";
import { notify } from "./notices.js";

const SHOWN = 60;
const MOST_DEVICES = 20000;

/** A button that decides something; nobody sees it who may only look. */
export function decisionButton(label, key, run, more = {}) {
  return whyOff() ? null : make("button", { "data-key": key, ...more, onclick: guarded(run) }, label);
}

/** Choose whom an asset belongs to: one of its Organization, nobody, or whomever Microsoft names. */
export async function chooseEndUser(asset, again) {
  const everybody = await readPeople(asset.organization_id);
  const person = asset.linking?.link?.person;
  const isByHand = asset.assigned_by === "manual";
  const fixed = [
    { key: "automatic", label: "As Microsoft says", hint: person ? ["at present ", named(person.name)] : ["at present Microsoft names nobody, so nothing changes"], value: { is_automatic: true }, isChosen: !isByHand },
    { key: "nobody", label: "Nobody", hint: ["the asset is not assigned by itself either"], value: { end_user_id: null }, isChosen: isByHand && !asset.assigned_end_user_id },
  ];
  const people = everybody.items.map((it) => ({
    key: it.id, label: it.name, hint: [[it.mail, it.is_active ? "" : "inactive"].filter(Boolean).join(", ")], value: { end_user_id: it.id }, isChosen: isByHand && asset.assigned_end_user_id === it.id,
  }));
  choose({
    title: ["End User of ", named(asset.name)], hint: "Search End Users", fixed, choices: people, label: "Save",
    run: async (value) => {
      await ask("PUT", at`/assets/${asset.id}/end-user`, value);
      decided();
      notify("green", told(asset, value, everybody.items), value.is_automatic ? "Its End User follows the device in a moment, if Microsoft names somebody." : "No sync changes that, until you let it follow Microsoft again.");
      await again();
    },
  });
}

function told({ name }, { is_automatic: isAutomatic, end_user_id: endUser }, people) {
  if (isAutomatic) return [named(name), " follows Microsoft again."];
  return endUser ? [named(name), " belongs to ", named(people.find((it) => it.id === endUser)?.name ?? endUser), "."] : [named(name), " belongs to nobody."];
}

/** Choose the device that an asset is, among all of its tenant. */
export async function chooseDevice(asset, again) {
  const devices = await askRows(at`/tenants/${asset.linking.tenant_id}/devices`, {}, MOST_DEVICES);
  const linkedTo = asset.linking.link?.device_id;
  choose({
    title: ["Device of ", named(asset.name)], hint: "Search devices", fixed: [], label: "Link",
    choices: devices.items.map((it) => ({ key: it.id, label: it.name, hint: [[makeOf(it), it.system].filter(Boolean).join(", ")], value: it.id, isChosen: it.id === linkedTo })),
    run: (deviceId) => linkWith(asset, deviceId, again),
  });
}

/** This is the device, as somebody says. */
export async function linkWith({ id, name }, deviceId, again) {
  await ask("PUT", at`/assets/${id}/link`, { device_id: deviceId });
  decided();
  notify("green", [named(name), " is linked with this device."], "Its End User follows in a moment. No sync changes the link.");
  await again();
}

/** The link, or the device that is proposed, is wrong; the asset's End User stays. */
export async function unlink({ id, name, linking }, again) {
  await ask("DELETE", at`/assets/${id}/link`);
  decided();
  notify("green", linking.link ? ["The link of ", named(name), " is undone."] : ["No device is proposed for ", named(name), " any more."],
    linking.link ? "The sync does not make it again. Whom the asset belongs to stays as it is." : "If the device joins or is enrolled later, link it by hand.");
  await again();
}

/** A dialog to choose one of many; `fixed` ones come first, whatever is searched for. */
function choose({ title, hint, fixed, choices, label, run }) {
  let chosen = [...fixed, ...choices].find((it) => it.isChosen) ?? null;
  const group = make("div", { class: "choices", role: "radiogroup", "aria-label": hint });
  const count = make("p", { class: "quiet", role: "status" });
  const box = (it) => make("label", {}, make("input", { type: "radio", name: "choice", checked: chosen?.key === it.key, onchange: () => {
    chosen = it;
    save.disabled = false;
  } }), make("span", {}, named(it.label), make("small", {}, ...it.hint)));
  const draw = (text) => {
    const sought = text.trim().toLocaleLowerCase();
    const found = choices.filter((it) => [it.label, ...it.hint].some((words) => typeof words === "string" && words.toLocaleLowerCase().includes(sought)));
    group.replaceChildren(...[...fixed, ...found.slice(0, SHOWN)].map(box));
    count.textContent = found.length > SHOWN ? `${found.length.toLocaleString()} found. The first ${SHOWN} are shown; type more to narrow the search.` : `${found.length.toLocaleString()} found.`;
  };
  const [, save] = open(title, make("div", {}, make("label", { class: "field" }, hint, make("input", { type: "search", autofocus: true, oninput: ({ target }) => draw(target.value) })), count, group), [
    { label: "Cancel" },
    { label, style: "main", off: true, run: () => run(chosen.value) },
  ]);
  draw("");
}
