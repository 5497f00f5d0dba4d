// What a tenant's security comes to: who administers it, and what would raise the Secure Score.

import { make, named, part } from "./dom.js";
import { listing, section } from "./listing.js";

const MOST_IMPROVEMENTS = 10;
const IMPROVEMENTS = "Findings: how to raise the Secure Score";

export function securityParts(left, right, security) {
  const { administrators, improvements } = security;
  part(right, "administrators", administrators, () => (administrators.length ? administratorsSection(administrators) : null));
  part(left, "improvements", improvements, () => (improvements.length ? improvementsSection(improvements) : null));
}

function administratorsSection(administrators) {
  return section("Administrators", listing("Administrators", ["Name", "Roles", "Through", "MFA"], administrators.map((it) => [
    named(it.name ?? it.username ?? it.user_id), it.roles.join(", "), it.through.join(", "), it.has_mfa == null ? "unknown" : it.has_mfa ? "registered" : "not registered",
  ]), { headed: true }));
}

function improvementsSection(improvements) {
  const more = improvements.length - MOST_IMPROVEMENTS;
  return section(IMPROVEMENTS, listing(more > 0 ? `Findings: the ${MOST_IMPROVEMENTS} that bring most, of ${improvements.length}` : IMPROVEMENTS, ["What to do", "Service", "Points", "Impact on users"],
    improvements.slice(0, MOST_IMPROVEMENTS).map((it) => [
      it.title, it.service ?? it.category ?? "", make("span", { class: "short" }, `${it.points} of ${it.max_points}`), it.user_impact ?? "",
    ]), { headed: more <= 0 }));
}
