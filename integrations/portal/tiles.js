// A strip above a tenant's sections: how it stands at one look, each tile the way to its section.

import { BASELINES, judged } from "./baselines.js";
import { counted, make } from "./dom.js";
import { leadTo } from "./listing.js";
import { covering, shortly } from "./protection.js";
import { hasScore, percentOf, sparkline } from "./score.js";
import { assetsTile } from "./tenantassets.js";
import { ago, day } from "./times.js";
import { USER_SYNC } from "./usersync.js";

/** The tiles of a tenant; those about which nothing is known are left out. */
export function tiles({ tenant: row, csp, secure_score: score, licenses }, findings, mfa, sync, assets) {
  return make("div", { class: "tiles" }, [
    csp ? accessTile(row, csp.trace ?? []) : null,
    tile("Sync", "Sync history", row.sync_status.colour, row.sync_status.label, ["Last sync ", ago(row.last_sync_at)]),
    hasScore(score) ? tile("Secure Score", "Microsoft Secure Score", null, `${percentOf(score)} %`, [`${Math.round(score.points)} of ${Math.round(score.max_points)} points`], sparkline(score.trend)) : null,
    mfa.counts ? mfaTile(mfa) : null,
    judged(findings).of ? baselinesTile(findings) : null,
    sync ? tile(USER_SYNC, USER_SYNC, sync.state_colour, sync.state_label, [sync.counts ? `${sync.counts.linked.toLocaleString()} linked, ${sync.counts.queued.toLocaleString()} to decide` : ""]) : null,
    assets ? assetsTile(assets) : null,
    licenses?.products ? tile("Licenses", "Licenses", null, `${licenses.assigned.toLocaleString()} of ${licenses.bought.toLocaleString()}`, [`${licenses.unused.toLocaleString()} unused`]) : null,
  ]);
}

/** A customer's access: CSP Auth, and the earliest end of a role. */
function accessTile(row, trace) {
  const [first] = trace.map((it) => it.ends_at).filter(Boolean).sort();
  const broken = trace.filter((it) => !it.member).length;
  const note = broken ? `${broken} of ${trace.length} roles are missing` : first ? `A role ends on ${day(first)}` : "";
  return tile("Access", trace.length ? "Where each role comes from" : "Access checks", row.csp_auth?.colour, row.csp_auth?.label ?? "", [note]);
}

function mfaTile(mfa) {
  const [covered, colour] = covering(mfa);
  return tile("MFA", "Multi-factor authentication", colour, covered, [shortly(mfa)]);
}

function baselinesTile(findings) {
  const { met, of } = judged(findings);
  const { not_met: wrong = 0, narrowed = 0 } = findings.counts;
  return tile("Baselines", BASELINES, wrong ? "red" : narrowed ? "orange" : "green", `${met} of ${of}`, [wrong ? `${counted(wrong, "control", " is", " are")} not met` : narrowed ? `${counted(narrowed, "control", " is", " are")} narrowed` : "All are met"]);
}

/** A tile that leads to the section with the heading `to`. */
function tile(title, to, colour, value, told, drawing = null) {
  return make("button", { class: "tile", "data-key": `tile-${title}`, onclick: () => leadTo(to) },
    make("span", { class: "quiet" }, title),
    make("strong", { class: colour ? `mark ${colour}` : null }, value), drawing,
    make("small", { class: "quiet" }, ...told));
}

/** The way to every section of a view, in its order. */
export function contents(view) {
  const titles = [...view.querySelectorAll("[data-section]")].map((it) => it.dataset.section);
  return make("nav", { class: "contents", "aria-label": "Sections" }, titles.map((title) => make("button", { class: "plain", "data-key": `to-${title}`, onclick: () => leadTo(title) }, title)));
}
