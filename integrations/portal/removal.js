// Remove one integration or all: the effects first, a typed confirmation, then every step until the receipt.

import { address, ask, at } from "./api.js";
import { bullets, frame, icon, make, named, note, part, words } from "./dom.js";
import { open } from "./dialog.js";
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
  const [, go] = open(label, make("div", {},
    name ? make("p", {}, make("strong", {}, name)) : null,
    bullets(told.effects),
    make("label", { class: "field" }, make("span", {}, "To confirm, type ", make("code", {}, told.confirm)), typed)),
  [
    { label: "Cancel" },
    { label, style: "danger", off: true, run: () => remove(typed.value) },
  ]);
}

function follow(ids) {
  location.hash = ids.length ? `removal=${ids.join(",")}` : "";
}

/** The view of removals under way; true while one of them has not ended. */
export async function showRemovals(ids, current) {
  const paths = ids.split(",").map((id) => at`/removals/${id}`); // all of them before the first is asked
  const removals = await Promise.all(paths.map((path) => ask("GET", path)));
  if (!current()) return false;
  const view = frame(`removal-${ids}`);
  part(view, "top", "always", () => [make("p", { class: "back" }, make("a", { href: "#" }, "\u2190 All tenants")), make("h2", {}, "Removal")]);
  for (const removal of removals) part(view, removal.id, removal, () => card(removal));
  return removals.some((it) => !hasEnded(it));
}

function hasEnded(removal) {
  return Boolean(removal.receipt) || ["done", "failed", "finished"].includes(removal.state);
}

function card(removal) {
  const { steps = [], leftovers = [], receipt } = removal;
  const done = steps.filter((it) => it.state === "done" || it.state === "skipped").length;
  const name = removal.name || "An integration that was removed";
  return make("section", { class: "card removal", "aria-label": name },
    make("h3", {}, named(name)),
    hasEnded(removal) ? make("p", {}, leftovers.length ? "The removal is complete, but something is left to do manually." : "The removal is complete.")
      : make("label", { class: "progress" }, `Removing: step ${Math.min(done + 1, steps.length)} of ${steps.length}`, make("progress", { value: done, max: steps.length || 1 })),
    late(removal.overdue_since), removal.given_up ? trouble(removal.given_up) : null,
    make("ol", { class: "timeline" }, steps.map(step)),
    leftovers.length ? note("yellow", "This is left to do manually.", "", make("ul", { class: "leftovers" }, leftovers.map((it) => make("li", {}, make("strong", {}, it.what), make("p", {}, it.how))))) : null,
    receipt ? make("button", { "data-key": `receipt-${removal.id}`, onclick: () => download(`removal-${removal.id}.json`, "application/json", JSON.stringify(receipt, null, 2)) }, "Download the receipt") : null);
}

function step(it) {
  const colour = STEP_COLOURS[it.state] ?? "grey";
  return make("li", { "aria-current": it.state === "running" ? "step" : null }, make("span", { class: `status ${colour}` }, icon(colour), it.label),
    make("span", { class: "quiet" }, ` ${words(it.state)}`, it.at ? [", ", ago(it.at)] : null), it.detail ? make("p", { title: it.at ? exact(it.at) : null }, it.detail) : null);
}

export function download(name, type, ...parts) {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}
