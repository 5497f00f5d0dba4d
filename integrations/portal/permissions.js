// What a tenant has not granted us, what is not known without it, and how it is granted.

import { make, note } from "./dom.js";

/** A note; nothing while everything is granted. */
export function permissionsNote(missing) {
  if (!missing) return null;
  const { items, remedy } = missing;
  const features = [...new Set(items.map((it) => it.feature ?? "syncs"))].join(" and ");
  return note("grey", `${items.length} more permission${items.length === 1 ? "" : "s"}, for ${features}`, remedy,
    make("details", {}, make("summary", { "data-key": "permissions" }, "Which, and what for"),
      make("ul", { class: "lines" }, items.map((it) => make("li", {}, make("code", {}, it.name), `: ${it.reason}`)))));
}
