// What the lists across tenants show: MFA, Secure Score and baselines. Which tenants need attention is the API's to say.

import { sectionAddress } from "./address.js";
import { VERDICTS } from "./baselines.js";
import { counted, make } from "./dom.js";
import { shareBar } from "./protection.js";
import { sparkline } from "./score.js";
import { ago, day } from "./times.js";

const STATES = {
  never: "Not evaluated yet. This happens automatically after the first sync.",
  off: "The operator of this service has switched this evaluation off.",
  failed: "It could not be evaluated. We try again automatically.",
  not_read_yet: "Not read yet. This happens automatically with the next sync.",
  stale: "Microsoft did not deliver it. We try again automatically.",
  not_licensed: "The tenant has no license for it.",
  not_offered: "Microsoft does not offer it in this tenant.",
  denied: "Our application may not read it. The tenant's page says why, under Data sets.",
  failed_read: "Microsoft refused the request. We try again with each sync.",
  fresh: "Microsoft has no data yet.",
};
const AS_OF = ["As of", (row) => row.as_of];

const MFA = {
  title: "MFA",
  told: () => "Not protected means that MFA is not required at every sign-in, or that the person has registered nothing that they can use. Tenants with unprotected administrators come first.",
  href: ({ tenant_id: id }) => sectionAddress(id, "mfa"),
  isKnown: (row) => row.people !== null,
  why: (row) => STATES[row.state] ?? STATES.never,
  chips: (counts, { unprotected_people: most }) => [
    { name: "administrators", number: counts.administrators, label: "with unprotected administrators", colour: "red" },
    { name: "unprotected", number: counts.unprotected, label: most ? `with more than ${counted(most, "unprotected person").replace("persons", "people")}` : "with unprotected people", colour: "orange" },
    { name: "unknown", number: counts.unknown, label: "not fully known", colour: "grey" },
  ],
  heads: () => ["Tenant", "Administrators not protected", "People not protected", "30 days", "Guests not protected", "Unknown", "Exceptions", "As of"],
  cells: ({ people, administrators, guests, trend, as_of: asOf, is_listed: isListed }) => [
    share(administrators, administrators.unprotected ? "red" : "green"),
    make("div", {}, share(people, people.unprotected ? (isListed ? "orange" : "grey") : "green"), shareBar(people)), course(trend),
    guests.total ? share(guests, guests.unprotected ? null : "quiet") : make("span", { class: "quiet" }, "none"), number(people.unknown + guests.unknown), number(people.excepted), ago(asOf),
  ],
  columns: () => [
    ...["people", "administrators", "guests"].flatMap((who) => ["total", "unprotected", "protected", "unknown", "excepted"].map((what) => [`${title(who)}: ${what}`, (row) => row[who]?.[what]])),
    ["State", (row) => row.state], AS_OF,
  ],
};

const SCORE = {
  title: "Secure Score",
  told: ({ secure_score: low, secure_score_drop: drop }) => `Microsoft Secure Score, the lowest first. Below ${low} % is low; a fall of ${drop} percentage points or more within 7 days is a drop.`,
  href: ({ tenant_id: id }) => sectionAddress(id, "score"),
  isKnown: (row) => row.percent !== null,
  why: (row) => STATES[row.state === "failed" ? "failed_read" : row.state] ?? STATES.not_read_yet,
  chips: (counts, { secure_score: low, secure_score_drop: drop }) => [
    { name: "low", number: counts.low, label: `below ${low} %`, colour: "red" },
    { name: "dropped", number: counts.dropped, label: `dropped by ${drop} points or more`, colour: "orange" },
    { name: "unknown", number: counts.unknown, label: "not known", colour: "grey" },
  ],
  heads: () => ["Tenant", "Score", "30 days", "Drop in 7 days", "Average", "What would raise it most", "As of"],
  cells: (row) => [
    make("strong", { class: `mark ${row.is_low ? "red" : "green"}` }, percent(row.percent)), sparkline(row.trend),
    row.drop ? make("span", { class: row.has_dropped ? "mark orange" : "quiet" }, `\u2212${rounded(row.drop)} points`) : "",
    row.average_percent === null ? "" : percent(row.average_percent), gains(row.improvements), day(row.as_of),
  ],
  columns: () => [
    ["Secure Score, %", (row) => row.percent], ["Points", (row) => row.points], ["Points possible", (row) => row.max_points], ["Average at Microsoft, %", (row) => row.average_percent],
    ["Drop in 7 days, points", (row) => row.drop], ["Is low", (row) => row.is_low], ["Has dropped", (row) => row.has_dropped],
    ["What would raise it most", (row) => row.improvements.map((it) => `${it.title} (${it.points}${it.missing_license ? `, no license for ${it.missing_license}` : ""})`).join("; ")], ["State", (row) => row.state], AS_OF,
  ],
};

