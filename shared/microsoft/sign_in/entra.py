"""Entra as msal is let to see it: through our limits, and with every answer looked at first.

msal logs an answer it cannot read, tokens and all, and it takes a faulty gateway for a missing tenant. So
what is no clear answer is raised as a passing fault before msal has it, and a refusal by its codes.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msal
import msgspec

from shared.formats.json_text import UnreadableJson, parsed
from shared.http.client import Response, Unreachable, Web
from shared.microsoft.graph.answers import retry_after_s
from shared.microsoft.graph.errors import MicrosoftError, Throttled, Transient
from shared.microsoft.sign_in.credential import AppCredential
from shared.microsoft.sign_in.endpoints import Endpoints
from shared.microsoft.sign_in.refusals import codes_in, raised, refusal

_WITHIN_S = 15.0
_LIVES = ("expires_in", "ext_expires_in", "refresh_in")
_TEXTS = ("access_token", "refresh_token", "id_token", "client_info", "scope", "token_type")
_LONGEST_S = 10 * 86400  # no token of Entra's lives as long


class Entra:
    """The token endpoint of one application in one cloud."""

    def __init__(self, endpoints: Endpoints, client_id: str, credential: AppCredential, web: Web) -> None:
        self._endpoints = endpoints
        self._client_id = client_id
        self._credential = credential
        self._way = _Way(web, endpoints.login_roots)

    def ask(self, tenant: str, question: Callable[[Any], Any], *, capabilities: Sequence[str] = ()) -> dict[str, Any]:
        """Put a question to a new msal client, and give Entra's answer that holds an access token.

        ``capabilities`` are what whoever uses the token can do, as Entra names them.

        A client that was refused repeats the refusal for a minute without asking: hence always a new one.

        Raises:
            SignInRefused, OperatorFault, Transient: as Entra answered.
        """
        try:
            told = question(self._client(tenant, capabilities))
        except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
            raise Transient("Entra's answer could not be read") from error
        if isinstance(told.get("access_token"), str):
            return dict(told)
        raise _meaning(told)

    def _client(self, tenant: str, capabilities: Sequence[str]) -> Any:
        return msal.ConfidentialClientApplication(
            self._client_id,
            client_credential=_for_msal(self._credential.make()),
            authority=f"{self._endpoints.login}/{tenant}",
            instance_discovery=False,
            client_capabilities=list(capabilities) or None,
            http_client=self._way,
        )


def _for_msal(credential: str | dict[str, Any]) -> str | dict[str, Any]:
    """Hand an assertion over as a call: msal warns of a text, since a client may outlive it. Ours never does."""
    if isinstance(credential, str) or "client_assertion" not in credential:
        return credential
    assertion = credential["client_assertion"]
    return {"client_assertion": lambda: assertion}


class _Way:
    """The ``http_client`` that msal asks for: get, post and close."""

    def __init__(self, web: Web, roots: Sequence[str]) -> None:
        self._web = web
        self._roots = tuple(f"{root}/" for root in roots)

    def get(self, url: str, **options: Any) -> "_ErrorAnswer":
        """Metadata. A refusal here is raised: msal would keep only that there was one."""
        told = self._send("GET", url, options)
        if told.status_code != 200:
            raise _meaning(told.body)
        return told

    def post(self, url: str, *, data: Mapping[str, str] | None = None, **options: Any) -> "_ErrorAnswer":
        return self._send("POST", url, options, urlencode(data or {}).encode())

    def close(self) -> None:
        """The connections are shared; they stay open."""

    def _send(self, method: str, url: str, options: dict[str, Any], form: bytes | None = None) -> "_ErrorAnswer":
        """Ask; our credential goes to Entra's own hosts only, whatever its metadata say."""
        if not url.startswith(self._roots):
            raise Transient("Entra's metadata lead elsewhere")
        headers = dict(options.get("headers") or {})
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            return _read(self._web.send(method, url, headers=headers, body=form, within_s=_WITHIN_S))
        except Unreachable as error:
            raise Transient("Entra did not answer") from error


class _ErrorAnswer:
    """An answer in the form that msal reads; it gets what we have read, not the bytes that came."""

    def __init__(self, response: Response, body: dict[str, Any]) -> None:
        self.status_code = response.status
        self.headers = dict(response.headers)
        self.body = body
        self.text = msgspec.json.encode(body).decode()


def _read(response: Response) -> _ErrorAnswer:
    if response.status == 429:
        raise Throttled("Entra is throttling us", wait_s=retry_after_s(response.headers.get("retry-after")))
    if response.status >= 500 or response.status < 200 or 300 <= response.status < 400:
        raise Transient(f"Entra answered {response.status}")
    try:
        body = parsed(response.body)
    except UnreadableJson as error:
        raise Transient("Entra's answer was not JSON") from error
    if not isinstance(body, dict):
        raise Transient("Entra's answer was no object")
    return _ErrorAnswer(response, _without_oddities(body) if "access_token" in body else body)


def _without_oddities(body: dict[str, Any]) -> dict[str, Any]:
    """Tokens, without the fields beside them that msal would stumble over: they cost no more than themselves."""
    lives = {name: _seconds(body[name]) for name in _LIVES if name in body}
    texts = {name: body[name] for name in _TEXTS if isinstance(body.get(name), str)}
    told = {name: it for name, it in (body | lives).items() if name not in _TEXTS and it is not None}
    return told | {name: it for name, it in texts.items() if name != "client_info" or _is_readable(it)}


def _seconds(value: object) -> int | None:
    """A number of seconds in whatever form it comes; None for what is none."""
    try:
        seconds = float(value) if isinstance(value, int | float | str) else -1.0
    except ValueError:
        return None
    return int(seconds) if 0 <= seconds < _LONGEST_S else None


def _is_readable(client_info: str) -> bool:
    """Whether msal can read it: base64url of a JSON object."""
    try:
        return isinstance(parsed(base64.urlsafe_b64decode(client_info + "=" * (-len(client_info) % 4))), dict)
    except ValueError:
        return False


def _meaning(told: Mapping[str, Any]) -> MicrosoftError:
    """What an answer without a token stands for. Without an ``error``, or a code, it is nothing Entra says."""
    if not isinstance(told.get("error"), str) and not codes_in(told):
        return Transient("Entra's answer held neither a token nor a refusal")
    return raised(refusal(told))
