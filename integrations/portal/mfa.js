// Whether MFA protects the people of a tenant: how many, who, and why not.

import { address, ask, askRows, at } from "./api.js";
import { counted, make, named, part, stylesheet } from "./dom.js";
import { exceptionActions, exceptionList, exceptionOf, exceptionsOf, lasting } from "./exceptions.js";
import { listing, section } from "./listing.js";
import { dots, menuButton } from "./menu.js";
import { PROTECTIONS, covering, protectionMark, shortly } from "./protection.js";
import { sparkline } from "./score.js";
import { searchField } from "./search.js";
import { readSettings } from "./settings.js";
import { ago, day } from "./times.js";
import { countChips } from "./toolbar.js";

const TITLE = "Multi-factor authentication";
const FIRST = 10;
const MORE = 100;
const DAYS = 90;
const NOT_FILTERED = { who: "people", protection: "", q: "", count: FIRST };
const WHO = { people: "People", administrators: "Administrators", guests: "Guests", disabled: "Disabled accounts" };
const MODES = { blocked: "sign-in is blocked", adaptive: "when Microsoft sees fit" };
const EFFECTS = {
  blocks: "blocks the sign-in,", requires: "requires MFA,", unknown: "not known,", "may require": "may require MFA,", "requires in part": "requires MFA",
  "reports only": "does not require MFA,", "requires something else": "does not require MFA,", "requires once a role is activated": "requires MFA once a role is activated,",
};
const FRESH_MS = 30000; // people are not asked for with every look: there can be thousands
const state = { tenant: "" };
let latest = { filter: "", at: 0, told: null };

/** Everything that the section shows, as it is filtered now. */
export async function readMfa(id) {
  if (state.tenant !== id) Object.assign(state, NOT_FILTERED, { tenant: id });
  const filter = JSON.stringify(state);
  if (latest.filter === filter && performance.now() - latest.at < FRESH_MS) return latest.told;
  const told = await read(id, state);
  latest = { filter, at: performance.now(), told };
  return told;
}

async function read(id, { who, protection, q, count }) {
  const [page, settings, history] = await Promise.all([
    askRows(at`/tenants/${id}/mfa`, { who, protection, q }, count), readSettings(),
    ask("GET", address(at`/tenants/${id}/history`, { measure: "mfa", days: DAYS })), stylesheet("insights.css"),
  ]);
  return { ...page, exceptions: exceptionsOf(settings, id), days: history.items.filter((it) => it.mfa) };
}

export function mfaPart(view, id, mfa, look) {
  const { counts, excepted, state: evaluated, total } = mfa.first;
  const body = part(view, "mfa", evaluated, () => (evaluated === "not_mapped" ? null : section(TITLE))).firstElementChild;
  if (!body) return;
  part(body, "sum", [counts, excepted, mfa.first.as_of, mfa.days], () => (counts ? sum(mfa.first, mfa.days) : make("p", { class: "quiet" }, "Not evaluated yet. This happens automatically after the first sync.")));
  if (!counts) return;
  const again = () => {
    latest.at = -Infinity;
    return look();
  };
  const change = (wanted) => {
    Object.assign(state, { count: FIRST }, wanted);
    return look();
  };
  const bar = part(body, "bar", "made once", () => make("div", { class: "bar unfolded" })).firstChild;
  part(bar, "search", "made once", () => searchField({
    key: "search-mfa", label: "Search people by MFA", hint: "Search name or user name", value: state.q, onsearch: (q) => change({ q }),
  }));
  part(bar, "who", [counts, state.who], () => whoField(counts, change));
  part(body, "chips", [counts, state], () => [chips(counts[state.who], change), state.protection ? make("p", { class: "quiet" }, PROTECTIONS[state.protection][2]) : null]);
  part(body, "people", [mfa.items, mfa.exceptions, total, mfa.more], () => make("div", { class: "persons" }, people(id, mfa, again)));
  part(body, "exceptions", mfa.exceptions, () => exceptionList(id, mfa.exceptions, mfa.items, again));
  part(body, "meanings", "always", meanings);
}

function sum(mfa, days) {
  const [, colour] = covering(mfa);
  return make("div", { class: "sum" },
    make("p", {}, make("strong", { class: `mark ${colour}` }, shortly(mfa)), " ", make("span", { class: "quiet" }, "As of ", ago(mfa.as_of), ".")),
    days.length > 1 ? history(days) : null);
}

