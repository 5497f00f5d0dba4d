// Tables as CSV files, made here from all pages. No cell can act as a formula in a spreadsheet.

import { counted, say } from "./dom.js";
import { download } from "./download.js";

export const COLUMNS = [
  ["Microsoft Tenant", (row) => row.name],
  ["Tenant id", (row) => row.tenant_id],
  ["Default domain", (row) => row.default_domain],
  ["Kind", (row) => row.kind],
  ["Mapped to", (row) => row.syncro_tenant?.name],
  ["Sync Status", (row) => row.sync_status.label],
  ["Reason", (row) => row.sync_status.reason],
  ["Detail", (row) => row.sync_status.detail],
  ["What to do", (row) => row.sync_status.remedy],
  ["Overdue since", (row) => row.sync_status.overdue_since ?? row.csp_auth.overdue_since],
  ["Last Sync", (row) => row.last_sync_at],
  ["CSP Name", (row) => row.csp_name],
  ["CSP Auth", (row) => row.csp_auth.label ?? row.csp_auth],
  ["CSP Auth detail", (row) => row.csp_auth.detail],
];

/** Give the browser a file; `columns` are [title, value of a row]. */
export async function exportCsv(name, columns, readAll) {
  say("The file is being created.");
  const { items } = await readAll();
  const lines = [columns.map(([title]) => title), ...items.map((row) => columns.map(([, value]) => value(row)))];
  const text = lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
  download(`${name}-${new Date().toISOString().slice(0, 10)}.csv`, "text/csv;charset=utf-8", "\uFEFF", text);
  say(`The file has ${counted(items.length, "row")}.`);
}

// The rule of server (shared/formats/csv_text.py) and page: what a reader skips before a formula's sign, and where some split.
const SKIPPED = "\\x00-\\x08\\x0b\\x0c\\x0e-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ufeff";
const SIGN = "[=+\\-@\\uff1d\\uff0b\\uff0d\\uff20]";
const BEGINS = new RegExp(`^(?:[\\t\\r\\n]|[${SKIPPED}]*${SIGN})`);
const SPLITS = new RegExp(`([;\\t\\r\\n])(?=[${SKIPPED}]*${SIGN})`, "g");

/** A value in quotes, with an apostrophe wherever a formula would begin; NUL ends a text for some readers and is left out. */
export function cell(value) {
  const text = String(value ?? "").replaceAll("\0", "").replace(SPLITS, "$1'");
  return `"${(BEGINS.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}
