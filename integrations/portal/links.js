// Ways into Microsoft's own portals, at the tenant a row is about.

import { icon, make } from "./dom.js";

const ENTRA = "https://entra.microsoft.com";
const PARTNER_CENTER = "https://partner.microsoft.com/dashboard/v2/customers";
const ADMIN_CENTER = "https://admin.microsoft.com";

/** Links for a tenant; `kind` is the row's kind. */
export function tenantLinks(tenantId, kind) {
  const id = encodeURIComponent(tenantId);
  const throughPartner = kind === "csp";
  return [
    ["Entra admin center", `${ENTRA}/${id}`],
    ["Enterprise applications", applications(id)],
    ["Conditional Access policies", `${ENTRA}/${id}/#view/Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade/~/Policies`],
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
  ];
}

/** Links for the CSP itself; its tenant id may not be known. */
export function partnerLinks(tenantId) {
  return [
    ["Partner Center, customers", `${PARTNER_CENTER}/list`],
    ["Partner Center, admin relationships", `${PARTNER_CENTER}/granularadminaccess/list`],
    ["Entra admin center", tenantId ? `${ENTRA}/${encodeURIComponent(tenantId)}` : `${ENTRA}/`],
  ];
}

/** Where somebody deletes our application from a tenant. */
export function applicationLinks(tenantId) {
  return [["Enterprise applications in the Entra admin center", applications(encodeURIComponent(tenantId))]];
}

function applications(id) {
  return `${ENTRA}/${id}/#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview`;
}

export function linkList(links) {
  return make("ul", { class: "links" }, links.map(([label, href]) => make("li", {},
    make("a", { href, target: "_blank", rel: "noopener noreferrer" }, label, icon("away"), make("span", { class: "unseen" }, " (opens in a new tab)")))));
}
