// The view of one CSP: whether our access to it works, check by check, and how its status came about.

import { ask, at } from "./api.js";
import { cspActions } from "./actions.js";
import { backToTable, tableAddress } from "./address.js";
import { whyOff } from "./caller.js";
import { guarded } from "./dialog.js";
import { facts, frame, icon, make, named, note, part, words } from "./dom.js";
import { linkList, partnerLinks } from "./links.js";
import { listing, section } from "./listing.js";
import { dots, menuButton } from "./menu.js";
import { checkList } from "./relationships.js";
import { badge } from "./status.js";
import { ago } from "./times.js";

const CHECKING_MS = 120000;
const checking = new Map(); // integration id -> {since, before}

/** Show a CSP; true while its access is being checked. */
export async function showCsp(id, _config, again, current) {
  const [told, page] = await Promise.all([ask("GET", at`/integrations/${id}`), ask("GET", "/integrations?limit=1")]);
  if (!(await current())) return false;
  const csp = page.csps.find((it) => it.id === id);
  const { checks = [], history = [] } = told;
  const isChecking = stillChecking(id, checks);
  const view = frame(`csp-${id}`);
  part(view, "top", "always", () => backToTable());
  part(view, "head", [told, csp, isChecking, whyOff()], () => head(told, csp, isChecking, again));
  part(view, "warning", told.csp?.failed_reauthorization, () => failedReauthorization(told.csp?.failed_reauthorization));
  part(view, "checks", [checks, isChecking], () => section("Access checks", isChecking ? make("progress", { "aria-label": "Checking access" }) : null,
    checks.length ? checkList(checks) : make("p", { class: "quiet" }, "Nothing has been checked yet.")));
  part(view, "history", history, () => (history.length ? section("Status history", listing("Status history", ["When", "Sync Status", "What happened"],
    history.map((it) => [ago(it.at ?? it.since), it.colour ? make("span", { class: `status ${it.colour}` }, icon(it.colour), it.label) : it.label, it.detail ?? words(it.cause ?? it.reason)]), { headed: true })) : null));
  return isChecking;
}

function head(told, csp, isChecking, again) {
  const { sync_status: status = csp?.sync_status, ...known } = told.csp ?? {};
  const about = { name: told.name, what: "Sync Status", key: "details-status", links: () => partnerLinks(told.tenant_id) };
  return make("section", { class: "card head", "aria-label": told.name },
    make("div", { class: "title" },
      make("div", {}, make("h2", {}, named(told.name)),
        csp ? make("p", { class: "quiet" }, [csp.kind_label, csp.tenant_count_label].filter(Boolean).join(" ")) : null),
      make("button", { class: "main", "data-key": "check", disabled: isChecking || Boolean(whyOff()), title: whyOff(), onclick: guarded(async () => {
        await ask("POST", at`/integrations/${told.id}/access-check`);
        checking.set(told.id, { since: Date.now(), before: times(told.checks ?? []) });
        await again();
      }) }, isChecking ? "Checking access\u2026" : "Check access"),
      csp ? menuButton({ label: dots(), title: `Actions for ${told.name}`, key: "details-menu", style: "dots", entries: () => cspActions(csp, again) }) : null),
    make("div", { class: "columns" }, facts([
      ["Sync Status", status ? badge(status, about) : null],
      ["Last Synced", csp ? ago(csp.last_synced_at) : null],
      ["Tenants", csp ? inTable(csp.tenant_count, { csp: csp.id }) : null],
      ["Ignored", csp?.ignored_count ? inTable(csp.ignored_count, { csp: csp.id, ignored: "true" }) : null],
      ["Account", known.account ? named(known.account) : null],
      ["Tenant id", told.tenant_id ? make("code", {}, told.tenant_id) : null],
      ["Integrated", told.connected_at ? ago(told.connected_at) : null],
      ["Last authorized", told.last_authorized_at ? ago(told.last_authorized_at) : null],
      ["Credential renewed", known.credential_renewed_at ? ago(known.credential_renewed_at) : null],
      ["Prerequisites", known.prerequisites_accepted_at ? [`version ${known.prerequisites_version}, accepted `, ago(known.prerequisites_accepted_at)] : null],
      ["Former names", known.former_names?.join(", ")],
      ["Integrated as single tenants", known.already_integrated?.map((it) => it.name || it.tenant_id).join(", ")],
    ]), make("div", {}, make("h3", {}, "At Microsoft"), linkList(partnerLinks(told.tenant_id)))));
}

function inTable(count, wanted) {
  return make("a", { href: tableAddress(wanted) }, `Show ${count.toLocaleString()} in the table`);
}

function failedReauthorization(failed) {
  return failed ? note("yellow", "The last attempt to reauthorize did not succeed. The previous authorization is still in use.", failed.detail,
    make("p", { class: "quiet" }, ago(failed.at))) : null;
}

/** A check that was asked for is over when every check has a new time, or when nobody can wait any longer. */
function stillChecking(id, checks) {
  const asked = checking.get(id);
  if (!asked) return false;
  const now = times(checks);
  const isOver = checks.length > 0 && checks.every((it) => it.at && now[it.check] !== asked.before[it.check]);
  if (isOver || Date.now() - asked.since > CHECKING_MS) checking.delete(id);
  return checking.has(id);
}

function times(checks) {
  return Object.fromEntries(checks.map((it) => [it.check, it.at]));
}
