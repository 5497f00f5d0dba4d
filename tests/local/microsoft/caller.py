"""What tests of the simulated cloud share: a registered application that signs people in and asks Graph."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode

import jwt
import requests

from local.microsoft import Callback, Person, Running, Tenant

CLIENT_ID = "c0ffee00-0000-4000-8000-000000000001"
SECRET = "a-simulated-secret"
BACK = "https://app.example/back"
ROLES = (
    "Organization.Read.All", "Domain.Read.All", "User.Read.All", "Directory.Read.All", "Device.Read.All",
    "AuditLog.Read.All", "Application.ReadWrite.OwnedBy",
)  # fmt: skip
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


class Caller:
    """An application registered in the simulated cloud."""

    def __init__(self, microsoft: Running, app_roles: tuple[str, ...] = ROLES) -> None:
        self.microsoft = microsoft
        self.world = microsoft.world
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = microsoft.ca_file
        self.world.register_app(
            CLIENT_ID, name="Ours", secret=SECRET, redirect_uris=[BACK], app_roles=app_roles, delegated=["User.Read"]
        )

    def tenant(self, name: str = "Contoso Dental", *, consented: bool = True, **details: Any) -> Tenant:
        made = self.world.add_tenant(name, **details)
        if consented:
            self.world.consent(made["id"], CLIENT_ID)
        return made

    def person(self, username: str) -> Person:
        return Person(self.microsoft.login_url, self.microsoft.ca_file, username)

    # Entra.

    def authorize_url(self, segment: str = "organizations", **changes: str | None) -> str:
        asked: dict[str, str | None] = {
            "client_id": CLIENT_ID,
            "response_type": "code",
            "redirect_uri": BACK,
            "scope": f"openid profile offline_access {self.microsoft.graph_url}/User.Read",
            "state": "st",
            "nonce": "no",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changes
        query = urlencode({name: it for name, it in asked.items() if it is not None})
        return f"{self.microsoft.login_url}/{segment}/oauth2/v2.0/authorize?{query}"

    def consent_url(self, segment: str, **changes: str | None) -> str:
        asked: dict[str, str | None] = {
            "client_id": CLIENT_ID,
            "redirect_uri": BACK,
            "scope": f"{self.microsoft.graph_url}/.default",
            "state": "st",
        } | changes
        query = urlencode({name: it for name, it in asked.items() if it is not None})
        return f"{self.microsoft.login_url}/{segment}/v2.0/adminconsent?{query}"

    def signs_in(self, username: str, segment: str = "organizations", **changes: str | None) -> Callback:
        with self.person(username) as person:
            return person.follow(self.authorize_url(segment, **changes))

    def token(self, segment: str, **form: str | None) -> requests.Response:
        told: dict[str, str | None] = {"client_id": CLIENT_ID, "client_secret": SECRET} | form
        url = f"{self.microsoft.login_url}/{segment}/oauth2/v2.0/token"
        return self.session.post(url, data={name: it for name, it in told.items() if it is not None}, timeout=30)

    def redeem(self, code: str, segment: str = "organizations", **changes: str | None) -> requests.Response:
        told: dict[str, str | None] = {"code": code, "redirect_uri": BACK, "code_verifier": VERIFIER} | changes
        return self.token(segment, grant_type="authorization_code", **told)

    def app_token(self, tenant: Tenant, **form: str | None) -> requests.Response:
        scope = f"{self.microsoft.graph_url}/.default"
        return self.token(tenant["id"], **{"grant_type": "client_credentials", "scope": scope, **form})

    # Graph.

    def as_app(self, tenant: Tenant) -> "Asker":
        answer = self.app_token(tenant)
        assert answer.status_code == 200, answer.text
        return Asker(self, answer.json()["access_token"])

    def as_person(self, username: str) -> "Asker":
        answer = self.redeem(self.signs_in(username).fields["code"])
        assert answer.status_code == 200, answer.text
        return Asker(self, answer.json()["access_token"])


class Asker:
    """Asks Graph with one token."""

    def __init__(self, caller: Caller, token: str) -> None:
        self._root = f"{caller.microsoft.graph_url}/v1.0"
        self._session = caller.session
        self._headers = {"Authorization": f"Bearer {token}"}
        self.claims = claims_of(token)

    def send(self, method: str, target: str, **more: Any) -> requests.Response:
        url = target if target.startswith("https://") else f"{self._root}{target}"
        headers = {**self._headers, **more.pop("headers", {})}
        return self._session.request(method, url, headers=headers, timeout=30, **more)

    def get(self, target: str, **headers: str) -> requests.Response:
        return self.send("GET", target, headers={name.replace("_", "-"): it for name, it in headers.items()})

    def found(self, target: str, **headers: str) -> dict[str, Any]:
        answer = self.get(target, **headers)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def rows(self, target: str, **headers: str) -> list[dict[str, Any]]:
        """Everything, page after page."""
        pages = self.pages(target, **headers)
        return [row for page in pages for row in page["value"]]

    def pages(self, target: str, **headers: str) -> list[dict[str, Any]]:
        pages = [self.found(target, **headers)]
        while "@odata.nextLink" in pages[-1]:
            pages.append(self.found(pages[-1]["@odata.nextLink"], **headers))
        return pages

    def batch(self, *parts: dict[str, Any]) -> requests.Response:
        return self.send("POST", "/$batch", json={"requests": list(parts)})


def claims_of(token: str) -> dict[str, Any]:
    told: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return told


def code_of(answer: requests.Response) -> object:
    """The error code of Graph, or the AADSTS number of Entra."""
    told = answer.json()
    return told["error"]["code"] if isinstance(told["error"], dict) else told["error_codes"][0]
