"""Partner Center's API as far as a control panel vendor needs it: customers, and consents on their behalf.

Source: https://learn.microsoft.com/partner-center/developer/control-panel-vendor-apis
"""

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from shared.formats.json_text import UnreadableJson, parsed
from shared.formats.tolerant import Odd, read
from shared.http.client import Response, Unreachable, Web
from shared.microsoft.graph.answers import retry_after_s
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
from shared.microsoft.graph.retry_policy import Attempts, RetryPolicy

_PAGE = 500
_MOST_PAGES = 200
_NO_MFA = "900421"
_ALREADY = "permission entry already exists"
_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,80}")
_MOST_ERROR_BYTES = 64 * 1024


class MfaRequired(TokenRejected):
    """The token comes from a sign-in without MFA, which Partner Center does not accept."""

    code = "mfa_required"


class CompanyProfile(msgspec.Struct, frozen=True, rename="camel"):
    domain: str | None = None
    company_name: str | None = None


class PartnerCenterCustomer(msgspec.Struct, frozen=True, rename="camel"):
    """Shape: {"id", "companyProfile": {"domain", "companyName"}, "relationshipToPartner"}."""

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
    """Partner Center for one signed-in person. ``token(fresh)`` gives a bearer token, a new one when ``fresh``.

    ``odd`` values of lists could not be read and were given up so far, among them ``lost`` items.
    """

    def __init__(
        self,
        *,
        root: str,
        web: Web,
        token: Callable[[bool], str],
        limits: RetryPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._web = web
        self._token = token
        self._limits = limits or RetryPolicy()
        self._sleep = sleep
        self._monotonic = monotonic
        self.odd = 0
        self.lost = 0

    def saw_mfa(self) -> bool | None:
        """Whether Partner Center saw MFA in the token; None when it does not tell.

        Raises:
            MfaRequired: it insists on it.
            MicrosoftError: of the kind the answer stands for.
        """
        answer = self._send("GET", "/v1/customers?size=1", headers={"ValidateMfa": "true"})
        told = answer.headers.get("ismfacompliant", "").lower()
        return {"true": True, "false": False}.get(told)

    def customers(self) -> Iterator[PartnerCenterCustomer]:
        """Every customer, page after page of 500.

        Raises:
            MicrosoftError: of the kind that the failed page stands for.
        """
        path = f"/v1/customers?size={_PAGE}"
        headers: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page, odd = _page(self._send("GET", path, headers=headers).body)
            self.odd, self.lost = self.odd + odd.values, self.lost + odd.items
            yield from page.items
            if page.links.next is None:
                return
            path = f"/v1/customers?size={_PAGE}&seekOperation=Next"
            headers = _continuation(page.links.next)
        raise UnexpectedAnswer("the list of customers never ends")

    def consent(self, customer_id: str, *, client_id: str, resource_id: str, scopes: Sequence[str]) -> bool:
        """Consent, on a customer's behalf, to delegated permissions of one resource for our application.

        Returns False when everything was consented to before.

        Raises:
            MicrosoftError: of the kind the answer stands for.
        """
        body = {
            "applicationId": client_id,
            "applicationGrants": [{"enterpriseApplicationId": resource_id, "scope": ",".join(scopes)}],
        }
        try:
            self._send("POST", f"/v1/customers/{customer_id}/applicationconsents", body=body)
        except _AlreadyThere:
            return False
        return True

    def withdraw(self, customer_id: str, *, client_id: str) -> bool:
        """Remove our application from a customer; False when it was not there.

        Raises:
            MicrosoftError: of the kind the answer stands for.
        """
        try:
            self._send("DELETE", f"/v1/customers/{customer_id}/applicationconsents/{client_id}")
        except MissingInMicrosoft:
            return False
        return True

    def _send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: object = None
    ) -> Response:
        """One request until it succeeds; a repetition carries the same request id, so that it counts once."""
        attempts = Attempts(self._limits, self._sleep, self._monotonic)
        told = {"MS-RequestId": str(uuid.uuid4()), "MS-CorrelationId": str(uuid.uuid4()), **(headers or {})}
        is_fresh = False
        while True:
            try:
                authorized = {**told, "Authorization": f"Bearer {self._token(is_fresh)}"}
                return self._send_once(method, path, authorized, body, attempts.left_s)
            except MfaRequired:
                raise
            except TokenRejected:
                if is_fresh:
                    raise
                is_fresh = True
            except Transient as error:
                if not attempts.waited(error):
                    raise

    def _send_once(self, method: str, path: str, headers: Mapping[str, str], body: object, within_s: float) -> Response:
        sent = {**headers, "Accept": "application/json"}
        raw = None
        if body is not None:
            raw, sent["Content-Type"] = msgspec.json.encode(body), "application/json"
        try:
            answer = self._web.send(method, self._root + path, headers=sent, body=raw, within_s=max(0.1, within_s))
        except Unreachable as error:
            raise Transient(str(error)) from error
        if 200 <= answer.status < 300:
            return answer
        raise _meaning(answer)


def _page(body: bytes) -> tuple[_Customers, Odd]:
    try:
        return read(body, _Customers)
    except UnreadableJson as error:
        raise UnexpectedAnswer(f"a page of customers could not be read: {error!s:.200}") from error


class _AlreadyThere(RequestRefused):
    code = "already_consented"


def _continuation(link: _Link) -> dict[str, str]:
    """The one header of a next link that we pass on; where it leads is ours to say."""
    token = next((it.value for it in link.headers if it.key.lower() == "ms-continuationtoken"), "")
    if not token or not token.isascii() or not token.isprintable():
        raise UnexpectedAnswer("a page of customers goes on without a usable token")
    return {"MS-ContinuationToken": token}


def _meaning(answer: Response) -> MicrosoftError:
    """The error an answer stands for: by status and code; by text only where Microsoft has nothing else."""
    told = _error_object(answer)
    code = str(told.get("code", ""))
    kind = _kind(answer.status, code, str(told.get("description", "")).lower())
    return kind(
        f"Partner Center answered {answer.status}",
        status=answer.status,
        graph_code=code if _CODE.fullmatch(code) else "",
        request_id=answer.headers.get("ms-correlationid", "")[:80],
        wait_s=retry_after_s(answer.headers.get("retry-after")) if issubclass(kind, Transient) else None,
    )


def _kind(status: int, code: str, text: str) -> type[MicrosoftError]:
    by_status: tuple[tuple[bool, type[MicrosoftError]], ...] = (
        (status == 429, Throttled),
        (status == 408 or status >= 500, Transient),
        (status == 401 and code == _NO_MFA, MfaRequired),
        (status == 401, TokenRejected),
        (status == 403, Denied),
        (status == 404, MissingInMicrosoft),
        (status in {400, 409} and _ALREADY in text, _AlreadyThere),
        (status >= 400, RequestRefused),
    )
    return next((kind for holds, kind in by_status if holds), UnexpectedAnswer)


def _error_object(answer: Response) -> dict[str, Any]:
    try:
        told = parsed(answer.body) if len(answer.body) <= _MOST_ERROR_BYTES else None
    except UnreadableJson:
        return {}
    return told if isinstance(told, dict) else {}
