// What a tenant's security comes to: who lacks MFA, who administers, and what would raise the Secure Score.

import { facts, make, named, part } from "./dom.js";
import { listing, section } from "./listing.js";
import { ago } from "./times.js";

const MOST_IMPROVEMENTS = 10;
const IMPROVEMENTS = "Findings: how to raise the Secure Score";

export function securityParts(left, right, security) {
  const { mfa, administrators, improvements } = security;
  part(right, "mfa", [mfa, administrators], () => (mfa.people ? mfaSection(mfa, administrators) : null));
  part(left, "improvements", improvements, () => (improvements.length ? improvementsSection(improvements) : null));
}

function mfaSection(mfa, administrators) {
  const { people } = mfa;
  return section("Multi-factor authentication",
    facts([
      ["Users without MFA", `${people.users_without} of ${people.users}`],
      ["Administrators without MFA", `${people.admins_without} of ${people.admins}`],
      ["Guests without MFA", people.guests ? `${people.guests_without} of ${people.guests}` : null],
      ["Required of everyone by", mfa.demanded_by.length ? mfa.demanded_by.join(", ") : "nothing: no policy requires MFA of everyone"],
      ["As of", ago(mfa.as_of, "not read yet")],
    ]),
    mfa.without.length ? listing(withoutTitle(people, mfa.without), ["Name", "User name", "Kind"], mfa.without.map((it) => [
      named(it.name), named(it.username), it.is_admin ? "administrator" : it.is_guest ? "guest" : "member",
    ])) : null,
    administrators.length ? listing("Administrators", ["Name", "Roles", "Through", "MFA"], administrators.map((it) => [
      named(it.name ?? it.username ?? it.user_id), it.roles.join(", "), it.through.join(", "), it.has_mfa == null ? "unknown" : it.has_mfa ? "registered" : "not registered",
    ])) : null);
}

/** The list holds guests as well, and is cut after a hundred people; its caption says so. */
function withoutTitle({ users_without: users, guests_without: guests = 0 }, listed) {
  const all = [counted(users, "user"), guests ? counted(guests, "guest") : null].filter(Boolean).join(" and ");
  return `Not registered for MFA: ${all}${users + guests > listed.length ? `, of whom ${listed.length} are listed` : ""}`;
}

function counted(number, what) {
  return `${number.toLocaleString()} ${what}${number === 1 ? "" : "s"}`;
}

function improvementsSection(improvements) {
  const more = improvements.length - MOST_IMPROVEMENTS;
  return section(IMPROVEMENTS, listing(more > 0 ? `Findings: the ${MOST_IMPROVEMENTS} that bring most, of ${improvements.length}` : IMPROVEMENTS, ["What to do", "Service", "Points", "Impact on users"],
    improvements.slice(0, MOST_IMPROVEMENTS).map((it) => [
      it.title, it.service ?? it.category ?? "", make("span", {}, `${it.points} of ${it.max_points}`), it.user_impact ?? "",
    ]), { headed: more <= 0 }));
}
