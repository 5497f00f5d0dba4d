// What is left to do by hand after a removal: exact steps, a link to where they are done, and a mark once they are.

import { ask, at } from "./api.js";
import { userName } from "./caller.js";
import { guarded } from "./dialog.js";
import { counted, make, note } from "./dom.js";
import { applicationLinks, linkList } from "./links.js";
import { ago } from "./times.js";

/** The steps in one tenant, as they are told before and after a removal. */
export function instructions({ tenant_id: tenantId, what, how, steps = [], command }) {
  return make("div", { class: "by-hand" },
    make("p", {}, make("strong", {}, what)),
    steps.length ? make("ol", {}, steps.map((it) => make("li", {}, it))) : how ? make("p", {}, how) : null,
    tenantId ? linkList(applicationLinks(tenantId)) : null,
    command ? make("details", {}, make("summary", { "data-key": `command-${tenantId}` }, "Or with PowerShell"), make("code", {}, command)) : null);
}

/** Everything that is left to do of a removal; null when nothing is. */
export function leftovers({ id, leftovers: left = [] }, again) {
  if (!left.length) return null;
  const open = left.filter((it) => !it.done_at);
  return note(open.length ? "yellow" : "grey", open.length ? `${stepsLeft(open.length)} left to do by hand.` : "What was left to do by hand is marked as done.", "",
    make("ul", { class: "leftovers" }, left.map((it) => make("li", {}, it.done_at ? marked(it) : toDo(id, it, again)))));
}

/** "1 step" or "2 steps". */
export function stepsLeft(count) {
  return counted(count, "step", " is", " are");
}

function toDo(id, left, again) {
  return [
    instructions(left),
    make("p", { class: "quiet" }, "We check regularly whether it is done, and then remove it from this page", left.last_seen_at ? [". Our last check, ", ago(left.last_seen_at), ", still found the application."] : "."),
    make("button", { "data-key": `done-${id}-${left.tenant_id}`, onclick: guarded(async () => {
      await ask("POST", at`/removals/${id}/leftovers/${left.tenant_id}/done`);
      await again();
    }) }, "Mark as done"),
  ];
}

/** Somebody's word, and beside it what our own check says. */
function marked(left) {
  const isSeen = left.last_seen_at && Date.parse(left.last_seen_at) > Date.parse(left.done_at);
  return [
    make("p", {}, left.what),
    make("p", { class: "quiet" }, "Marked as done ", ago(left.done_at), ...(left.done_by ? [" by ", userName(left.done_by)] : []), ". ",
      ...(isSeen ? ["Our check ", ago(left.last_seen_at), " still found the application."] : ["We have not seen that the application is gone yet."])),
  ];
}
