// Ways into Microsoft's own portals, at the tenant a row is about.

import { icon, make } from "./dom.js";

const ENTRA = "https://entra.microsoft.com";
const PARTNER_CENTER = "https://partner.microsoft.com/dashboard/v2/customers";
const ADMIN_CENTER = "https://admin.microsoft.com";
const APPLICATIONS = "#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview";
const POLICIES = "#view/Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade/~/Policies";
const CROSS_TENANT = "#view/Microsoft_AAD_IAM/CompanyRelationshipsMenuBlade/~/CrossTenantAccessSettings";
const GROUPS = "#view/Microsoft_AAD_IAM/GroupsManagementMenuBlade/~/AllGroups";
const RISKY_USERS = "#view/Microsoft_AAD_IAM/SecurityMenuBlade/~/RiskyUsers";
const HELP = {
  important_information: ["Important Information for CSP Microsoft Integrations", "help/important-information.html"],
  troubleshooting: ["Troubleshooting Microsoft Integrations", "help/troubleshooting.html"],
  mapping: ["Map Your Tenants", "help/mapping.html"],
  user_sync: ["Entra ID User Sync", "help/user-sync.html"],
  assets: ["Assets and their End Users", "help/assets.html"],
};

/** Where help is, as the settings have it. */
export function setHelp(addresses = {}) {
  for (const [name, href] of Object.entries(addresses)) if (HELP[name]) HELP[name][1] = href;
}

/** Links to our own help, by name. */
export function helpLinks(...names) {
  return names.map((name) => HELP[name]);
}

/** Links for a tenant; `kind` is the row's kind. */
export function tenantLinks(tenantId, kind) {
  const id = encodeURIComponent(tenantId);
  const throughPartner = kind === "csp";
  return [
    ["Entra admin center", `${ENTRA}/${id}`],
    ["Enterprise applications", applications(id)],
    ["Conditional Access policies", `${ENTRA}/${id}/${POLICIES}`],
    ["Microsoft 365 admin center", throughPartner
      ? `${ADMIN_CENTER}/Partner/BeginClientSession.aspx?CTID=${id}&CSDEST=o365admincenter` : `${ADMIN_CENTER}/`],
    ...(throughPartner ? [["Partner Center, this customer", `${PARTNER_CENTER}/${id}/servicemanagementpage`]] : []),
  ];
}

/** Links for a child's CSP Auth: where its admin relationship is kept. */
export function relationshipLinks(tenantId) {
  const id = encodeURIComponent(tenantId);
  return [
    ["Partner Center, admin relationships", `${PARTNER_CENTER}/granularadminaccess/list`],
    ["Partner Center, this customer", `${PARTNER_CENTER}/${id}/servicemanagementpage`],
    ["Entra admin center", `${ENTRA}/${id}`],
    ["Enterprise applications", applications(id)],
    ["Conditional Access policies", `${ENTRA}/${id}/${POLICIES}`],
    ["Cross-tenant access settings", `${ENTRA}/${id}/${CROSS_TENANT}`],
    ["Entra admin center of your CSP tenant, groups", `${ENTRA}/${GROUPS}`],
  ];
}

/** Links for the CSP itself; its tenant id may not be known. */
export function partnerLinks(tenantId) {
  const entra = tenantId ? `${ENTRA}/${encodeURIComponent(tenantId)}` : ENTRA;
  return [
    ["Partner Center, customers", `${PARTNER_CENTER}/list`],
    ["Partner Center, admin relationships", `${PARTNER_CENTER}/granularadminaccess/list`],
    ["Entra admin center", entra],
    ["AdminAgents and other groups", `${entra}/${GROUPS}`],
    ["Enterprise applications", `${entra}/${APPLICATIONS}`],
    ["Conditional Access policies", `${entra}/${POLICIES}`],
    ["Cross-tenant access settings", `${entra}/${CROSS_TENANT}`],
    ["ID Protection, risky users", `${entra}/${RISKY_USERS}`],
  ];
}

/** Where somebody deletes our application from a tenant. */
export function applicationLinks(tenantId) {
  return [["Enterprise applications in the Entra admin center", applications(encodeURIComponent(tenantId))]];
}

function applications(id) {
  return `${ENTRA}/${id}/${APPLICATIONS}`;
}

export function linkList(links) {
  return make("ul", { class: "links" }, links.map(([label, href]) => make("li", {},
    make("a", { href, target: "_blank", rel: "noopener noreferrer" }, label, icon("away"), make("span", { class: "unseen" }, " (opens in a new tab)")))));
}
