// What the menus do. Which entries a menu has, and what they are called, is the API's to say.

import { ask, at } from "./api.js";
import { whyOff } from "./caller.js";
import { bullets, make, named } from "./dom.js";
import { guarded, open } from "./dialog.js";
import { screenList, showPrerequisites, showSingleTenant, startFlow } from "./flow.js";
import { mapTenant, unmapTenant } from "./mapping.js";
import { removeAll, removeIntegration } from "./removal.js";

/** Entries of the Integrate menu. */
export function integrateActions(offers, again) {
  return entries(offers, {
    integrate_single: showSingleTenant,
    integrate_csp: () => showPrerequisites(),
    remove_all: (label) => removeAll(label, again),
  });
}

/** Entries of a tenant's row. */
export function tenantActions(row, product, again) {
  return entries(row.actions, {
    map: (label) => mapTenant(row, label, product, again),
    unmap: (label) => unmapTenant(row, label, product, again),
    reauthorize: (label) => reauthorize(row.integration_id, row.name, label, "single"),
    remove: (label) => removeIntegration(row.integration_id, row.name, label, again),
  });
}

/** Entries of a CSP's row. */
export function cspActions(csp, again) {
  return entries(csp.actions, {
    reauthorize: (label) => reauthorize(csp.id, csp.name, label, "csp"),
    remove: (label) => removeIntegration(csp.id, csp.name, label, again),
  });
}

/** What the plan does not allow is shown, cannot be chosen, and says why. */
function entries(offered, runs) {
  return offered.map(({ action, label, on_any_plan: onAnyPlan }) => {
    const why = onAnyPlan ? null : whyOff();
    return { action, label, why, isApart: action === "remove_all", isDanger: onAnyPlan, run: why || !runs[action] ? null : guarded(() => runs[action](label)) };
  });
}

async function reauthorize(integrationId, name, label, kind) {
  const screens = await ask("GET", "/consent-screens");
  open(label, make("div", {},
    make("p", {}, "Continue to Microsoft and sign in to ", make("strong", {}, named(name)), " as a Global Administrator."),
    bullets(["Only a sign-in to this tenant is accepted. If you sign in to another one, nothing changes.",
      "You can use a different account than the first time. The integration then uses that account.",
      "Mappings and synced data are kept."]),
    make("h3", {}, "What Microsoft asks for"), screenList(screens[kind])),
  [
    { label: "Cancel" },
    { label: "Continue to Microsoft", style: "main", run: () => startFlow(at`/integrations/${integrationId}/reauthorize`) },
  ]);
}
