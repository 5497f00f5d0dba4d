// The details page of one tenant: how fresh, how many, who, and what happened.

import { backToTable } from "./address.js";
import { ask, askRows, at } from "./api.js";
import { tenantActions } from "./actions.js";
import { baselinesSection } from "./baselines.js";
import { heldBack } from "./caller.js";
import { configurationPart } from "./configuration.js";
import { guarded } from "./dialog.js";
import { facts, frame, make, named, note, part, words } from "./dom.js";
import { linkList, relationshipLinks, tenantLinks } from "./links.js";
import { listing, longSection, section } from "./listing.js";
import { dots, menuButton } from "./menu.js";
import { mfaPart, readMfa } from "./mfa.js";
import { usersSection } from "./people.js";
import { cspParts, ignoreButton } from "./relationships.js";
import { hasScore, scoreSection } from "./score.js";
import { permissionsNote } from "./permissions.js";
import { securityParts } from "./security.js";
import { badge } from "./status.js";
import { assetsPart, readTenantAssets } from "./tenantassets.js";
import { contents, tiles } from "./tiles.js";
import { ago, exact } from "./times.js";
import { trouble } from "./trouble.js";
import { readUserSync, userSyncPart } from "./usersync.js";

const FIRST = { users: 10, devices: 10, licenses: 10, runs: 10 };
const counts = {};
let shownTenant = "";

/** Show a tenant; true while its sync is under way. */
export async function showTenant(id, config, again, current) {
  if (shownTenant !== id) Object.assign(counts, FIRST);
  shownTenant = id;
  const [details, security, findings, mfa, users, devices, licenses, runs] = await Promise.all([
    ask("GET", at`/tenants/${id}`), ask("GET", at`/tenants/${id}/security`), ask("GET", at`/tenants/${id}/findings`), readMfa(id),
    ...Object.keys(FIRST).map((list) => askRows(at`/tenants/${id}/${list}`, {}, counts[list])),
  ]);
  const running = runs.items.find((run) => !run.ended_at);
  const [userSync, assets] = await Promise.all([readUserSync(id, details.tenant), readTenantAssets(id, details.tenant)]);
  const more = (list) => () => {
    counts[list] += 200;
    again();
  };
  const showUsers = await usersSection(id, users, more("users"), again, emptyText(users));
  if (!(await current())) return false;
  const view = frame(`tenant-${id}`);
  part(view, "top", "always", () => backToTable());
  part(view, "head", [details.tenant, details.held_back, details.user_count, details.organizations, details.csp?.ignored, Boolean(running), heldBack()], () => head(details, config, running, again));
  part(view, "tiles", [details.tenant, details.csp?.trace, details.secure_score, mfa.first.counts, mfa.first.excepted, details.licenses, findings.counts, userSync, assets], () => tiles(details, findings, mfa.first, userSync, assets));
  const ways = part(view, "contents", "made below", () => []);
  part(view, "given-up", details.given_up, () => (details.given_up ?? []).map(trouble));
  part(view, "permissions", [details.missing_permissions, heldBack()], () => permissionsNote(details.missing_permissions, again));
  part(view, "evaluations", details.evaluations, () => failing(details.evaluations ?? []));
  part(view, "progress", running, () => (running ? progress(running) : null));
  const ignored = details.csp?.ignored ?? false;
  part(view, "ignored", ignored, () => (ignored ? note("grey", "This tenant is ignored.", "It is not shown in the table and not counted until you stop ignoring it.") : null));
  userSyncPart(view, id, userSync, again);
  assetsPart(view, id, assets, details.organizations, again);
  mfaPart(view, id, mfa, again);
  const [left, right] = part(view, "columns", "made once", () => make("div", { class: "halves" }, make("div", {}), make("div", {}))).firstChild.children;
  if (details.csp) cspParts(left, right, details.csp);
  part(left, "score", details.secure_score, () => (hasScore(details.secure_score) ? scoreSection(details.secure_score) : null));
  securityParts(left, right, security);
  longSection(right, {
    title: "Licenses", heads: ["Product", "Bought", "Assigned", "Unused"], page: licenses, more: more("licenses"), empty: emptyText(licenses),
    cells: (it) => [it.name, it.bought, it.assigned, it.unused ?? 0].map((value) => (typeof value === "number" ? value.toLocaleString() : value)),
  });
  part(view, "baselines", findings, () => baselinesSection(findings));
  showUsers(view);
  longSection(view, {
    title: "Devices", heads: ["Name", "System", "Manufacturer and model", "Compliant", "Last seen"], page: devices, more: more("devices"), empty: devices.first.state === "fresh" ? "" : emptyText(devices),
    cells: (it) => [named(it.name), [it.system, it.system_version].filter(Boolean).join(" "), named([it.manufacturer, it.model].filter(Boolean).join(" ")), yesOrNo(it.is_compliant), ago(it.last_seen_at, "")],
  });
  configurationPart(view, security);
  longSection(view, {
    title: "Sync history", heads: ["Started", "Reason", "Result", "Duration", "Changes"], page: runs, more: more("runs"), empty: "No sync has run yet.",
    cells: (run) => [ago(run.started_at ?? run.ordered_at), words(run.reason), result(run), took(run), changes(run)],
  });
  part(view, "datasets", details.datasets, () => (details.datasets.length ? freshness(details.datasets) : null));
  part(ways, "links", [...view.querySelectorAll("[data-section]")].map((it) => it.dataset.section), () => contents(view));
  return Boolean(running);
}

