"""The part of Partner Center's API that a control panel vendor needs: customers, and consent on their behalf.

Source: https://learn.microsoft.com/partner-center/developer/control-panel-vendor-apis
"""

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from shared.formats.json_text import UnreadableJson, parse_json
from shared.formats.tolerant import Unreadable, decode_tolerant
from shared.http.client import HttpClient, Response, Unreachable
from shared.microsoft.graph.errors import (
    Denied,
    MicrosoftError,
    MissingInMicrosoft,
    RequestRefused,
    Throttled,
    TokenRejected,
    Transient,
    UnexpectedAnswer,
)
from shared.microsoft.graph.responses import retry_after_s
from shared.microsoft.graph.retry_policy import Attempts, RetryPolicy

_PAGE = 500
_MAX_PAGES = 200
_MFA_MISSING = "900421"
_ALREADY_CONSENTED = "permission entry already exists"
_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,80}")
_MAX_ERROR_BYTES = 64 * 1024


class MfaRequired(TokenRejected):
    """Partner Center refuses the token, because its sign-in was without MFA."""

    code = "mfa_required"


class CompanyProfile(msgspec.Struct, frozen=True, rename="camel"):
    domain: str | None = None
    company_name: str | None = None


class PartnerCenterCustomer(msgspec.Struct, frozen=True, rename="camel"):
    """A customer. Shape: {"id", "companyProfile": {"domain", "companyName"}, "relationshipToPartner"}."""

    id: str
    company_profile: CompanyProfile = CompanyProfile()
    relationship_to_partner: str | None = None


class _Header(msgspec.Struct, frozen=True):
    key: str
    value: str


class _Link(msgspec.Struct, frozen=True):
    headers: list[_Header] = []


class _Links(msgspec.Struct, frozen=True):
    INDISPENSABLE: ClassVar[frozenset[str]] = frozenset({"next"})

    next: _Link | None = None


class _Customers(msgspec.Struct):
    INDISPENSABLE: ClassVar[frozenset[str]] = frozenset({"links"})

    items: list[PartnerCenterCustomer]
    links: _Links = _Links()


class PartnerCenter:
    """Partner Center on behalf of one user. ``token(fresh)`` returns a bearer token, a new one when ``fresh``.

    ``unreadable_values`` counts the values that were left out so far because they could not be decoded,
    ``unreadable_items`` those of them that were whole customers.
    """

    def __init__(
        self,
        *,
        root: str,
        http_client: HttpClient,
        token: Callable[[bool], str],
        retry_policy: RetryPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._http_client = http_client
        self._token = token
        self._retry_policy = retry_policy or RetryPolicy()
        self._sleep = sleep
        self._monotonic = monotonic
        self.unreadable_values = 0
        self.unreadable_items = 0

    def check_mfa(self) -> bool | None:
        """Whether Partner Center sees MFA in the token; None when it does not say.

        Raises:
            MfaRequired: it requires MFA and sees none.
            MicrosoftError: of the kind that the response stands for.
        """
        response = self._send("GET", "/v1/customers?size=1", headers={"ValidateMfa": "true"})
        compliance = response.headers.get("ismfacompliant", "").lower()
        return {"true": True, "false": False}.get(compliance)

    def customers(self) -> Iterator[PartnerCenterCustomer]:
        """Every customer, page after page of 500.

        Raises:
            MicrosoftError: of the kind that the failed page stands for.
        """
        path = f"/v1/customers?size={_PAGE}"
        headers: dict[str, str] = {}
        for _ in range(_MAX_PAGES):
            page, unreadable_values = _page(self._send("GET", path, headers=headers).body)
            self.unreadable_values, self.unreadable_items = (
                self.unreadable_values + unreadable_values.values,
                self.unreadable_items + unreadable_values.items,
            )
            yield from page.items
            if page.links.next is None:
                return
            path = f"/v1/customers?size={_PAGE}&seekOperation=Next"
            headers = _continuation(page.links.next)
        raise UnexpectedAnswer("the list of customers never ends")

    def consent(self, customer_id: str, *, client_id: str, resource_id: str, scopes: Sequence[str]) -> bool:
        """Consent, on a customer's behalf, to delegated permissions of one resource for an application.

        Args:
            customer_id: the customer's tenant id.
            client_id: the application.
            resource_id: the resource's application id, such as that of Microsoft Graph.
            scopes: the delegated permissions.

        Returns:
            False when all of it was consented to before.

        Raises:
            MicrosoftError: of the kind that the response stands for.
        """
        body = {
            "applicationId": client_id,
            "applicationGrants": [{"enterpriseApplicationId": resource_id, "scope": ",".join(scopes)}],
        }
        try:
            self._send("POST", f"/v1/customers/{customer_id}/applicationconsents", body=body)
        except _AlreadyConsented:
            return False
        return True

    def remove_consent(self, customer_id: str, *, client_id: str) -> bool:
        """Remove an application from a customer; False when it was not there.

        Raises:
            MicrosoftError: of the kind that the response stands for.
        """
        try:
            self._send("DELETE", f"/v1/customers/{customer_id}/applicationconsents/{client_id}")
        except MissingInMicrosoft:
            return False
        return True

    def _send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: object = None
    ) -> Response:
        """Send a request, with retries. All attempts have the same MS-RequestId, so Microsoft performs it once."""
        attempts = Attempts(self._retry_policy, self._sleep, self._monotonic)
        common = {"MS-RequestId": str(uuid.uuid4()), "MS-CorrelationId": str(uuid.uuid4()), **(headers or {})}
        is_fresh = False
        while True:
            try:
                authorized = {**common, "Authorization": f"Bearer {self._token(is_fresh)}"}
                return self._send_once(method, path, authorized, body, attempts.left_s)
            except MfaRequired:
                raise
            except TokenRejected:
                if is_fresh:
                    raise
                is_fresh = True
            except Transient as error:
                if not attempts.wait_before_retry(error):
                    raise

    def _send_once(self, method: str, path: str, headers: Mapping[str, str], body: object, within_s: float) -> Response:
        all_headers = {**headers, "Accept": "application/json"}
        raw = None
        if body is not None:
            raw, all_headers["Content-Type"] = msgspec.json.encode(body), "application/json"
        try:
            response = self._http_client.send(
                method, self._root + path, headers=all_headers, body=raw, within_s=max(0.1, within_s)
            )
        except Unreachable as error:
            raise Transient(str(error)) from error
        if 200 <= response.status < 300:
            return response
        raise _error_of_response(response)


