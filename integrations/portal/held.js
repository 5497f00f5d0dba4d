// A plan that waits for somebody: why, what it would change, and the one button that lets it go on.

import { ask, at } from "./api.js";
import { whyOff } from "./caller.js";
import { guarded } from "./dialog.js";
import { counted, make, note } from "./dom.js";
import { notify } from "./notices.js";
import { planned, why } from "./preview.js";
import { holdsOf, totalOf } from "./syncwords.js";
import { ago } from "./times.js";

const PASSED = { plan_changed: "The plan has changed meanwhile. Look at it again.", not_held: "Nothing is held any more." };

export function heldParts(id, { since, reasons, plan }, again) {
  const [first, ...more] = holdsOf(plan, reasons);
  const off = whyOff();
  return [
    note("orange", first, "", ...more.map((it) => make("p", {}, it)), why(plan.inactivated),
      make("p", {}, "Held for review since ", ago(since), ". Until you decide, no End User changes. Everything else is synced.")),
    planned(plan, { isHeld: true }),
    make("div", { class: "bar" }, make("button", {
      class: "main", "data-key": "release", disabled: Boolean(off), title: off, onclick: guarded(() => release(id, plan, again)),
    }, label(plan)), make("button", { "data-key": "edit-filters", onclick: () => { location.hash = `user-sync=${id}`; } }, "Edit the filters"),
    make("span", { class: "quiet" }, "If this is not what you want, edit the filters, or correct the users at Microsoft. The next sync looks again.")),
  ];
}

function label({ harmful, counts }) {
  return harmful ? `Release ${counted(harmful, "change")}` : `Release ${counted(totalOf(counts), "change")}`;
}

async function release(id, plan, again) {
  try {
    await ask("POST", at`/tenants/${id}/user-sync/release`, { plan_hash: plan.plan_hash });
    notify("green", "The changes are released.", "They are made in a moment.");
  } catch (error) {
    if (!PASSED[error.code]) throw error;
    notify("orange", PASSED[error.code], "");
  }
  await again();
}
