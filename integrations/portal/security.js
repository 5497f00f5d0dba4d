// What a tenant's security comes to: who lacks MFA, who administers, and what would raise the Secure Score.

import { facts, make, named, part } from "./dom.js";
import { listing, section } from "./listing.js";
import { ago } from "./times.js";

const MOST_IMPROVEMENTS = 10;

export function securityParts(view, security) {
  const { mfa, administrators, improvements } = security;
  part(view, "mfa", [mfa, administrators], () => (mfa.people ? mfaSection(mfa, administrators) : null));
  part(view, "improvements", improvements, () => (improvements.length ? improvementsSection(improvements) : null));
}

function mfaSection(mfa, administrators) {
  const { people } = mfa;
  return section("Multi-factor authentication",
    facts([
      ["Users without MFA", `${people.users_without} of ${people.users}`],
      ["Administrators without MFA", `${people.admins_without} of ${people.admins}`],
      ["Required of everyone by", mfa.demanded_by.length ? mfa.demanded_by.join(", ") : "nothing: no policy requires MFA of everyone"],
      ["As of", ago(mfa.as_of, "not read yet")],
    ]),
    mfa.without.length ? listing("Not registered for MFA", ["Name", "User name", "Kind"], mfa.without.map((it) => [
      named(it.name), named(it.username), it.is_admin ? "administrator" : it.is_guest ? "guest" : "member",
    ])) : null,
    administrators.length ? listing("Administrators", ["Name", "Roles", "Through", "MFA"], administrators.map((it) => [
      named(it.name ?? it.username ?? it.user_id), it.roles.join(", "), it.through.join(", "), it.has_mfa == null ? "unknown" : it.has_mfa ? "registered" : "not registered",
    ])) : null);
}

function improvementsSection(improvements) {
  return section("Findings: how to raise the Secure Score", listing("Findings", ["What to do", "Service", "Points", "Impact on users"],
    improvements.slice(0, MOST_IMPROVEMENTS).map((it) => [
      it.title, it.service ?? it.category ?? "", make("span", {}, `${it.points} of ${it.max_points}`), it.user_impact ?? "",
    ])));
}
