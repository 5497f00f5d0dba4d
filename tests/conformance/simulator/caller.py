"""Calls the simulated Graph as an application or as a person, and keeps every exchange for the oracle."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from local.microsoft.browser import Person
from local.microsoft.cloud import Running
from tests.conformance.graph import Exchange, Mismatch, Oracle, record_exchanges

CLIENT_ID = "c0ffee00-0000-4000-8000-000000000001"
SECRET = "simulated"
REDIRECT = "http://localhost:7071/callback"
ROLES = [
    "Organization.Read.All", "Domain.Read.All", "User.Read.All", "Directory.Read.All", "LicenseAssignment.Read.All",
    "Device.Read.All", "RoleManagement.Read.Directory", "GroupMember.Read.All", "Application.Read.All",
    "Application.ReadWrite.OwnedBy", "AuditLog.Read.All", "SecurityEvents.Read.All", "Policy.Read.All",
    "DeviceManagementManagedDevices.Read.All", "RoleManagementPolicy.Read.Directory",
    "RoleManagementPolicy.Read.AzureADGroup", "MailboxSettings.Read", "Place.Read.All",
]  # fmt: skip


class Caller:
    """One tenant of a simulated cloud, and our application in it with every role it may have."""

    def __init__(self, cloud: Running, name: str = "Contoso Dental", **details: Any) -> None:
        self.cloud = cloud
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = cloud.ca_file
        self.take = record_exchanges(self._session, cloud.graph_url)
        cloud.world.register_app(
            client_id=CLIENT_ID, secret=SECRET, redirect_uris=[REDIRECT], app_roles=ROLES, delegated=["User.Read"]
        )
        self.tenant = cloud.world.add_tenant(name=name, **details)
        cloud.world.consent(tenant_id=self.tenant["id"], client_id=CLIENT_ID)
        self.token = self.app_token()

    def ask(self, target: str, method: str = "GET", body: object = None, **headers: str) -> Exchange:
        """One request; ``target`` is below the version, or a whole link."""
        url = target if target.startswith("https://") else f"{self.cloud.graph_url}/v1.0{target}"
        told = {"Accept": "application/json", "Authorization": f"Bearer {self.token}"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = None if body is None else json.dumps(body)
        if sent is not None:
            told["Content-Type"] = "application/json"
        self._session.request(method, url, data=sent, headers=told, timeout=30)
        (exchange,) = self.take()
        return exchange

    def follow(self, target: str, link: str = "@odata.nextLink") -> list[Exchange]:
        """A request, and the pages that its links lead to."""
        pages = [self.ask(target)]
        while link in (pages[-1].answer or {}):
            pages.append(self.ask(pages[-1].answer[link]))
        return pages

    def app_token(self) -> str:
        return self._token(grant_type="client_credentials", scope=f"{self.cloud.graph_url}/.default")

    def person_token(self, *scopes: str) -> str:
        """The tenant's administrator signs in, and agrees to these permissions; the token acts for this person."""
        asked = " ".join(f"{self.cloud.graph_url}/{name}" for name in scopes or ["User.Read"])
        verifier = secrets.token_urlsafe(32)
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        question = {
            "client_id": CLIENT_ID,
            "response_type": "code",
            "response_mode": "query",
            "redirect_uri": REDIRECT,
            "scope": f"openid profile {asked}",
            "state": "s",
            "nonce": "n",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        person = Person(self.cloud.login_url, self.cloud.ca_file, self.tenant["admin"])
        callback = person.follow(f"{self._authority}/authorize?{urlencode(question)}")
        return self._token(
            grant_type="authorization_code",
            code=callback.fields["code"],
            redirect_uri=REDIRECT,
            code_verifier=verifier,
            scope=question["scope"],
        )

    @property
    def _authority(self) -> str:
        return f"{self.cloud.login_url}/{self.tenant['id']}/oauth2/v2.0"

    def _token(self, **form: str) -> str:
        told = {"client_id": CLIENT_ID, "client_secret": SECRET, **form}
        answer = self._session.post(f"{self._authority}/token", data=told, timeout=30)
        assert answer.ok, answer.text
        return str(answer.json()["access_token"])


def assert_conforms(oracle: Oracle, *exchanges: Exchange) -> None:
    """Fail with every mismatch that the oracle finds in these exchanges."""
    assert_silent(oracle.judge(exchanges))


def assert_silent(mismatches: list[Mismatch]) -> None:
    if mismatches:
        pytest.fail("\n".join(map(str, mismatches)), pytrace=False)
