// A status: colour, icon and word; select it, and it explains itself.

import { bullets, facts, icon, make, note, say, words } from "./dom.js";
import { open } from "./dialog.js";
import { helpLinks, linkList } from "./links.js";
import { ago, day, exact } from "./times.js";
import { late } from "./trouble.js";

/** The button of a status, and beside it since when it is overdue. `about` is {name, what, key, links()}: whose status it is, and where to look further. */
export function badge(told, about) {
  const button = statusButton(told, about);
  return told.overdue_since ? make("div", { class: "state" }, button, late(told.overdue_since)) : button;
}

function statusButton(told, about) {
  const mark = marks(told);
  const button = make("button", {
    class: `status ${told.colour}`, "data-key": about.key, "aria-haspopup": "dialog", onclick: () => explain(told, about),
  }, icon(told.colour), make("span", {}, told.label, mark.length ? [" ", make("small", {}, ...mark)] : null));
  button.append(make("span", { class: "unseen" }, `, ${about.what} of ${about.name}: explain`));
  return button;
}

/** What a status is besides its word; how old it is when it is the last known one. */
function marks(told) {
  const known = told.as_of ? ["last known, as of ", ago(told.as_of)] : ["last known"];
  if (told.ends_at && !told.stalled && !told.stale) return [`until ${day(told.ends_at)}`];
  return [...(told.reason_label ? [told.reason_label] : []), ...(told.reason_label && (told.stalled || told.stale) ? [", "] : []), ...(told.stalled ? ["stalled"] : []), ...(told.stalled && told.stale ? [", "] : []), ...(told.stale ? known : [])];
}

function explain(told, about) {
  const evidence = Object.entries(told.evidence ?? {});
  open(`${about.what} of ${about.name}`, make("div", {},
    make("p", { class: "headline" }, make("span", { class: `status ${told.colour}` }, icon(told.colour), told.reason_label ? `${told.label}: ${told.reason_label}` : told.label)),
    make("p", {}, told.detail),
    told.stalled ? note("orange", "This is taking longer than expected.", "") : null,
    told.overdue_since ? note("orange", ["The check that was expected ", ago(told.overdue_since), " has not happened."], "We try again automatically. If this persists, contact the operator of this service.") : null,
    told.stale ? note("grey", "This is the last known status. It could not be checked again.", "") : null,
    told.remedy ? make("div", { class: "remedy" }, make("h3", {}, "What to do"), make("p", {}, told.remedy)) : null,
    facts([
      ["Since", told.since ? [ago(told.since), ` (${exact(told.since)})`] : null],
      ["First role ends", told.ends_at ? [ago(told.ends_at), ` (${exact(told.ends_at)})`] : null],
      ["As of", told.as_of ? [ago(told.as_of), ` (${exact(told.as_of)})`] : null],
      [told.overdue_since ? "Expected check" : "Next check", told.next_check_at ? [ago(told.next_check_at), ` (${exact(told.next_check_at)})`] : null],
    ]),
    evidence.length ? make("h3", {}, "Evidence") : null,
    evidence.length ? evidenceList(evidence) : null,
    make("h3", {}, "At Microsoft"), linkList(about.links()),
    make("h3", {}, "Help"), linkList(helpLinks("troubleshooting", ...(about.what === "CSP Auth" || told.reason_label ? ["important_information"] : []))),
    make("details", { class: "codes" }, make("summary", {}, "Codes for support"), facts([
      ["Reason", make("code", {}, told.reason)],
      ["Cause", told.cause && told.cause !== told.reason ? make("code", {}, told.cause) : null],
    ]))),
  [
    ...(evidence.length ? [{ label: "Copy evidence", run: () => copied(told, about) }] : []),
    { label: "Close", style: "main" },
  ]);
}

function evidenceList(pairs) {
  return facts(pairs.map(([name, value]) => [words(name), Array.isArray(value) ? bullets(value.map(String)) : make("code", {}, text(value))]));
}

/** For a ticket: everything about this status as text. */
async function copied(told, about) {
  const { label, reason, cause, detail, since, evidence } = told;
  await navigator.clipboard.writeText(JSON.stringify({ tenant: about.name, what: about.what, label, reason, cause, detail, since, evidence }, null, 2));
  say("The evidence has been copied.");
  return true;
}

function text(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