function emptyText(page) {
  return page.first.state === "not_mapped" ? "" : `Nothing to show: ${words(page.first.state)}.`;
}

function head({ tenant: row, held_back: held, user_count: users, organizations, csp }, config, running, again) {
  const sync = { name: row.name, what: "Sync Status", key: "details-status", links: () => tenantLinks(row.tenant_id, row.kind) };
  const auth = { name: row.name, what: "CSP Auth", key: "details-auth", links: () => relationshipLinks(row.tenant_id) };
  return make("section", { class: "card head", "aria-label": "Microsoft Details" },
    make("div", { class: "title" },
      make("div", {}, make("h2", {}, named(row.syncro_tenant?.name ?? row.name)),
        make("p", { class: "quiet" }, row.syncro_tenant ? `${config.product_name} Tenant` : "Microsoft Tenant, not mapped")),
      row.syncro_tenant ? syncNow(row.tenant_id, running, heldBack() ?? held, again) : null,
      csp ? ignoreButton(row, csp.ignored, again) : null,
      menuButton({ label: dots(), title: `Actions for ${row.name}`, key: "details-menu", style: "dots", entries: () => tenantActions(row, config.product_name, again) })),
    make("div", { class: "columns" }, facts([
      ["Last Tenant Sync", row.last_sync_at ? [ago(row.last_sync_at), ` (${exact(row.last_sync_at)})`] : ago(null)],
      ["Sync Status", badge(row.sync_status, sync)],
      ["CSP Name", row.csp_name === "-" ? null : named(row.csp_name)],
      ["CSP Auth", typeof row.csp_auth === "string" ? null : badge(row.csp_auth, auth)],
      ["Microsoft Tenant", named(row.name)],
      ["Default domain", row.default_domain],
      ["Tenant id", make("code", {}, row.tenant_id)],
      ["Microsoft Users", users == null ? "not read yet" : users.toLocaleString()],
      ["Customer Organizations", organizations.length ? organizations.flatMap((it, place) => [place ? ", " : "", make("a", { href: `#organization=${it.id}`, "data-key": `organization-${it.id}` }, named(it.name))]) : null],
    ]), make("div", {}, make("h3", {}, "At Microsoft"), linkList(tenantLinks(row.tenant_id, row.kind)))));
}

