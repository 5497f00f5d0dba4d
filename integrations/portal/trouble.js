// What is wrong on our side, told where nobody can miss it: checks that never came, and work that was given up.

import { facts, icon, make, note, words } from "./dom.js";
import { ago, exact } from "./times.js";

/** A mark beside a status whose next check should have come long ago; nothing while all is as planned. */
export function late(since) {
  return since ? make("span", { class: "late orange", title: exact(since) }, icon("yellow"), make("span", {}, "overdue since ", ago(since))) : null;
}

/** A job of ours that was given up: what, since when, and when it is tried again. */
export function trouble(told) {
  const evidence = Object.entries(told.evidence ?? {});
  return note("red", told.detail, told.remedy,
    make("p", {}, "Since ", ago(told.since), ". ", ...next(told)),
    make("div", { class: "quiet" }, facts(evidence.map(([name, value]) => [words(name), make("code", {}, String(value))]))));
}

/** The same in a line or two, where a link leads to the rest. */
export function inShort(told) {
  return make("p", {}, make("span", { class: "mark red" }, told.detail), " ", ...next(told));
}

function next(told) {
  return told.overdue_since ? [late(told.overdue_since)] : ["Next attempt ", ago(told.next_check_at), "."];
}

/** On a lower plan one can look and remove; why no more is said before somebody tries. */
export function planNote(held) {
  return held ? note("grey", held.detail, held.remedy) : null;
}

/** Above everything: a plan that could not be applied, and how much is overdue. */
export function alerts(page, show) {
  const { plan, overdue = 0 } = page;
  const many = overdue === 1 ? "1 connection was not checked when expected." : `${overdue} connections were not checked when expected.`;
  return [
    plan ? make("div", { role: "alert" }, trouble(plan)) : null,
    overdue ? make("div", { role: "alert" }, note("orange", many, "Each row shows since when. We try again automatically. If this persists, contact the operator of this service.",
      show ? make("button", { class: "plain", "data-key": "show-overdue", onclick: show }, "Show only overdue tenants") : null)) : null,
  ];
}
