// What a sync would change: what hurts first, then every kind of change with its examples.

import { bullets, counted, make, named, note } from "./dom.js";
import { listing } from "./listing.js";
import { FIELDS, LINKED_BY, QUESTIONS, harmOf, holdsOf, reason, reasonsOf, sentence, totalOf } from "./syncwords.js";
import { ago } from "./times.js";

/** Kinds of changes in the order in which they are told: [in the headline, above the examples, with one of them]. */
const KINDS = {
  link: ["linked", "End Users that are linked to their Microsoft user"],
  create: ["new", "new End Users"],
  inactivate: ["inactive", "End Users that become inactive"],
  relink: ["relinked", "End Users that are linked to another Microsoft user"],
  move: ["moved", "End Users that move to another Organization"],
  reactivate: ["active again", "End Users that become active again"],
  update: ["updated", "End Users whose fields change"],
  queue: ["to decide", "questions that you decide afterwards"],
};
const HARMFUL = ["inactivate", "relink", "move"];

/** Everything that a plan tells. `isHeld` if it already waits for somebody. */
export function planned(plan, { isHeld = false } = {}) {
  const counts = { ...plan.counts, queue: totalOf(plan.queued) };
  const order = [...HARMFUL, ...Object.keys(KINDS).filter((kind) => !HARMFUL.includes(kind))].filter((kind) => counts[kind]);
  return make("div", { class: "planned" },
    make("p", { class: "headline" }, make("strong", {}, `${headline(counts)}.`), " ", make("span", { class: "quiet" }, "As of ", ago(plan.as_of), ".")),
    isHeld ? null : harm(plan),
    order.map((kind) => changes(kind, counts[kind], plan)),
    services(plan), cleared(plan.examples.cleared ?? []), skipped(plan.skipped));
}

function headline(counts) {
  const parts = Object.entries(KINDS).filter(([kind]) => counts[kind]).map(([kind, [label]]) => `${counts[kind].toLocaleString()} ${label}`);
  return parts.length ? parts.join(", ") : "Nothing changes";
}

/** What may not be wanted, before anything else. */
function harm(plan) {
  const said = harmOf(plan);
  const holds = holdsOf(plan, plan.hold_reasons).filter((it) => it !== said);
  if (!said && !holds.length) return null;
  return note("orange", said || holds[0], "", ...(said ? holds : holds.slice(1)).map((it) => make("p", {}, it)), why(plan.inactivated),
    make("p", {}, "No End User is deleted. Look at the examples before you go on."));
}

/** Why End Users become inactive. */
export function why(inactivated) {
  const reasons = reasonsOf(inactivated);
  return reasons.length ? bullets(reasons) : null;
}

function changes(kind, count, plan) {
  const examples = plan.examples[kind] ?? [];
  const title = `${count.toLocaleString()} ${KINDS[kind][1]}`;
  return make("details", { class: "changes" }, make("summary", { "data-key": `changes-${kind}` }, make("span", { class: HARMFUL.includes(kind) ? "mark orange" : null }, title)),
    table(title, examples, kind),
    examples.length < count ? make("p", { class: "quiet" }, `${counted(examples.length, "example", " is", " are")} shown.`) : null);
}

function table(title, examples, kind) {
  return listing(title, ["Microsoft user", "End User", "What happens"], examples.map((it) => [
    make("div", {}, named(it.name || it.username || it.object_id), it.username ? make("small", {}, named(it.username)) : null),
    it.end_user ? make("div", {}, make("a", { href: `#end-user=${it.end_user.id}` }, named(it.end_user.name)), make("small", {}, named(it.end_user.organization_name)))
      : it.organization_name ? make("div", {}, make("span", { class: "quiet" }, kind === "create" ? "new in " : ""), named(it.organization_name)) : "",
    make("div", {}, happens(it, kind)),
  ]), { headed: true });
}

function happens(it, kind) {
  const said = [
    it.queue_kind ? QUESTIONS[it.queue_kind]?.[0] ?? it.queue_kind : "",
    it.reason ? reason(it.reason) : "",
    it.linked_by && it.linked_by !== "created" ? `linked by ${LINKED_BY[it.linked_by] ?? it.linked_by}` : "",
  ].filter(Boolean);
  return [
    said.length ? make("p", {}, sentence(said.join(", "))) : null,
    it.moves_to ? make("p", {}, "Moves to ", named(it.moves_to), ".") : null,
    it.fields.length ? make("ul", { class: "lines" }, it.fields.map((field) => fieldLine(field, kind))) : null,
    it.also_matches.length ? make("p", { class: "quiet" }, it.also_matches.length === 1 ? "The filter of " : "The filters of ", ...listed(it.also_matches), " would take them, too.") : null,
    it.same_address_in?.length ? make("p", { class: "quiet" }, "Somebody in ", ...listed(it.same_address_in), " has the same address.") : null,
  ];
}

function listed(names) {
  return names.flatMap((name, place) => [place ? ", " : "", named(name)]);
}

function fieldLine({ field, before, after, note: noted }, kind) {
  const label = `${FIELDS[field] ?? field}: `;
  const end = noted === "cut" ? make("span", { class: "quiet" }, " (cut: it is longer at Microsoft)") : null;
  if (kind === "create" || before == null) return make("li", {}, label, named(after), end);
  return make("li", {}, label, make("span", { class: "quiet" }, named(before)), " \u2192 ", named(after), end);
}

/** New ones that may be nobody's, for whoever wants to leave them out. */
function services({ service_accounts: count = 0, examples }) {
  if (!count) return null;
  const title = `${counted(count, "new End User", " looks", " look")} like a service or a device`;
  const shown = examples.service_accounts ?? [];
  return make("details", { class: "changes" }, make("summary", { "data-key": "changes-services" }, title),
    make("p", {}, "The name says so, and nobody is known to have signed in with the account. To leave such accounts out, exclude their department in the filter, or a group that you put them into."),
    bullets(shown.map((it) => [named(it.name || it.username || it.object_id), it.username ? ` (${it.username})` : ""])));
}

/** Values that are blank at Microsoft now: ours stay. */
function cleared(examples) {
  if (!examples.length) return null;
  const title = `${counted(examples.length, "End User")} with values that were cleared at Microsoft and stay here`;
  return make("details", { class: "changes" }, make("summary", { "data-key": "changes-cleared" }, title),
    listing(title, ["Microsoft user", "Stays"], examples.map((it) => [
      make("div", {}, named(it.name || it.object_id), it.username ? make("small", {}, named(it.username)) : null),
      make("ul", { class: "lines" }, it.fields.map(({ field, before }) => make("li", {}, `${FIELDS[field] ?? field}: `, named(before ?? "")))),
    ]), { headed: true }));
}

/** Users of whom no End User is made, and why. */
function skipped(counts) {
  const total = totalOf(counts);
  if (!total) return null;
  return make("details", { class: "changes" }, make("summary", { "data-key": "changes-skipped" }, `${counted(total, "Microsoft user")} without an End User`),
    bullets(reasonsOf(counts)));
}
