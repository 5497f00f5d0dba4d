// The table as a CSV file, made here from all pages. No cell can act as a formula in a spreadsheet.

import { say } from "./dom.js";
import { download } from "./removal.js";

const COLUMNS = [
  ["Microsoft Tenant", (row) => row.name],
  ["Tenant id", (row) => row.tenant_id],
  ["Default domain", (row) => row.default_domain],
  ["Kind", (row) => row.kind],
  ["Mapped to", (row) => row.syncro_tenant?.name],
  ["Sync Status", (row) => row.sync_status.label],
  ["Reason", (row) => row.sync_status.reason],
  ["Detail", (row) => row.sync_status.detail],
  ["What to do", (row) => row.sync_status.remedy],
  ["Last Sync", (row) => row.last_sync_at],
  ["CSP Name", (row) => row.csp_name],
  ["CSP Auth", (row) => row.csp_auth.label ?? row.csp_auth],
  ["CSP Auth detail", (row) => row.csp_auth.detail],
];

export async function exportCsv(readAll) {
  say("The file is being made.");
  const { items } = await readAll();
  const lines = [COLUMNS.map(([title]) => title), ...items.map((row) => COLUMNS.map(([, value]) => value(row)))];
  const text = lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
  download(`microsoft-tenants-${new Date().toISOString().slice(0, 10)}.csv`, "text/csv;charset=utf-8", "\uFEFF", text);
  say(`${items.length} tenants are in the file.`);
}

export function cell(value) {
  const text = String(value ?? "");
  return `"${(/^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}