def _page(body: bytes) -> tuple[_Customers, Unreadable]:
    try:
        return decode_tolerant(body, _Customers)
    except UnreadableJson as error:
        raise UnexpectedAnswer(f"a page of customers could not be read: {error!s:.200}") from error


class _AlreadyConsented(RequestRefused):
    code = "already_consented"


def _continuation(link: _Link) -> dict[str, str]:
    """The header that requests the next page. Of the link only its token is used, never its URL."""
    token = next((it.value for it in link.headers if it.key.lower() == "ms-continuationtoken"), "")
    if not token or not token.isascii() or not token.isprintable():
        raise UnexpectedAnswer("a page of customers has a next link without a usable token")
    return {"MS-ContinuationToken": token}


def _error_of_response(response: Response) -> MicrosoftError:
    """The error that a response stands for, by status and code; by text only where Microsoft sends nothing else."""
    error = _error_object(response)
    code = str(error.get("code", ""))
    kind = _kind(response.status, code, str(error.get("description", "")).lower())
    return kind(
        f"Partner Center answered {response.status}",
        status=response.status,
        graph_code=code if _CODE.fullmatch(code) else "",
        request_id=response.headers.get("ms-correlationid", "")[:80],
        wait_s=retry_after_s(response.headers.get("retry-after")) if issubclass(kind, Transient) else None,
    )


def _kind(status: int, code: str, text: str) -> type[MicrosoftError]:
    by_status: tuple[tuple[bool, type[MicrosoftError]], ...] = (
        (status == 429, Throttled),
        (status == 408 or status >= 500, Transient),
        (status == 401 and code == _MFA_MISSING, MfaRequired),
        (status == 401, TokenRejected),
        (status == 403, Denied),
        (status == 404, MissingInMicrosoft),
        (status in {400, 409} and _ALREADY_CONSENTED in text, _AlreadyConsented),
        (status >= 400, RequestRefused),
    )
    return next((kind for holds, kind in by_status if holds), UnexpectedAnswer)


def _error_object(response: Response) -> dict[str, Any]:
    try:
        content = parse_json(response.body) if len(response.body) <= _MAX_ERROR_BYTES else None
    except UnreadableJson:
        return {}
    return content if isinstance(content, dict) else {}
