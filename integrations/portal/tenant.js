// The details page of one tenant: how fresh, how many, who, and what happened.

import { ask } from "./api.js";
import { ago, facts, make, problem, show } from "./dom.js";
import { status } from "./table.js";

const SHOWN = 50;

/** Show a tenant; true while its sync is under way. */
export async function showTenant(id, config, again) {
  const [details, users, licenses, runs] = await Promise.all([
    ask("GET", `/tenants/${id}`), ask("GET", `/tenants/${id}/users?limit=${SHOWN}`),
    ask("GET", `/tenants/${id}/licenses`), ask("GET", `/tenants/${id}/runs?limit=10`),
  ]);
  const row = details.tenant;
  show("view", make("p", {}, make("a", { href: "#" }, "\u2190 All tenants")),
    make("div", { class: "card" }, make("h2", {}, `${config.product_name} Tenant: ${row.syncro_tenant?.name ?? "not mapped"}`),
      facts([
        ["Microsoft Tenant", row.name], ["Tenant id", row.tenant_id], ["Default domain", row.default_domain],
        ["Sync Status", status(row.sync_status, row.name)], ["Last Tenant Sync", ago(row.last_sync_at)],
        ["Microsoft Users", details.user_count == null ? "not read yet" : String(details.user_count)],
        ["Customer Organizations", details.organizations.map((it) => it.name).join(", ")],
      ]),
      row.syncro_tenant ? syncNow(id, again) : null),
    section("Data sets", ["Data set", "State", "As of", "Rows", "Remark"], details.datasets.map((it) => [it.dataset, it.state.replaceAll("_", " "), ago(it.as_of), String(it.count), it.error])),
    section("Licences", ["Product", "Bought", "Assigned", "Unused"], licenses.items.map((it) => [it.name, it.bought, it.assigned, it.unused ?? 0].map(String))),
    section(users.next_cursor ? `Users (the first ${SHOWN})` : "Users", ["Name", "User name", "Department", "Enabled"],
      users.items.map((it) => [it.name, it.username, it.department ?? "", it.is_enabled === false ? "no" : "yes"])),
    section("Sync history", ["Started", "Why", "State", "What changed"], runs.items.map((run) => [ago(run.started_at ?? run.ordered_at), run.reason, run.state, changes(run)])));
  return row.sync_status.label === "Pending";
}

function syncNow(id, again) {
  return make("button", { class: "main", onclick: async () => {
    try {
      await ask("POST", `/tenants/${id}/sync`);
    } catch (error) {
      show("notice", problem(error));
    }
    again();
  } }, "Sync Now");
}

function changes(run) {
  return (run.datasets ?? []).map((it) => {
    const counts = it.counts ?? {};
    const parts = ["created", "changed", "removed"].filter((name) => counts[name]).map((name) => `${counts[name]} ${name}`);
    return `${it.dataset}: ${parts.join(", ") || "no change"}`;
  }).join("; ");
}

function section(title, heads, rows) {
  if (!rows.length) return null;
  return make("section", {}, make("h2", {}, title), make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, rows.map((cells) => make("tr", {}, cells.map((cell) => make("td", {}, cell))))))));
}
