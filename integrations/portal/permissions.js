// What a tenant has not granted us, what is not known without it, and how it is granted.

import { whyOff } from "./caller.js";
import { guarded } from "./dialog.js";
import { counted, make, note } from "./dom.js";
import { changeSettings } from "./settings.js";

/** A note; nothing while everything is granted. */
export function permissionsNote(missing, again) {
  if (!missing) return null;
  const { items, remedy, turn_on: features = [] } = missing;
  const needing = [...new Set(items.map((it) => it.feature ?? "syncs"))].join(" and ");
  return note("grey", `${counted(items.length, "more permission")}, for ${needing}`, remedy,
    ...features.map((feature) => make("button", { "data-key": `turn-on-${feature}`, disabled: Boolean(whyOff()), title: whyOff(), onclick: guarded(() => turnOn(feature, again)) }, `Turn on ${feature}`)),
    make("details", {}, make("summary", { "data-key": "permissions" }, "Which, and what for"),
      make("ul", { class: "lines" }, items.map((it) => make("li", {}, make("code", {}, it.name), `: ${it.reason}`)))));
}

async function turnOn(feature, again) {
  await changeSettings(({ features }) => ({ features: [...new Set([...features, feature])] }));
  await again();
}
