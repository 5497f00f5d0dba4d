// What a CSP's access to one tenant rests on: relationships, roles, groups, and what was checked.

import { ask, at } from "./api.js";
import { guarded } from "./dialog.js";
import { make, named, note, part, words } from "./dom.js";
import { listing, section } from "./listing.js";
import { ago, day } from "./times.js";

const CHECK_COLOURS = { passed: "green", failed: "red", unknown: "orange", not_run: "grey" };

/** Parts of a child tenant's details page. */
export function cspParts(view, csp) {
  const { relationships = [], trace = [], checks = [], ignored = false, account = "", read_at: readAt = null } = csp;
  part(view, "ignored", ignored, () => (ignored ? note("grey", "This tenant is ignored.", "It is not shown in the table and not counted until you stop ignoring it.") : null));
  part(view, "checks", checks, () => (checks.length ? section("Access checks", checkList(checks)) : null));
  part(view, "relationships", [relationships, account, readAt], () => section("Admin relationships",
    readAt ? make("p", { class: "quiet" }, "Read ", ago(readAt), account ? [" for the account ", named(account)] : "", ".") : null,
    relationships.length
      ? listing("Admin relationships", ["Relationship", "State", "Ends", "Extends automatically", "Roles"], relationships.map(relationship))
      : make("p", { class: "quiet" }, "There is no admin relationship with this tenant.")));
  part(view, "trace", trace, () => (trace.length ? section("Where each role comes from", listing("Where each role comes from",
    ["Role", "Relationship", "Security group", "Account is a member", "Ends"],
    trace.map((it) => [...[it.role, it.relationship, it.group, it.member].map(cell), it.ends_at ? day(it.ends_at) : ""]))) : null));
}

/** Checks as a list with their state, time and evidence. */
export function checkList(checks) {
  return listing("Access checks", ["Check", "State", "When", "What was found"], checks.map((it) => [
    it.label ?? words(it.check),
    make("span", { class: `mark ${CHECK_COLOURS[it.state] ?? "grey"}` }, words(it.state)),
    ago(it.at, "not yet"),
    make("div", {}, it.detail ? make("p", {}, it.detail) : null, evidence(it.evidence)),
  ]));
}

function evidence(told) {
  if (!told) return null;
  if (typeof told === "string") return told;
  const entries = Object.entries(told);
  return entries.length ? make("ul", { class: "lines" }, entries.map(([name, value]) => make("li", {}, `${words(name)}: `, make("code", {}, cell(value))))) : null;
}

function relationship(it) {
  return [
    make("div", {}, named(it.name ?? it.id), make("small", {}, it.id), it.note ? make("small", {}, it.note) : null), words(it.status),
    it.ends_at ? make("div", {}, day(it.ends_at), make("small", {}, ago(it.ends_at))) : "",
    it.auto_extend ? "yes" : "no", (it.roles ?? []).map((role) => role.name ?? role.id).join(", "),
  ];
}

function cell(value) {
  if (value === true) return "yes";
  if (value === false) return "no";
  return value == null || value === "" ? "none" : typeof value === "object" ? value.name ?? JSON.stringify(value) : String(value);
}

/** Leave a tenant out, or take it in again. */
export function ignoreButton(row, ignored, again) {
  return make("button", { "data-key": "ignore", onclick: guarded(async () => {
    await ask("PUT", at`/tenants/${row.tenant_id}/ignored`, { ignored: !ignored });
    await again();
  }) }, ignored ? "Stop ignoring" : "Ignore");
}