/** Where no sync can start, the button says why instead of being refused. */
function syncNow(id, running, held, again) {
  if (held && !running) {
    return make("div", { class: "held" }, make("button", { class: "main", "data-key": "sync-now", disabled: true, "aria-describedby": "held-back" }, "Sync Now"),
      make("p", { class: "quiet", id: "held-back" }, held.detail, " ", held.remedy));
  }
  return make("button", { class: "main", "data-key": "sync-now", disabled: Boolean(running), onclick: guarded(async () => {
    await ask("POST", at`/tenants/${id}/sync`);
    await again();
  }) }, running ? "Syncing\u2026" : "Sync Now");
}

function progress(run) {
  const done = (run.datasets ?? []).map((it) => `${words(it.dataset)}: ${words(it.outcome)}`);
  return note("orange", run.started_at ? "A sync is running." : "A sync is queued and starts in a moment.", "",
    make("progress", { "aria-label": "Sync in progress" }), make("p", { class: "quiet" }, "Ordered ", ago(run.ordered_at), done.length ? `. Done: ${done.join(", ")}` : "."));
}

const OUTCOME_COLOURS = { fresh: "green", stale: "orange", not_licensed: "grey", not_offered: "grey", denied: "red", failed: "red" };

/** One line while all is well; each data set with its remark as soon as one is not. */
function freshness(datasets) {
  const unlicensed = datasets.filter((it) => it.state === "not_licensed").length;
  const unoffered = datasets.filter((it) => it.state === "not_offered").length;
  const behind = datasets.filter((it) => !["not_licensed", "not_offered"].includes(it.state) && (it.state !== "fresh" || it.error));
  const told = [
    behind.length ? `${behind.length} of ${datasets.length} are not up to date: ${behind.map((it) => words(it.dataset)).join(", ")}` : `All ${datasets.length - unlicensed - unoffered} are up to date`,
    unlicensed ? `${unlicensed} need a license that the tenant does not have` : "",
    unoffered ? `${unoffered} ${unoffered === 1 ? "is" : "are"} not offered by Microsoft in this tenant` : "",
  ].filter(Boolean).join(". ");
  return section("Data sets", make("details", { open: behind.length > 0 }, make("summary", { "data-key": "datasets" }, told), listing("Data sets", ["Data set", "State", "As of", "Rows", "Note"], datasets.map((it) => [
    words(it.dataset), make("span", { class: `mark ${OUTCOME_COLOURS[it.state] ?? "grey"}` }, words(it.state)), ago(it.as_of, "not read yet"), it.count.toLocaleString(), words(it.error || ""),
  ]), { headed: true })));
}

/** One quiet line for what follows from the data and could not be brought up to date; nothing while all is well. */
function failing(evaluations) {
  const failed = evaluations.filter((it) => it.state === "failed");
  if (!failed.length) return null;
  const since = failed.map((it) => it.since).sort()[0];
  return make("p", { class: "quiet" }, `${failed[0].detail} Affected: ${failed.map((it) => words(it.name)).join(", ")}. Since `, ago(since), ".");
}

function yesOrNo(value) {
  return value == null ? "" : value ? "yes" : "no";
}

function result(run) {
  return run.cause && run.cause !== run.state ? `${words(run.state)}: ${words(run.cause)}` : words(run.state);
}

function took(run) {
  if (!run.started_at || !run.ended_at) return "";
  const seconds = (Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1000;
  const text = seconds < 1 ? "under 1 s" : seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
  return make("span", { title: exact(run.ended_at) }, text);
}

/** What a run changed, and what it could not read; data sets that were as before are not worth a line. */
function changes(run) {
  const lines = (run.datasets ?? []).map((it) => {
    const parts = Object.entries(it.counts ?? {}).filter(([, count]) => count).map(([what, count]) => `${count.toLocaleString()} ${what}`);
    return [words(it.dataset), words(it.error || "") || parts.join(", ")];
  }).filter(([, told]) => told);
  if (!lines.length) return run.ended_at ? "nothing" : "";
  return make("ul", { class: "lines" }, lines.map((line) => make("li", {}, line.join(": "))));
}
