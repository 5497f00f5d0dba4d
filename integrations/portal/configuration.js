// How a tenant is configured: its policies, the places they speak of, and its terms for others.

import { counted, facts, make, named, part, words } from "./dom.js";
import { listing, section } from "./listing.js";

const PLACES = { All: "all locations", AllTrusted: "trusted locations" };
const PARTS = [
  "conditional_access", "named_locations", "security_defaults", "authorization_policy", "authentication_methods",
  "admin_consent_requests", "cross_tenant_access", "group_settings",
];

/** One line that opens; left out while nothing of it was read. */
export function configurationPart(view, security) {
  const shown = PARTS.map((name) => security[name]);
  part(view, "configuration", shown, () => (shown.some((it) => it?.items.length) ? configuration(security) : null));
}

function configuration(security) {
  const { items: policies, state } = security.conditional_access;
  const inForce = policies.filter((it) => it.state === "enabled").length;
  const told = policies.length ? `${inForce} of ${policies.length} Conditional Access policies are enabled` : `Conditional Access: ${state === "fresh" ? "no policies" : words(state)}`;
  return section("Configuration", make("details", {}, make("summary", { "data-key": "configuration" }, told),
    facts(settings(security)),
    ...table("Conditional Access policies", ["Policy", "State", "Applies to", "Requires", "Locations"], policies, (it) => policy(it, security.named_locations.items)),
    ...table("Named locations", ["Location", "Trusted", "Definition"], security.named_locations.items, (it) => [named(it.name), it.is_trusted ? "yes" : "no", whereabouts(it)]),
    ...table("Cross-tenant access for specific organizations", ["Tenant id", "Inbound collaboration", "Outbound collaboration", "MFA trusted"], security.cross_tenant_access.items.filter((it) => it.partner_id), (it) => [
      make("code", {}, it.partner_id), it.collaboration_in ?? "default", it.collaboration_out ?? "default", yesNo(it.trusts_mfa) ?? "default",
    ])));
}

function table(title, heads, items, cells) {
  return items.length ? [listing(title, heads, items.map(cells))] : [];
}

function settings(security) {
  const [first, rights, ways, requests] = ["security_defaults", "authorization_policy", "authentication_methods", "admin_consent_requests"].map((name) => security[name].items[0]);
  const others = security.cross_tenant_access.items.find((it) => !it.partner_id);
  return [
    ["Security defaults", first && onOff(first.is_enabled)],
    ["Authentication methods", ways && (ways.enabled ?? []).join(", ")],
    ["Who can invite guests", rights?.invites_from && spaced(rights.invites_from)],
    ["Guest access", rights?.guest_access],
    ["Users can create", rights && (creations(rights) || "nothing")],
    ["Users can consent to", rights && ((rights.users_may_consent ?? []).map((it) => it.split(".").at(-1)).join(", ") || "nothing")],
    ["Admin consent requests", requests && (requests.is_enabled ? `on, ${requests.reviewers ?? 0} reviewers` : "off")],
    ["MFA of other organizations", others && (others.trusts_mfa ? "trusted" : "not trusted")],
    ...security.group_settings.items.map((it) => [named(it.name), make("ul", { class: "lines" }, Object.entries(it.values ?? {}).map(([name, value]) => make("li", {}, `${spaced(name)}: ${value || "-"}`)))]),
  ];
}

function creations(rights) {
  return [["applications", rights.users_may_create_apps], ["groups", rights.users_may_create_groups], ["tenants", rights.users_may_create_tenants]]
    .filter(([, may]) => may).map(([what]) => what).join(", ");
}

function policy(it, places) {
  const name = (id) => PLACES[id] ?? places.find((place) => place.id === id)?.name ?? id;
  const without = (it.without_locations ?? []).map(name).join(", ");
  const where = (it.locations ?? []).map(name).join(", ");
  const demands = (it.demands ?? []).map((demand) => (demand === "authenticationStrength" && it.strength) || spaced(demand));
  return [
    named(it.name), it.state, whom(it), demands.join(it.all_demands ? " and " : " or "),
    where || without ? named([where, without && `except ${without}`].filter(Boolean).join(", ")) : "",
  ];
}

/** "all users, except 2 users and 1 group". */
function whom(it) {
  const all = (it.users ?? []).includes("All");
  const listed = members({ user: all ? [] : it.users, group: it.groups, role: it.roles }, it.guests);
  const left = members({ user: it.without_users, group: it.without_groups, role: it.without_roles }, it.without_guests);
  return `${all ? "all users" : listed || "nobody"}${left && `, except ${left}`}`;
}

function members(lists, guests) {
  const found = Object.entries(lists).filter(([, ids]) => ids?.length).map(([what, ids]) => counted(ids.length, what));
  return [...found, ...(guests ? ["guests"] : [])].join(" and ");
}

function whereabouts(it) {
  if (it.kind !== "country") return (it.ranges ?? []).join(", ");
  return [...(it.countries ?? []), ...(it.includes_unknown ? ["unknown countries"] : [])].join(", ");
}

function onOff(value) {
  return value ? "on" : "off";
}

function yesNo(value) {
  return value == null ? null : value ? "yes" : "no";
}

/** "adminsAndGuestInviters" in words; short ones, as "mfa", are names. */
function spaced(code) {
  return code === "mfa" ? "MFA" : code.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
}
