// Remove one integration or all: the effects first, a typed confirmation, then every step until the receipt.

import { backToTable } from "./address.js";
import { address, ask, at } from "./api.js";
import { learnCaller } from "./caller.js";
import { bullets, frame, icon, make, named, note, part, words } from "./dom.js";
import { open } from "./dialog.js";
import { instructions, leftovers } from "./leftovers.js";
import { receiptButton, showRemoved } from "./removed.js";
import { ago, exact } from "./times.js";
import { late, trouble } from "./trouble.js";

const STEP_COLOURS = { done: "green", skipped: "grey", running: "orange", waiting: "grey", failed: "red" };

export async function removeIntegration(id, name, label) {
  const told = await ask("GET", at`/integrations/${id}/removal-effects`);
  confirmRemoval(label, named(name), told, async (typed) => {
    const begun = await ask("DELETE", address(at`/integrations/${id}`, { confirm: typed }));
    follow([begun.removal_id]);
  });
}

export async function removeAll(label) {
  const told = await ask("GET", "/removal-effects");
  confirmRemoval(label, null, told, async (typed) => {
    const begun = await ask("DELETE", address("/integrations", { confirm: typed }));
    follow(begun.removal_ids ?? []);
  });
}

function confirmRemoval(label, name, told, remove) {
  const typed = make("input", { autocomplete: "off", spellcheck: "false", autofocus: true, oninput: () => { go.disabled = typed.value !== told.confirm; } });
  const byHand = told.by_hand ?? [];
  const [, go] = open(label, make("div", {},
    name ? make("p", {}, make("strong", {}, name)) : null,
    bullets(told.effects),
    byHand.length ? make("h3", {}, "Left to do by hand afterwards") : null, byHand.map(instructions),
    make("label", { class: "field" }, make("span", {}, "To confirm, type ", make("code", {}, told.confirm)), typed)),
  [
    { label: "Cancel" },
    { label, style: "danger", off: true, run: () => remove(typed.value) },
  ]);
}

function follow(ids) {
  location.hash = ids.length ? `removal=${ids.join(",")}` : "";
}

/** The view of removals, or the list of them all; true while one of them is under way. */
export async function showRemovals(ids, again, current) {
  if (ids === "all") return showRemoved(again, current);
  const paths = ids.split(",").map((id) => at`/removals/${id}`); // all of them before the first is asked
  const removals = await Promise.all(paths.map((path) => ask("GET", path)));
  await learnCaller();
  if (!(await current())) return false;
  const view = frame(`removal-${ids}`);
  part(view, "top", "always", () => [
    backToTable(" ", make("a", { href: "#removal=all" }, "All removals")), make("h2", {}, "Removal"),
  ]);
  for (const removal of removals) part(view, removal.id, removal, () => card(removal, again));
  return removals.some((it) => it.state === "removing");
}

function card(removal, again) {
  const { steps = [], receipt } = removal;
  const name = removal.name || "An integration that was removed";
  return make("section", { class: "card removal", "aria-label": name },
    make("h3", {}, named(name)), progress(removal),
    late(removal.overdue_since), removal.given_up ? trouble(removal.given_up) : null,
    leftovers(removal, again),
    make("ol", { class: "timeline" }, steps.map(step)),
    receipt ? receiptButton(removal.id, receipt.state, () => receipt) : null);
}

/** How far it is, in the tense of its state. */
function progress({ state, steps = [], verification_at: verification, verified_at: verified }) {
  if (state === "verified") return make("p", {}, "The removal is complete. It was verified ", ago(verified), ".");
  if (state === "removed") return make("p", {}, "The integration is removed. This will be verified ", ago(verification, "soon"), ".");
  const done = steps.filter((it) => it.state === "done" || it.state === "skipped").length;
  return make("label", { class: "progress" }, `Removing: step ${Math.min(done + 1, steps.length)} of ${steps.length}`, make("progress", { value: done, max: steps.length || 1 }));
}

function step(it) {
  const colour = STEP_COLOURS[it.state] ?? "grey";
  return make("li", { "aria-current": it.state === "running" ? "step" : null }, make("span", { class: `status ${colour}` }, icon(colour), it.label),
    make("span", { class: "quiet" }, ` ${words(it.state)}`, it.at ? [", ", ago(it.at)] : null), it.detail ? make("p", { title: it.at ? exact(it.at) : null }, it.detail) : null);
}
