// What baselines say of a tenant: controls by their verdict, what is wrong first.

import { counted, make, named } from "./dom.js";
import { PHONE, listing, section } from "./listing.js";
import { ago } from "./times.js";

export const BASELINES = "Baselines";
export const VERDICTS = {
  not_met: ["Not met", "red"], narrowed: ["Narrowed", "orange"], unknown: ["Unknown", "yellow"], unlicensed: ["Not licensed", "grey"],
  not_checked: ["To check by hand", "grey"], not_applicable: ["Not applicable", "grey"], met: ["Met", "green"],
};
const OPEN = new Set(["not_met", "narrowed"]);

/** The section; nothing while nothing was judged. */
export function baselinesSection(findings) {
  if (!findings.items.length) return null;
  return section(BASELINES,
    make("p", { class: "quiet" }, `${howMany(findings)} Judged `, ago(findings.as_of, "not yet"), "."),
    ...Object.keys(VERDICTS).map((verdict) => group(verdict, findings.items.filter((it) => it.verdict === verdict))));
}

/** How many controls are met, of those that could be judged. */
export function judged({ counts }) {
  const of = (counts.met ?? 0) + (counts.narrowed ?? 0) + (counts.not_met ?? 0);
  return { met: counts.met ?? 0, of };
}

function howMany(findings) {
  const { met, of } = judged(findings);
  return of ? `${met} of ${of} controls are met.` : "No control could be judged.";
}

function group(verdict, items) {
  if (!items.length) return null;
  const [label, colour] = VERDICTS[verdict];
  return make("details", { class: "findings", open: OPEN.has(verdict) && !PHONE.matches },
    make("summary", { "data-key": `findings-${verdict}` }, make("span", { class: `mark ${colour}` }, label), ` ${items.length}`),
    listing(`${label}: ${counted(items.length, "control")}`, ["Control", "Why", "Severity", "Since"], items.map((it) => [control(it), why(it), it.severity, ago(it.since)]), { headed: true }));
}

function control(it) {
  return make("span", {}, it.title, make("small", {}, make("a", { href: it.link, target: "_blank", rel: "noopener noreferrer" }, it.control)));
}

/** The reason, the policies that come near, and how to mend it; the rest is folded. */
function why(it) {
  const isWrong = OPEN.has(it.verdict);
  return make("div", {}, make("p", {}, it.reason),
    it.permission ? make("small", {}, `Permission: ${it.permission}`) : null,
    it.nearest?.length ? make("ul", { class: "lines" }, it.nearest.map((policy) => make("li", {}, named(policy.name), policy.why ? `: ${policy.why}` : ""))) : null,
    make("details", {}, make("summary", { "data-key": `finding-${it.control}` }, isWrong ? "How to mend it" : "About this control"),
      make("p", {}, `Required: ${it.requires}`), make("p", {}, it.rationale), isWrong || it.verdict === "unknown" ? make("p", {}, it.remedy) : null,
      it.actual?.length ? make("ul", { class: "lines" }, it.actual.map(value)) : null));
}

function value({ name, values, count, is_sent: isSent }) {
  const told = isSent ? values.join(", ") || "none" : "not sent by Microsoft";
  return make("li", {}, make("code", {}, name), `: ${told}${count > values.length ? `, of ${count}` : ""}`);
}
