// The table of tenants: rows are drawn in chunks, and drawn again only when they have changed.
// Out of sight they cost the browser something by the group, not by the row.

import { tenantActions } from "./actions.js";
import { keepFocus, make, named } from "./dom.js";
import { relationshipLinks, tenantLinks } from "./links.js";
import { dots, menuButton } from "./menu.js";
import { badge } from "./status.js";
import { ago } from "./times.js";

const GROUP = 10;
const CHUNK = 4 * GROUP;
const SORTS = ["name", "syncro_tenant", "status", "last_sync_at", "csp_name", "csp_auth"];
const drawn = new Map(); // row key -> {row, element}
let drawing = 0;

/** Draw rows into a place; `page` says how they are sorted and what happens after an action. */
export async function drawTable(place, rows, page) {
  const mine = ++drawing;
  const table = place.querySelector("table") ?? begin(place, page);
  head(place, page);
  place.hidden = !rows.length;
  const wanted = new Set(rows.map(keyOf));
  for (const [key, { element }] of drawn) {
    if (wanted.has(key) && table.contains(element)) continue;
    element.remove();
    drawn.delete(key);
  }
  for (let at = 0; at < rows.length; at += CHUNK) {
    if (at) await nextFrame();
    if (mine !== drawing) return;
    for (let place = at; place < Math.min(at + CHUNK, rows.length); place += 1) put(groupAt(table, place), rows[place], place % GROUP, page);
  }
  for (const group of [...table.tBodies]) if (!group.rows.length) group.remove();
}

function groupAt(table, place) {
  const known = table.tBodies[Math.floor(place / GROUP)];
  if (!known) table.append(make("tbody", { role: "rowgroup" }));
  return known ?? table.lastChild;
}

function keyOf(row) {
  return `${row.integration_id}-${row.tenant_id}`;
}

/** A row at its place in a group; what stood there moves on, over the group's end too. */
function put(group, row, place, page) {
  const key = keyOf(row);
  const known = drawn.get(key);
  const there = group.children[place] ?? null;
  if (known && (known.row === row || JSON.stringify(known.row) === JSON.stringify(row))) {
    known.row = row;
    if (there !== known.element) group.insertBefore(known.element, there);
    return;
  }
  const element = rowOf(row, key, page);
  if (known) keepFocus(known.element, () => known.element.replaceWith(element));
  if (group.children[place] !== element) group.insertBefore(element, group.children[place] ?? null);
  drawn.set(key, { row, element });
}

function begin(place, page) {
  const table = make("table", { role: "table", class: "tenants", "aria-label": "Microsoft tenants" },
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, heads(page.product).map(([title, sort]) => make("th", {
      role: "columnheader", scope: "col", "data-sort": sort,
    }, title || make("span", { class: "unseen" }, "Actions"))))));
  place.replaceChildren(table);
  return table;
}

function heads(product) {
  return [["Microsoft Tenant", "name"], [`${product} Tenant`, "syncro_tenant"], ["Sync Status", "status"],
    ["Last Sync", "last_sync_at"], ["CSP Name", "csp_name"], ["CSP Auth", "csp_auth"], ["", null]];
}

/** Heads say how the table is sorted, and sort it when selected; what can be sorted by is the API's to say. */
function head(place, { sort, sorts = SORTS, onsort }) {
  const [by, descends] = [sort.replace("-", ""), sort.startsWith("-")];
  for (const cell of place.querySelectorAll("th")) {
    const name = cell.dataset.sort;
    if (!sorts.includes(name)) continue;
    const order = name === by ? (descends ? "descending" : "ascending") : "none";
    if (cell.getAttribute("aria-sort") === order) continue;
    cell.setAttribute("aria-sort", order);
    const button = cell.querySelector("button") ?? make("button", { class: "sort", "data-key": `sort-${name}` }, cell.textContent);
    button.onclick = () => onsort(order === "ascending" ? `-${name}` : name);
    if (!button.isConnected) cell.replaceChildren(button);
  }
}

function rowOf(row, key, { product, again }) {
  const sync = { name: row.name, what: "Sync Status", key: `status-${key}`, links: () => tenantLinks(row.tenant_id, row.kind) };
  const auth = { name: row.name, what: "CSP Auth", key: `auth-${key}`, links: () => relationshipLinks(row.tenant_id) };
  const cell = (title, ...content) => make("td", { role: "cell", "data-title": title }, ...content);
  return make("tr", { role: "row", class: `of-${row.kind}` },
    make("td", { role: "cell", class: "name" },
      make("a", { href: `#tenant=${row.tenant_id}`, "data-key": `name-${key}` }, named(row.name)), make("small", { title: row.default_domain ?? row.tenant_id }, row.default_domain ?? row.tenant_id)),
    cell(`${product} Tenant`, row.syncro_tenant
      ? make("a", { href: `#tenant=${row.tenant_id}`, "data-key": `mapped-${key}` }, named(row.syncro_tenant.name)) : make("span", { class: "quiet narrow" }, "not mapped"), userSync(row, key)),
    cell("Sync Status", badge(row.sync_status, sync)),
    cell("Last Sync", row.last_sync_at ? ago(row.last_sync_at) : make("span", { class: "quiet narrow" }, "never")),
    cell("CSP Name", named(row.csp_name)),
    cell("CSP Auth", typeof row.csp_auth === "string" ? row.csp_auth : badge(row.csp_auth, auth)),
    make("td", { role: "cell", class: "menu" }, menuButton({
      label: dots(), title: `Actions for ${row.name}`, key: `menu-${key}`, style: "dots", entries: () => tenantActions(row, product, again),
    })));
}

/** What somebody has to do about the user sync, and the way there. */
function userSync({ tenant_id: id, user_sync: sync }, key) {
  if (!sync) return null;
  const place = ["held", "failed"].includes(sync.state) ? `#tenant=${id}/user-sync` : `#user-sync=${id}/queue`;
  return make("small", {}, make("a", { class: `mark ${sync.colour}`, href: place, "data-key": `user-sync-${key}` }, sync.label));
}

function nextFrame() {
  return new Promise((resolve) => {
    if (document.hidden) setTimeout(resolve);
    else requestAnimationFrame(() => setTimeout(resolve));
  });
}
