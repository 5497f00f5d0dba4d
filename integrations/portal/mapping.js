// Map a tenant to an Organization, and undo it.

import { ask, askRows, at } from "./api.js";
import { whyOff } from "./caller.js";
import { bullets, counted, facts, make, named } from "./dom.js";
import { open } from "./dialog.js";
import { helpLinks, linkList } from "./links.js";
import { notify } from "./notices.js";

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
      await follow(row, chosen, product);
      again();
    } },
  ]);
}

/** Say what comes of a mapping, from the first sync until its data can be seen; no more once it is mapped otherwise. */
async function follow({ tenant_id: id, name }, organization, product) {
  const read = () => ask("GET", at`/tenants/${id}`);
  const mappedTo = (await read()).tenant.syncro_tenant?.id;
  const twin = (organization.same_name ?? []).length ? [make("p", {}, `There is another Organization named ${organization.name}. If that is a mistake, delete one of them.`)] : [];
  let stage = "";
  const look = async () => {
    const details = await read();
    const before = stage;
    stage = details.tenant.syncro_tenant?.id === mappedTo ? stageOf(details) : "";
    if (stage && stage !== before) notify(...STAGES[stage](details, `${name} is mapped to ${organization.name}.`, id, product, twin), look);
    return stage !== "";
  };
  await look();
}

function stageOf({ tenant: { sync_status: status }, held_back: held }) {
  if (held) return "held";
  if (status.cause === "name_read") return "begun";
  return { Pending: "begun", Success: "synced" }[status.label] ?? "";
}

const STAGES = {
  held: ({ held_back: held }, mapped, _id, _product, more) => ["orange", mapped, `It is not synced yet. ${held.detail} ${held.remedy}`, more],
  begun: (_details, mapped, _id, product, more) => ["green", mapped, `Its first sync has started. The ${product} Tenant column links to its details.`, more],
  synced: ({ user_sync: sync }, mapped, id, _product, more) => ["green", `${mapped} Its data is synced.`,
    "You can now see its users, devices, licenses, Secure Score, MFA, administrators and policies. It is synced about every 30 minutes; Sync Now starts a sync at once.",
    [...more, make("p", { class: "back" }, sync?.state === "off" && !whyOff() ? make("a", { href: `#user-sync=${id}`, "data-key": "next-user-sync" }, "Set up user sync") : null, make("a", { href: `#tenant=${id}`, "data-key": "next-details" }, "Open its details"))]],
};

/** Search over Organizations; the last choice is a new one, named like the tenant unless told otherwise. */
function picker(organizations, tenantName, onchoice) {
  const list = make("div", { class: "choices", role: "radiogroup", "aria-label": "Organization" });
  const count = make("p", { class: "quiet", role: "status" });
  const name = make("input", { value: tenantName, maxlength: "256", "aria-label": "Name of the new Organization", oninput: () => fresh() });
  const twin = make("p", { class: "quiet", role: "status" });
  const fresh = () => {
    const wanted = name.value.trim();
    const known = organizations.some((it) => it.name.toLocaleLowerCase() === wanted.toLocaleLowerCase());
    twin.textContent = known ? "There is an Organization of this name already. You can select it above instead." : "";
    onchoice({ organization: null, name: wanted });
  };
  const radio = (label, pick) => make("label", {}, make("input", { type: "radio", name: "organization", onchange: pick }), label);
  const newName = make("div", { class: "fresh", hidden: true }, name, twin);
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
      : `${counted(found.length, "Organization")} found.`;
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
      notify("green", `${row.name} is unmapped.`, "", [], async () => !(await ask("GET", at`/tenants/${row.tenant_id}`)).tenant.syncro_tenant);
      again();
    } },
  ]);
}
