// The table of tenants, its menus and its dialogs.

import { ask } from "./api.js";
import { ago, facts, make, menu, open, show } from "./dom.js";
import { startFlow } from "./flow.js";

const ICONS = { green: "\u2714", orange: "\u25F7", red: "\u2716", grey: "\u2013" };
let wanted = "";

/** Show the table; true while something is under way. */
export async function showTable(config, again) {
  const page = await ask("GET", `/integrations?limit=1000${wanted ? `&q=${encodeURIComponent(wanted)}` : ""}`);
  if (document.querySelector(":popover-open")) return true; // do not pull an open menu away
  const rows = page.tenants.items;
  const search = document.activeElement?.id === "search";
  show("view", bar(page, again), rows.length || wanted ? table(rows, config, again) : empty());
  if (search) focusSearch();
  return rows.some((row) => row.sync_status.label === "Pending");
}

function bar(page, again) {
  const runs = { integrate_single: () => startFlow("/integrations", { kind: "single" }).catch(failed) };
  const entries = page.integrate_menu.map(({ action, label }) => ({ label, run: runs[action] }));
  const search = make("input", { id: "search", type: "search", placeholder: "Search tenants", "aria-label": "Search tenants", value: wanted, oninput: (event) => {
    wanted = event.target.value;
    again();
  } });
  return make("div", { class: "bar" }, page.tenants.items.length || wanted ? search : null, menu("Integrate \u25BE", "Integrate", entries, "main"));
}

function focusSearch() {
  const search = document.getElementById("search");
  search?.focus();
  search?.setSelectionRange(wanted.length, wanted.length);
}

function empty() {
  return make("div", { class: "card empty" }, make("h2", {}, "No Microsoft tenant is integrated yet"),
    make("p", { class: "quiet" }, "Select Integrate, then Single Tenant, and sign in as a Global Administrator of the tenant. Only its name is read until you map it to an Organization."));
}

function table(rows, config, again) {
  const heads = ["Microsoft Tenant", `${config.product_name} Tenant`, "Sync Status", "Last Sync", "CSP Name", "CSP Auth", ""];
  const body = rows.map((row) => make("tr", {},
    make("td", {}, row.name, make("small", {}, row.default_domain ?? row.tenant_id)),
    make("td", {}, row.syncro_tenant ? make("a", { href: `#tenant=${row.tenant_id}` }, row.syncro_tenant.name) : ""),
    make("td", {}, status(row.sync_status, row.name)),
    make("td", {}, row.last_sync_at ? ago(row.last_sync_at) : ""),
    make("td", {}, row.csp_name),
    make("td", {}, typeof row.csp_auth === "string" ? row.csp_auth : status(row.csp_auth, row.name)),
    make("td", { class: "menu" }, menu("\u22EE", `Actions for ${row.name}`, entries(row, again)))));
  return make("div", { class: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)))), make("tbody", {}, body)));
}

function entries(row, again) {
  const runs = {
    map: () => chooseOrganization(row, again),
    unmap: () => unmap(row, again),
    reauthorize: () => startFlow(`/integrations/${row.integration_id}/reauthorize`).catch(failed),
  };
  return row.actions.map(({ action, label }) => ({ label, run: runs[action] }));
}

/** A status in words, icon and colour; it opens its explanation. */
export function status(told, name) {
  const text = told.stalled ? `${told.label} (stalled)` : told.label;
  return make("button", { class: `status ${told.colour}`, onclick: () => explain(told, name) }, make("span", { "aria-hidden": "true" }, ICONS[told.colour] ?? ""), text);
}

function explain(told, name) {
  open(`${name}: ${told.label}`, make("div", {}, make("p", {}, told.detail), make("p", {}, make("strong", {}, "What to do: "), told.remedy),
    facts([["Since", ago(told.since)], ["Looked at again", told.next_check_at ? new Date(told.next_check_at).toLocaleString() : null], ...Object.entries(told.evidence)])),
  [{ label: "Close" }]);
}

async function chooseOrganization(row, again) {
  const { items } = await ask("GET", "/organizations?limit=1000");
  const choice = make("select", {}, make("option", { value: "" }, "A new Organization"), items.map((it) => make("option", { value: it.id }, it.name)));
  const name = make("input", { value: row.name, maxlength: 256 });
  const fresh = make("label", {}, "Its name", name);
  choice.addEventListener("change", () => { fresh.hidden = choice.value !== ""; });
  open("Start Tenant Mapping", make("div", {}, facts([["Microsoft Tenant", row.name], ["Tenant id", row.tenant_id]]), make("label", {}, "Organization", choice), fresh), [
    { label: "Cancel" },
    { label: "Start Tenant Mapping", main: true, run: async () => {
      const organization = choice.value || (await ask("POST", "/organizations", { name: name.value })).id;
      await ask("PUT", `/tenants/${row.tenant_id}/mapping`, { organization_id: organization });
      again();
    } },
  ]);
}

function unmap(row, again) {
  open(row.actions.find((it) => it.action === "unmap").label, make("p", {}, `Syncing of ${row.name} stops at once, and its synced data is no longer shown. Nothing changes at Microsoft.`), [
    { label: "Cancel" },
    { label: "Unmap", main: true, run: async () => {
      await ask("DELETE", `/tenants/${row.tenant_id}/mapping`);
      again();
    } },
  ]);
}

function failed(error) {
  open("That did not work", make("div", {}, make("p", {}, error.message), make("p", {}, error.remedy)), [{ label: "Close" }]);
}
