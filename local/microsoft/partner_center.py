"""Partner Center's API: a partner's customers, and applications consented to on their behalf.

Sources: https://learn.microsoft.com/partner-center/developer/control-panel-vendor-apis,
https://learn.microsoft.com/partner-center/developer/get-a-list-of-customers
"""

import re
import time
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from local.microsoft.entra.tokens.issuer import Issuer
from local.microsoft.server import Reply, Request, json_reply
from local.microsoft.world.partners import ListedCustomer, PartnerState, delegated_roles, is_admin_agent
from local.microsoft.world.permissions import GRAPH_APP, OPENID_SCOPES, SCOPE_IDS
from local.microsoft.world.roles import CLOUD_APPLICATION_ADMINISTRATOR, MAY_CONSENT
from local.microsoft.world.state import WorldState
from local.microsoft.world.tenants import TenantState

_ID = r"([0-9a-fA-F-]{36})"
_PER_SECOND = 50
_MAY_CONSENT = MAY_CONSENT | {CLOUD_APPLICATION_ADMINISTRATOR}


class PartnerError(Exception):
    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


class _ApplicationGrant(msgspec.Struct, rename="camel"):
    enterprise_application_id: str
    scope: str


class _ApplicationConsent(msgspec.Struct, rename="camel"):
    application_id: str
    application_grants: list[_ApplicationGrant]
    display_name: str = ""


def partner_error(status: int, code: str, text: str) -> Reply:
    """An error as Partner Center words it; its gateway has another form for throttling."""
    if status == 429:
        reply = json_reply({"statusCode": 429, "message": "Rate limit is exceeded. Try again in 1 seconds."}, 429)
        reply.headers["Retry-After"] = "1"
        return reply
    return json_reply({"code": code, "description": text, "data": [], "source": "PartnerFD"}, status)


