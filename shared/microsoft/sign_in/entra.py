"""Entra's token endpoint through msal, with our HTTP client, and with every response checked before msal sees it.

msal logs a response that it cannot parse, tokens included, and takes a failing gateway for a missing tenant. So a
response that is not clearly one of Entra's is raised as Transient before msal sees it, and a refusal by its codes.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msal
import msgspec

from shared.formats.json_text import UnreadableJson, parse_json
from shared.http.client import HttpClient, Response, Unreachable
from shared.microsoft.graph.errors import MicrosoftError, Throttled, Transient
from shared.microsoft.graph.responses import retry_after_s
from shared.microsoft.sign_in.credential import AppCredential
from shared.microsoft.sign_in.endpoints import Endpoints
from shared.microsoft.sign_in.refusals import codes_in, error_of_refusal, refusal_from_response

_TIMEOUT_S = 15.0
_LIFETIMES = ("expires_in", "ext_expires_in", "refresh_in")
_TEXTS = ("access_token", "refresh_token", "id_token", "client_info", "scope", "token_type")
_MAX_LIFETIME_S = 10 * 86400  # longer than any token of Entra's lives


class Entra:
    """The token endpoint of one application in one cloud."""

    def __init__(
        self, endpoints: Endpoints, client_id: str, credential: AppCredential, http_client: HttpClient
    ) -> None:
        self._endpoints = endpoints
        self._client_id = client_id
        self._credential = credential
        self._msal_http_client = _MsalHttpClient(http_client, endpoints.login_roots)

    def acquire_token(
        self, tenant: str, acquire: Callable[[Any], Any], *, capabilities: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Acquire a token with a new msal client.

        A client that was refused repeats the refusal for a minute from its cache, hence always a new one.

        Args:
            tenant: a tenant id, or "organizations".
            acquire: calls one of the client's ``acquire_token_...`` methods.
            capabilities: Entra's names for what the user of the token supports, such as "cp1".

        Returns:
            Entra's response. Shape: {"access_token", "expires_in", "refresh_token" or absent, "id_token" or absent}.

        Raises:
            SignInRefused, OperatorFault, Transient: of the kind that Entra's response stands for.
        """
        try:
            response = acquire(self._client(tenant, capabilities))
        except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
            raise Transient("Entra's answer could not be read") from error
        if isinstance(response.get("access_token"), str):
            return dict(response)
        raise _error_of(response)

    def _client(self, tenant: str, capabilities: Sequence[str]) -> Any:
        return msal.ConfidentialClientApplication(
            self._client_id,
            client_credential=_for_msal(self._credential.make()),
            authority=f"{self._endpoints.login}/{tenant}",
            instance_discovery=False,
            client_capabilities=list(capabilities) or None,
            http_client=self._msal_http_client,
        )


def _for_msal(credential: str | dict[str, Any]) -> str | dict[str, Any]:
    """Pass an assertion as a callable: msal warns about text, since a client may outlive it. Ours never does."""
    if isinstance(credential, str) or "client_assertion" not in credential:
        return credential
    assertion = credential["client_assertion"]
    return {"client_assertion": lambda: assertion}


class _MsalHttpClient:
    """The ``http_client`` that msal expects: get, post and close."""

    def __init__(self, http_client: HttpClient, roots: Sequence[str]) -> None:
        self._http_client = http_client
        self._roots = tuple(f"{root}/" for root in roots)

    def get(self, url: str, **options: Any) -> "_MsalResponse":
        """Fetch metadata. A refusal is raised here, since msal would drop its codes."""
        response = self._send("GET", url, options)
        if response.status_code != 200:
            raise _error_of(response.body)
        return response

    def post(self, url: str, *, data: Mapping[str, str] | None = None, **options: Any) -> "_MsalResponse":
        return self._send("POST", url, options, urlencode(data or {}).encode())

    def close(self) -> None:
        """Nothing to do: the connections are shared and stay open."""

    def _send(self, method: str, url: str, options: dict[str, Any], form: bytes | None = None) -> "_MsalResponse":
        """Send a request, to Entra's own hosts only, whatever its metadata say: it may hold our credential."""
        if not url.startswith(self._roots):
            raise Transient("Entra's metadata lead elsewhere")
        headers = dict(options.get("headers") or {})
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            return _read_response(self._http_client.send(method, url, headers=headers, body=form, within_s=_TIMEOUT_S))
        except Unreachable as error:
            raise Transient("Entra did not answer") from error


class _MsalResponse:
    """A response as msal reads it, made of the JSON that we have parsed, not of the received bytes."""

    def __init__(self, response: Response, body: dict[str, Any]) -> None:
        self.status_code = response.status
        self.headers = dict(response.headers)
        self.body = body
        self.text = msgspec.json.encode(body).decode()


def _read_response(response: Response) -> _MsalResponse:
    if response.status == 429:
        raise Throttled("Entra is throttling us", wait_s=retry_after_s(response.headers.get("retry-after")))
    if response.status >= 500 or response.status < 200 or 300 <= response.status < 400:
        raise Transient(f"Entra answered {response.status}")
    try:
        body = parse_json(response.body)
    except UnreadableJson as error:
        raise Transient("Entra's answer was not JSON") from error
    if not isinstance(body, dict):
        raise Transient("Entra's answer was no object")
    return _MsalResponse(response, _sanitized(body) if "access_token" in body else body)


def _sanitized(body: dict[str, Any]) -> dict[str, Any]:
    """A token response without malformed fields, over which msal would fail."""
    lifetimes = {name: _seconds(body[name]) for name in _LIFETIMES if name in body}
    texts = {name: body[name] for name in _TEXTS if isinstance(body.get(name), str)}
    others = {name: it for name, it in (body | lifetimes).items() if name not in _TEXTS and it is not None}
    return others | {name: it for name, it in texts.items() if name != "client_info" or _is_valid_client_info(it)}


def _seconds(value: object) -> int | None:
    """A number of seconds given as a number or as text; None for anything else."""
    try:
        seconds = float(value) if isinstance(value, int | float | str) else -1.0
    except ValueError:
        return None
    return int(seconds) if 0 <= seconds < _MAX_LIFETIME_S else None


def _is_valid_client_info(client_info: str) -> bool:
    """Whether msal can parse it: base64url of a JSON object."""
    try:
        return isinstance(parse_json(base64.urlsafe_b64decode(client_info + "=" * (-len(client_info) % 4))), dict)
    except ValueError:
        return False


def _error_of(body: Mapping[str, Any]) -> MicrosoftError:
    """The error that a response without a token stands for; without an ``error`` or a code it is not one of Entra's."""
    if not isinstance(body.get("error"), str) and not codes_in(body):
        return Transient("Entra's answer held neither a token nor a refusal")
    return error_of_refusal(refusal_from_response(body))
