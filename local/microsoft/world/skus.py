"""Products that simulated tenants can buy, with the service plans that matter to somebody.

Ids and names: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
"""

from typing import NamedTuple


class Plan(NamedTuple):
    """A service plan: what a product switches on. ``service`` is its name on the organization."""

    id: str
    name: str
    service: str


class Sku(NamedTuple):
    """A product by its id and its plans."""

    id: str
    plans: tuple[Plan, ...] = ()


P1 = Plan("41781fb2-bc02-4b7c-bd55-b576c07bb09d", "AAD_PREMIUM", "AADPremiumService")
P2 = Plan("eec0eb4f-6444-4f95-aba0-50c24d67f998", "AAD_PREMIUM_P2", "AADPremiumService")
INTUNE = Plan("c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "INTUNE_A", "SCO")
_MFA = Plan("8a256a2b-b617-496d-b51b-e76466e88db0", "MFA_PREMIUM", "MultiFactorService")
_TEAMS = Plan("57ff2da0-773e-42df-b2af-ffb7a2317929", "TEAMS1", "TeamspaceAPI")
_MAIL = Plan("9aaf7827-d63c-4b61-89c3-182f06f82e5c", "EXCHANGE_S_STANDARD", "exchange")
_MAIL_E = Plan("efb87545-963c-4e0d-99df-69c6916d9eb0", "EXCHANGE_S_ENTERPRISE", "exchange")
_SITES = Plan("c7699d2e-19aa-44de-8edf-1736da088ca1", "SHAREPOINTSTANDARD", "SharePoint")
_SITES_E = Plan("5dbe027f-2339-4123-9542-606e4d348a72", "SHAREPOINTENTERPRISE", "SharePoint")
_OFFICE = Plan("094e7854-93fc-4d55-b2c0-3ab5369ebdc1", "OFFICE_BUSINESS", "MicrosoftOffice")
_OFFICE_E = Plan("43de0ff5-c92c-492b-9116-175376d08c38", "OFFICESUBSCRIPTION", "MicrosoftOffice")
_FLOW = Plan("50e68c76-46c6-4674-81f9-75456511b170", "FLOW_P2_VIRAL", "ProcessSimple")
_BI = Plan("2049e525-b859-401b-b2a0-e0a31c4b1fe4", "BI_AZURE_P0", "PowerBI")

SKUS = {
    "SPB": Sku("cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", (P1, INTUNE, _MFA, _MAIL, _SITES, _TEAMS, _OFFICE)),
    "O365_BUSINESS_PREMIUM": Sku("f245ecc8-75af-4f8e-b61f-27d8114de5f3", (_MAIL, _SITES, _TEAMS, _OFFICE)),
    "O365_BUSINESS_ESSENTIALS": Sku("3b555118-da6a-4418-894f-7df1e2096870", (_MAIL, _SITES, _TEAMS)),
    "SPE_E3": Sku("05e9a617-0261-4cee-bb44-138d3ef5d965", (P1, INTUNE, _MFA, _MAIL_E, _SITES_E, _TEAMS, _OFFICE_E)),
    "ENTERPRISEPACK": Sku("6fd2c87f-b296-42f0-b197-1e91e994b900", (_MAIL_E, _SITES_E, _TEAMS, _OFFICE_E)),
    "EXCHANGESTANDARD": Sku("4b9405b0-7788-4568-add1-99614e613b69", (_MAIL,)),
    "AAD_PREMIUM": Sku("078d2b04-f1bd-4111-bbd4-b4b1b354cef4", (P1, _MFA)),
    "AAD_PREMIUM_P2": Sku("84a661c4-e949-4bd2-a560-ed7766fcaf2b", (P2, P1, _MFA)),
    "SPE_E5": Sku("06ebc4ee-1bb5-47dd-8120-11324bc54e06", (P2, P1, INTUNE, _MFA, _MAIL_E, _SITES_E, _TEAMS, _OFFICE_E)),
    "INTUNE_A": Sku("061f9ace-7d42-4136-88ac-31dc755f143f", (INTUNE,)),
    "FLOW_FREE": Sku("f30db892-07e9-47e9-837c-80727f46fd3d", (_FLOW,)),
    "POWER_BI_STANDARD": Sku("a403ebcc-fae0-4ca2-8c8c-7a907fd6c235", (_BI,)),
}
PLANS_OF = {sku.id: sku.plans for sku in SKUS.values()}
# Free products come in numbers that nobody uses up.
FREE = frozenset({"FLOW_FREE", "POWER_BI_STANDARD"})
FREE_SEATS = 10_000
