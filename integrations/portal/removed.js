// Removals that have ended: what is left to do by hand after them, and their receipts.

import { backToTable } from "./address.js";
import { ask, askRows, at } from "./api.js";
import { learnCaller } from "./caller.js";
import { guarded } from "./dialog.js";
import { counted, frame, make, named, note, part } from "./dom.js";
import { download } from "./download.js";
import { leftovers, stepsLeft } from "./leftovers.js";
import { longSection } from "./listing.js";
import { stamp } from "./times.js";

const FIRST = 50;
const MORE = 200;
const LIST = "#removal=all";
const KINDS = { csp: "A Cloud Solution Provider (CSP)", single: "A single tenant" };
const STATES = { removing: ["orange", "being removed"], removed: ["orange", "removed, not verified yet"], verified: ["green", "removed and verified"] };
let count = FIRST;

/** Above the table: what somebody still has to do; null when nothing is left. */
export function stepsNote(removed) {
  const { steps_left: left = 0 } = removed ?? {};
  return left ? note("yellow", `${stepsLeft(left)} left to do by hand after a removal.`, "", make("p", {}, make("a", { href: LIST, "data-key": "steps-left" }, "Show what to do"))) : null;
}

/** Below the table: the way to what was removed. */
export function removedLink(removed) {
  const { count: number = 0 } = removed ?? {};
  return number ? make("p", { class: "foot quiet" }, `${counted(number, "integration", " was", " were")} removed. `, make("a", { href: LIST, "data-key": "removed" }, "Show removals and receipts")) : null;
}

/** The list of removals; true while one of them is under way. */
export async function showRemoved(again, current) {
  const page = await askRows("/removals", {}, count);
  const open = await Promise.all(page.items.filter((it) => it.steps_left).map((it) => ask("GET", at`/removals/${it.id}`)));
  await learnCaller();
  if (!(await current())) return false;
  const view = frame("removal-all");
  part(view, "top", "always", () => [backToTable(), make("h2", {}, "Removals")]);
  part(view, "steps", open, () => open.map((it) => make("section", { class: "card removal", "aria-label": titleOf(it) }, make("h3", {}, named(titleOf(it))), leftovers(it, again))));
  longSection(view, {
    title: "Removed integrations", heads: ["Integration", "Requested", "State", "By hand", "Receipt"], page,
    empty: "No integration was removed in the last 30 days.", more: () => {
      count += MORE;
      again();
    }, cells: row,
  });
  return page.items.some((it) => it.state === "removing");
}

function row(it) {
  const [colour, text] = STATES[it.state] ?? ["grey", it.state];
  return [
    make("a", { href: `#removal=${it.id}`, "data-key": `removal-${it.id}` }, named(titleOf(it))), stamp(it.requested_at),
    make("span", { class: `mark ${colour}` }, text), it.steps_left ? `${stepsLeft(it.steps_left)} left` : "",
    it.receipt ? receiptButton(it.id, it.receipt, async () => (await ask("GET", at`/removals/${it.id}`)).receipt) : "",
  ];
}

/** Once a removal is verified, the name of what was removed is forgotten. */
function titleOf(removal) {
  return removal.name || KINDS[removal.kind] || "An integration";
}

/** A receipt is final once the removal is verified; before, it is called preliminary. */
export function receiptButton(id, state, read) {
  const isFinal = state === "final";
  return make("button", { "data-key": `receipt-${id}`, onclick: guarded(async () => {
    const receipt = await read();
    download(`removal-${id}${receipt.state === "final" ? "" : "-preliminary"}.json`, "application/json", JSON.stringify(receipt, null, 2));
  }) }, isFinal ? "Download the receipt" : "Download the preliminary receipt");
}
