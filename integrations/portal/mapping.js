// Map a tenant to an Organization, and undo it.

import { ask, askRows, at } from "./api.js";
import { bullets, facts, make, named, notify } from "./dom.js";
import { open } from "./dialog.js";
import { helpLinks, linkList } from "./links.js";

const SHOWN = 60;
const TITLE = "Start Tenant Mapping";

export async function mapTenant(row, _label, product, again) {
  const { items } = await askRows("/organizations", {}, Infinity);
  items.sort((one, other) => one.name.localeCompare(other.name));
  const choice = { organization: null, name: null };
  const [, go] = open(TITLE, make("div", {},
    facts([["Microsoft Tenant", named(row.name)], ["Tenant id", make("code", {}, row.tenant_id)]]),
    picker(items, row.name, (chosen) => {
      Object.assign(choice, chosen);
      go.disabled = !(choice.organization || choice.name);
    }), linkList(helpLinks("mapping"))),
  [
    { label: "Cancel" },
    { label: TITLE, style: "main", off: true, run: async () => {
      const chosen = choice.organization ?? await ask("POST", "/organizations", { name: choice.name });
      choice.organization = chosen; // made once, also when mapping it fails and is tried again
      await ask("PUT", at`/tenants/${row.tenant_id}/mapping`, { organization_id: chosen.id });
      const { held_back: held } = await ask("GET", at`/tenants/${row.tenant_id}`);
      const mapped = `${row.name} is mapped to ${chosen.name}.`;
      if (held) notify("orange", mapped, `It is not synced yet. ${held.detail} ${held.remedy}`);
      else notify("green", mapped, `Its first sync has started. The ${product} Tenant column links to its details.`);
      again();
    } },
  ]);
}

/** Search over Organizations; the last choice is a new one, named like the tenant unless told otherwise. */
function picker(organizations, tenantName, onchoice) {
  const list = make("div", { class: "choices", role: "radiogroup", "aria-label": "Organization" });
  const count = make("p", { class: "quiet", role: "status" });
  const name = make("input", { value: tenantName, maxlength: "256", "aria-label": "Name of the new Organization", oninput: () => fresh() });
  const fresh = () => onchoice({ organization: null, name: name.value.trim() });
  const radio = (label, pick) => make("label", {}, make("input", { type: "radio", name: "organization", onchange: pick }), label);
  const newName = make("div", { class: "fresh", hidden: true }, name);
  const draw = (text) => {
    const sought = text.trim().toLocaleLowerCase();
    const found = organizations.filter((it) => it.name.toLocaleLowerCase().includes(sought) || (it.domains ?? []).some((domain) => domain.includes(sought)));
    list.replaceChildren(...found.slice(0, SHOWN).map((it) => radio(make("span", {}, named(it.name), it.domains?.length ? make("small", {}, it.domains.join(", ")) : null), () => {
      newName.hidden = true;
      onchoice({ organization: it, name: null });
    })), radio(make("strong", {}, "New Organization"), () => {
      newName.hidden = false;
      fresh();
    }));
    newName.hidden = true;
    onchoice({ organization: null, name: null });
    count.textContent = found.length > SHOWN ? `${found.length} Organizations found. The first ${SHOWN} are shown; type more to narrow the search.`
      : `${found.length} ${found.length === 1 ? "Organization" : "Organizations"} found.`;
  };
  queueMicrotask(() => draw(""));
  return make("div", {}, make("label", { class: "field" }, "Organization",
    make("input", { type: "search", autofocus: true, placeholder: "Search Organizations", oninput: (event) => draw(event.target.value) })), count, list, newName);
}

export function unmapTenant(row, label, product, again) {
  open(label, make("div", {},
    make("p", {}, make("strong", {}, named(row.name)), " is no longer associated with ", make("strong", {}, named(row.syncro_tenant?.name ?? `its ${product} Tenant`)), "."),
    bullets(["Syncing stops immediately.", "Its synced data is no longer shown.", "The tenant stays integrated and can be mapped again.", "Nothing changes at Microsoft."])),
  [
    { label: "Cancel" },
    { label: "Unmap", style: "danger", run: async () => {
      await ask("DELETE", at`/tenants/${row.tenant_id}/mapping`);
      notify("green", `${row.name} is unmapped.`, "");
      again();
    } },
  ]);
}