const BASELINES = {
  title: "Baselines",
  told: () => "How tenants meet the controls of the baselines. The score is met controls of those that were decided; a narrowed control counts half.",
  href: ({ tenant_id: id }) => sectionAddress(id, "baselines"),
  isKnown: (row) => row.as_of !== null,
  why: (row) => STATES[row.state] ?? STATES.never,
  chips: (counts) => [
    { name: "not_met", number: counts.not_met, label: "with controls not met", colour: "red" },
    { name: "unknown", number: counts.unknown, label: "not fully known", colour: "grey" },
  ],
  verdictChips: ({ counts }) => Object.entries(VERDICTS).map(([name, [label, colour]]) => ({ name, number: counts[name] ?? 0, label, colour })),
  heads: ({ control }) => ["Tenant", ...(control ? ["This control"] : []), "Score", "30 days", "Not met", "Narrowed", "Not licensed", "Unknown", "Met", "As of"],
  cells: (row, { control }) => [
    ...(control ? [verdict(row.verdict)] : []), row.score === null ? "" : make("strong", {}, percent(row.score)), sparkline(row.trend, "score"),
    row.counts.not_met ? make("span", { class: "mark red" }, row.counts.not_met.toLocaleString()) : number(0), ...["narrowed", "unlicensed", "unknown", "met"].map((it) => number(row.counts[it] ?? 0)), ago(row.as_of),
  ],
  columns: ({ control }) => [
    ...(control ? [[control, (row) => row.verdict && VERDICTS[row.verdict][0]]] : []), ["Score, %", (row) => row.score], ["Score with unlicensed, %", (row) => row.score_with_unlicensed],
    ...Object.entries(VERDICTS).map(([name, [label]]) => [label, (row) => (row.as_of ? row.counts[name] ?? 0 : "")]), ["State", (row) => row.state], AS_OF,
  ],
  controls: true,
  controlHeads: ["Control", "Severity", "Not met in", "Narrowed in", "Not licensed in", "Unknown in", "Met in"],
  controlCells: ({ severity, counts }) => [severity,
    counts.not_met ? make("span", { class: "mark red" }, counted(counts.not_met, "tenant")) : number(0), ...["narrowed", "unlicensed", "unknown", "met"].map((it) => number(counts[it] ?? 0))],
};

export const LISTS = { mfa: MFA, "secure-score": SCORE, baselines: BASELINES };

function share({ unprotected, total }, colour = null) {
  return make("span", { class: colour && colour !== "quiet" ? `mark ${colour}` : colour }, `${unprotected.toLocaleString()} of ${total.toLocaleString()}`);
}

/** How the number of unprotected people has changed, drawn and in words. */
function course(trend) {
  if (trend.length < 2) return "";
  const change = trend.at(-1).unprotected - trend[0].unprotected;
  const told = change ? `${change > 0 ? "+" : "\u2212"}${Math.abs(change).toLocaleString()}` : "\u00b10";
  const since = ` since ${day(trend[0].day)}`;
  return make("span", { class: "course", title: told + since }, sparkline(trend, "unprotected"), make("span", {}, told, make("span", { class: "unseen" }, since)));
}

function verdict(name) {
  const [label, colour] = VERDICTS[name] ?? ["Not judged", "grey"];
  return make("span", { class: `mark ${colour}` }, label);
}

function gains([first, ...more]) {
  if (!first) return "";
  const told = ({ title: what, points, missing_license: license }) => `${what}: ${rounded(points)} points${license ? ` (no license for ${license})` : ""}`;
  return more.length ? make("details", {}, make("summary", {}, told(first)), make("ul", { class: "lines" }, more.map((it) => make("li", {}, told(it))))) : told(first);
}

function number(count) {
  return make("span", { class: count ? null : "quiet" }, count.toLocaleString());
}

function rounded(value) {
  return Math.round(value * 10) / 10;
}

function percent(value) {
  return `${rounded(value)}\u00a0%`;
}

function title(word) {
  return word[0].toUpperCase() + word.slice(1);
}