/** How the number of people who are not protected has changed. */
function history(days) {
  const [first, last] = [days[0], days.at(-1)];
  return make("p", { class: "history quiet" }, sparkline(days.map((it) => ({ day: it.day, unprotected: it.mfa.unprotected })), "unprotected"), make("span", {}, `Not protected: ${first.mfa.unprotected.toLocaleString()} on ${day(first.day)}, ${last.mfa.unprotected.toLocaleString()} on ${day(last.day)}`));
}

function whoField(counts, change) {
  const field = make("select", { "data-key": "mfa-who", "aria-label": "Who is listed", onchange: () => change({ who: field.value, protection: field.value === "disabled" ? "" : state.protection }) },
    Object.entries(WHO).map(([who, label]) => make("option", { value: who }, `${label} (${(counts[who].total ?? counts[who]).toLocaleString()})`)));
  field.value = state.who;
  return field;
}

function chips(counts, change) {
  if (typeof counts === "number") return null;
  const all = Object.entries(PROTECTIONS).map(([name, [label, colour]]) => ({ name, number: counts[name], label, colour }));
  return countChips("People by MFA", all, state.protection, (protection) => change({ protection }));
}

function people(id, { items, exceptions, first: { total }, more }, again) {
  if (!items.length) return [make("p", { class: "quiet" }, state.q || state.protection ? "Nobody matches." : "There is nobody.")];
  return [
    listing("People by MFA", ["Person", "MFA", "Registered", "Can use it", "Required", "Why", ""], items.map((it) => {
      const exception = exceptionOf(exceptions, it);
      return [person(it, exception), protectionMark(it.protection), enrolled(it.registered), enrolled(it.capable), required(it), why(it), menuButton({
        label: dots(), title: `Actions for ${it.name}`, key: `mfa-menu-${it.user_id}`, style: "dots", entries: () => exceptionActions(id, it, exception, again),
      })];
    }), { headed: true }),
    make("div", { class: "foot quiet" }, make("span", {}, more ? `${items.length} of ${total.toLocaleString()}` : counted(items.length, "account")),
      more ? make("button", { "data-key": "more-mfa", onclick: () => {
        state.count = items.length + MORE;
        again();
      } }, "Load more") : null),
  ];
}

function person(it, exception) {
  const kind = it.counted_as === "person" ? it.is_administrator ? "Administrator" : "" : { guest: "Guest", disabled: "Disabled" }[it.counted_as] ?? it.counted_as;
  return make("div", {}, named(it.name), it.username ? make("small", {}, named(it.username)) : null,
    kind ? make("small", { class: "kind" }, kind) : null,
    exception ? make("small", { class: "kind" }, `Exception${lasting(exception)}: `, named(exception.reason)) : null);
}

function enrolled(value) {
  return value === "home tenant" ? "in their own tenant" : value;
}

function required({ required: certainty, coverage, mode }) {
  if (certainty === "no" && coverage === "conditional") return "at some sign-ins";
  return MODES[mode] ? `${certainty}, ${MODES[mode]}` : certainty;
}

/** The sign-ins that are left open, and the policies behind it, folded. */
function why({ gap, causes, more_causes: more, required: certainty }) {
  const open = gap ? make("p", {}, `Not required for ${gap}`) : null;
  if (!causes.length) return make("div", {}, open ?? (certainty === "no" ? "Nothing requires it." : ""));
  return make("div", {}, open, make("details", {}, make("summary", {}, named(causes[0].name), causes.length + more > 1 ? ` and ${causes.length + more - 1} more` : ""),
    make("ul", { class: "lines" }, causes.map((it) => make("li", {}, named(it.name), `: ${[EFFECTS[it.effect], it.why].filter(Boolean).join(" ")}`)), more ? make("li", { class: "quiet" }, `${more} more`) : null)));
}

function meanings() {
  return make("details", { class: "meanings" }, make("summary", { "data-key": "mfa-meanings" }, "What these words mean"),
    make("dl", {}, Object.keys(PROTECTIONS).flatMap((name) => [make("dt", {}, protectionMark(name)), make("dd", {}, PROTECTIONS[name][2])])),
    make("p", { class: "quiet" }, "Enabled members of the tenant are counted as people, licensed or not. Guests and disabled accounts are counted apart."));
}
