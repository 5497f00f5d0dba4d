// What a CSP's access to one tenant rests on: relationships, roles, groups, and what was checked.

import { ask, at } from "./api.js";
import { whyOff } from "./caller.js";
import { guarded } from "./dialog.js";
import { counted, facts, make, named, part, words } from "./dom.js";
import { listing, section } from "./listing.js";
import { ago, day, exact } from "./times.js";

const FEW_ROLES = 3;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const CHECK_COLOURS = { passed: "green", failed: "red", unknown: "orange", not_run: "grey" };

/** Parts of a child tenant's details page: two in the left column, one in the right. */
export function cspParts(left, right, csp) {
  const { relationships = [], trace = [], checks = [], account = "", read_at: readAt = null } = csp;
  part(left, "checks", checks, () => (checks.length ? section("Access checks", folded(checks)) : null));
  part(right, "relationships", [relationships, account, readAt], () => section("Admin relationships",
    readAt ? make("p", { class: "quiet" }, "Read ", ago(readAt), account ? [" for the account ", named(account)] : "", ".") : null,
    relationships.length
      ? listing("Admin relationships", ["Relationship", "State", "Ends", "Extends automatically", "Roles"], relationships.map(relationship), { headed: true })
      : make("p", { class: "quiet" }, "There is no admin relationship with this tenant.")));
  part(left, "trace", trace, () => (trace.length ? section("Where each role comes from", ...alike(trace).map(origin)) : null));
}

/** One line while every check has passed. */
function folded(checks) {
  return checks.every((it) => it.state === "passed")
    ? make("details", {}, make("summary", { "data-key": "checks" }, make("span", { class: "mark green" }, `All ${checks.length} checks passed`)), checkList(checks))
    : checkList(checks);
}

/** Roles that come the same way are told together; those that are missing first. */
function alike(trace) {
  const groups = new Map();
  for (const it of trace) {
    const key = JSON.stringify([it.relationship, it.group, it.member, it.ends_at]);
    groups.set(key, [...(groups.get(key) ?? []), it]);
  }
  return [...groups.values()].sort(([one], [other]) => Number(one.member) - Number(other.member));
}

/** "12 roles by Relationship 1 until Nov 27, 2028", and which on demand. */
function origin(roles) {
  const [{ relationship: by, group, member, ends_at: ends }] = roles;
  const count = counted(roles.length, "role");
  const told = by ? [`${count} by `, named(by), ends ? ` until ${day(ends)}` : ""] : [`${count} without an admin relationship`];
  const title = `${count} by ${by || "no relationship"}`;
  return make("details", { open: !member }, make("summary", { "data-key": `origin-${title}` }, make("span", { class: `mark ${member ? "green" : "red"}` }, make("span", {}, ...told, member || !by ? "" : ", which the account does not have"))),
    facts([["Security group", group ? named(group) : "none"], ["Account is a member", member ? "yes" : "no"]]),
    listing(title, ["Role"], roles.map((it) => [it.role]), { headed: true }));
}

/** Checks as a list with their state, time and evidence. */
export function checkList(checks) {
  return listing("Access checks", ["Check", "State", "When", "What was found"], checks.map((it) => [
    it.label ?? words(it.check),
    make("span", { class: `mark ${CHECK_COLOURS[it.state] ?? "grey"}` }, words(it.state)),
    it.state === "not_run" ? "" : ago(it.at, "not yet"),
    make("div", {}, it.detail ? make("p", {}, it.detail) : null, evidence(it)),
  ]), { headed: true });
}

function evidence({ check, evidence: told }) {
  if (!told) return null;
  if (typeof told === "string") return told;
  const entries = Object.entries(told);
  return entries.length ? make("details", {}, make("summary", { "data-key": `evidence-${check}` }, "Evidence"), make("ul", { class: "lines" }, entries.map(([name, value]) => make("li", {}, `${words(name)}: `, make("code", {}, cell(value)))))) : null;
}

function relationship(it) {
  return [
    make("div", { title: it.id }, named(it.name ?? it.id), it.note ? make("small", {}, it.note) : null), words(it.status),
    it.ends_at ? make("div", {}, make("span", { class: "short" }, day(it.ends_at)), make("small", {}, ago(it.ends_at))) : "",
    it.auto_extend ? "yes" : "no", rolesOf(it.id, it.roles ?? []),
  ];
}

function rolesOf(id, roles) {
  const names = roles.map((role) => role.name ?? role.id).join(", ");
  return roles.length > FEW_ROLES ? make("details", {}, make("summary", { "data-key": `roles-${id}` }, `${roles.length} roles`), names) : names;
}

function cell(value) {
  if (typeof value === "string" && MOMENT.test(value)) return exact(value);
  if (value === true) return "yes";
  if (value === false) return "no";
  return value == null || value === "" ? "none" : typeof value === "object" ? value.name ?? JSON.stringify(value) : String(value);
}

/** Leave a tenant out, or take it in again. */
export function ignoreButton(row, ignored, again) {
  return make("button", { "data-key": "ignore", disabled: Boolean(whyOff()), title: whyOff(), onclick: guarded(async () => {
    await ask("PUT", at`/tenants/${row.tenant_id}/ignored`, { ignored: !ignored });
    await again();
  }) }, ignored ? "Stop ignoring" : "Ignore");
}