class PartnerCenter:
    """Everything at api.partnercenter.microsoft.com that a control panel vendor needs."""

    def __init__(self, world: WorldState, issuer: Issuer, root: str) -> None:
        self._world = world
        self._issuer = issuer
        self._root = root
        self._recent: dict[str, deque[float]] = {}
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Reply]]] = [
            ("GET", re.compile("/v1/customers"), self._customers),
            ("GET", re.compile(f"/v1/customers/{_ID}"), self._customer),
            ("POST", re.compile(f"/v1/customers/{_ID}/applicationconsents"), self._consent),
            ("DELETE", re.compile(f"/v1/customers/{_ID}/applicationconsents/{_ID}"), self._delete_consent),
        ]

    def handle(self, request: Request) -> Reply:
        reply = self._routed(request)
        reply.headers |= {
            "MS-RequestId": request.headers.get("ms-requestid", str(uuid.uuid4())),
            "MS-CorrelationId": request.headers.get("ms-correlationid", str(uuid.uuid4())),
        }
        return reply

    def _routed(self, request: Request) -> Reply:
        try:
            claims = self._claims(request)
            home = self._world.tenant(claims["tid"])
            self._throttle(claims["appid"])
            self._check_admin_agent(home, claims)
            for method, path, handler in self._routes:
                match = path.fullmatch(request.path)
                if match and method == request.method:
                    reply = handler(request, home, claims, *match.groups())
                    if request.headers.get("validatemfa", "").lower() == "true":
                        reply.headers["isMfaCompliant"] = "true" if "mfa" in claims["amr"] else "false"
                    return reply
        except PartnerError as error:
            return partner_error(error.status, error.code, error.text)
        return partner_error(404, "404", "Resource not found.")

    def _claims(self, request: Request) -> dict[str, Any]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        claims = self._issuer.verify(token) if scheme.lower() == "bearer" else None
        if claims is None or claims["exp"] <= time.time():
            raise PartnerError(401, "900401", "The access token is missing, malformed or has expired.")
        if claims["aud"] != self._root:
            raise PartnerError(401, "900420", "The audience of the access token is not accepted.")
        if claims.get("idtyp") != "user":
            raise PartnerError(403, "900329", "App-only access is not supported for this operation.")
        if self._world.switches.partner_center_mfa and "mfa" not in claims["amr"]:
            raise PartnerError(401, "900421", "MFA is required. The access token has no MFA claim.")
        return claims

    def _check_admin_agent(self, home: TenantState, claims: dict[str, Any]) -> None:
        is_partner = isinstance(home.partner, PartnerState) and home.users.get(claims["oid"]) is not None
        if not is_partner or not is_admin_agent(home, claims["oid"]):
            raise PartnerError(403, "900308", "The user does not have a role that allows this operation.")

    def _throttle(self, client_id: str) -> None:
        recent, now = self._recent.setdefault(client_id, deque()), self._world.now()
        while recent and recent[0] <= now - 1:
            recent.popleft()
        recent.append(now)
        if self._world.switches.throttling and len(recent) > _PER_SECOND:
            raise PartnerError(429, "429", "")

    # Customers.

    def _customers(self, request: Request, home: TenantState, _claims: dict[str, Any]) -> Reply:
        size = request.query.get("size", "")
        if not size.isdigit() or not 1 <= int(size) <= 500:
            raise PartnerError(400, "2000", "The query parameter 'size' is missing or not between 1 and 500.")
        listed = list(home.partner.customers.values())
        is_next = request.query.get("seekOperation", "").lower() == "next"
        start = _position(request.headers.get("ms-continuationtoken", "")) if is_next else 0
        count = min(int(size), self._world.switches.customers_page_size)
        items = [_customer_json(it) for it in listed[start : start + count]]
        own = f"/customers?size={size}"
        links: dict[str, Any] = {"self": {"uri": own, "method": "GET", "headers": []}}
        if start + count < len(listed):
            more = [{"key": "MS-ContinuationToken", "value": f"place-{start + count}"}]
            links["next"] = {"uri": f"{own}&seekOperation=Next", "method": "GET", "headers": more}
        body = {"totalCount": len(items), "items": items, "links": links, "attributes": {"objectType": "Collection"}}
        return json_reply(body)

    def _customer(self, _request: Request, home: TenantState, _claims: dict[str, Any], key: str) -> Reply:
        customer = home.partner.customers.get(key.lower())
        if customer is None:
            raise PartnerError(404, "60003", "The customer is not known to this partner.")
        return json_reply(_customer_json(customer))

    # Consents on behalf of customers.

    def _consent(self, request: Request, home: TenantState, claims: dict[str, Any], key: str) -> Reply:
        customer, scopes = self._consentable_customer(home, claims, key), self._scopes(request, claims)
        principal = customer.principals.get(claims["appid"])
        if principal is not None and scopes <= principal.scopes:
            raise PartnerError(self._world.switches.consent_exists_status, "800", "Permission entry already exists.")
        admitted = self._world.ensure_service_principal(customer, claims["appid"])
        admitted.scopes |= scopes | OPENID_SCOPES
        return json_reply(msgspec.json.decode(request.body), 201)

    def _delete_consent(
        self, _request: Request, home: TenantState, claims: dict[str, Any], key: str, client_id: str
    ) -> Reply:
        """The delegated grants go; whether the service principal goes with them is a switch."""
        customer, switches = self._consentable_customer(home, claims, key), self._world.switches
        principal = customer.principals.get(client_id.lower())
        if principal is None or not (principal.scopes or not switches.consent_deletion_leaves_principal):
            raise PartnerError(404, "404", "There is no consent for this application.")
        if switches.consent_deletion_leaves_principal:
            principal.scopes, principal.scopes_of = set(), {}
        else:
            del customer.principals[client_id.lower()]
        return Reply(switches.consent_deletion_status)

    def _consentable_customer(self, home: TenantState, claims: dict[str, Any], key: str) -> TenantState:
        """A customer that this person may consent for."""
        customer = self._world.find_tenant(key.lower())
        if customer is None or not home.partner.has_customer(customer.id):
            raise PartnerError(404, "60003", "The customer is not known to this partner.")
        if _MAY_CONSENT.isdisjoint(delegated_roles(self._world, home, claims["oid"], customer.id)):
            raise PartnerError(403, "900308", "The user does not have a role that allows this operation.")
        return customer

    def _scopes(self, request: Request, claims: dict[str, Any]) -> set[str]:
        try:
            consent = msgspec.json.decode(request.body, type=_ApplicationConsent)
        except msgspec.MsgspecError as error:
            raise PartnerError(400, "2000", "The application consent cannot be read.") from error
        scopes = {name.strip() for it in consent.application_grants for name in it.scope.split(",")}
        resources = {it.enterprise_application_id for it in consent.application_grants}
        if consent.application_id != claims["appid"] or resources != {GRAPH_APP} or not scopes <= SCOPE_IDS.keys():
            raise PartnerError(400, "2000", "The application consent names an unknown application or scope.")
        return scopes


def _position(token: str) -> int:
    number = token.removeprefix("place-")
    if not number.isdigit():
        raise PartnerError(400, "2000", "The continuation token is not valid.")
    return int(number)


def _customer_json(customer: ListedCustomer) -> dict[str, Any]:
    return {
        "id": customer.tenant_id,
        "companyProfile": {
            "tenantId": customer.tenant_id,
            "domain": customer.domain,
            "companyName": customer.name,
            "attributes": {"objectType": "CustomerCompanyProfile"},
        },
        "relationshipToPartner": "reseller" if customer.contract == "ResellerPartner" else "advisor",
        "attributes": {"objectType": "Customer"},
    }
