// The rows of CSPs above the table. Where many work, they are one line that unfolds; what needs somebody is always in sight.

import { cspActions } from "./actions.js";
import { icon, make, named } from "./dom.js";
import { partnerLinks } from "./links.js";
import { dots, menuButton } from "./menu.js";
import { badge } from "./status.js";
import { ago } from "./times.js";

const FEW = 2;

export function cspRows(csps, again) {
  const row = (csp) => cspRow(csp, again);
  const working = csps.filter((it) => it.sync_status.colour === "green" && !it.sync_status.overdue_since);
  if (working.length <= FEW) return csps.map(row);
  const count = working.reduce((sum, it) => sum + it.tenant_count, 0);
  return [...csps.filter((it) => !working.includes(it)).map(row),
    make("details", { class: "csps" },
      make("summary", { "data-key": "csps" }, make("span", { class: "mark green" }, `${working.length} CSPs with ${count.toLocaleString()} tenants are synced`)),
      ...working.map(row))];
}

function cspRow(csp, again) {
  const about = { name: csp.name, what: "Sync Status", key: `csp-status-${csp.id}`, links: () => partnerLinks(csp.tenant_id) };
  const { colour, detail } = csp.sync_status;
  return make("article", { class: "csp card", "aria-label": csp.name }, icon("cloud"),
    make("div", { class: "who" },
      make("h2", {}, make("a", { href: `#csp=${csp.id}`, "data-key": `csp-name-${csp.id}` }, named(csp.name))),
      csp.domain ? make("small", { class: "quiet" }, named(csp.domain)) : null),
    make("p", { class: "quiet kind" }, [csp.kind_label, csp.tenant_count_label].filter(Boolean).join(" "), csp.ignored_count ? `, ${csp.ignored_count} ignored` : ""),
    make("p", { class: "synced" }, make("span", { class: "quiet" }, "Last Synced "), ago(csp.last_synced_at)),
    badge(csp.sync_status, about),
    menuButton({ label: dots(), title: `Actions for ${csp.name}`, key: `csp-menu-${csp.id}`, style: "dots", entries: () => cspActions(csp, again) }),
    colour === "red" ? make("p", { class: "why" }, detail) : null);
}
