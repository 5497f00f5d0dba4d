"""The portal's and an administrator's part, over real HTTP: used to fill a new system and to demonstrate it."""

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from local.microsoft.browser import Callback, Person
from local.microsoft.control import Partner, Tenant, World
from local.processes import CLIENT_ID, CLIENT_SECRET, LocalServices

_WAIT_S = 90.0
APP_NAME = "Syncro Microsoft Tenant Integrations"
APP_ROLES = [
    "Organization.Read.All",
    "User.Read.All",
    "LicenseAssignment.Read.All",
    "Directory.Read.All",
    "Device.Read.All",
    "DeviceManagementManagedDevices.Read.All",
    "SecurityEvents.Read.All",
    "AuditLog.Read.All",
    "Policy.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagementPolicy.Read.Directory",
    "RoleManagementPolicy.Read.AzureADGroup",
    "PrivilegedEligibilitySchedule.Read.AzureADGroup",
    "Application.Read.All",
    "MailboxSettings.Read",
    "Place.Read.All",
    "Application.ReadWrite.OwnedBy",
]
# What our app registration asks for on behalf of people: of a single tenant's admin, and of a CSP's account.
DELEGATED = ["User.Read", "GroupMember.Read.All", "DelegatedAdminRelationship.Read.All", "user_impersonation"]


class PortalError(Exception):
    """The API answered with a problem."""


class PortalClient:
    """Acts for one persona of the portal."""

    def __init__(self, services: LocalServices, url: str, persona: str = "alice") -> None:
        self._services = services
        self._url = f"{url}/api"
        self._session = requests.Session()
        self._session.trust_env = False
        token = self._session.post(f"{services.personas_url}/token", json={"persona": persona}, timeout=10).json()
        self._session.headers["Authorization"] = f"Bearer {token['token']}"

    def ask(self, method: str, path: str, body: object = None) -> Any:
        answer = self._session.request(method, f"{self._url}{path}", json=body, timeout=60)
        if answer.status_code >= 400:
            raise PortalError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def integrate(self, tenant: Tenant) -> str:
        """Sign in, accept, wait for the proof, confirm."""
        started = self.ask("POST", "/integrations", {"kind": "single"})
        flow = f"/consent/{started['flow_id']}"
        person = Person(self._services.login_url, self._services.ca_file, tenant["admin"])
        self._send_callback(person.follow(started["authorize_url"]))
        returned = self.ask("GET", flow)
        if not returned["continue_url"]:
            raise PortalError(f"the sign-in was not accepted: {returned['reason']} {returned['detail']}")
        self._send_callback(person.follow(returned["continue_url"]))
        proof = self._until(lambda: self.ask("GET", flow), lambda current: current["state"] != "returned")
        if proof["state"] != "proven":
            raise PortalError(f"the connection was not proven: {proof['reason']} {proof['detail']}")
        return str(self.ask("POST", f"{flow}/complete")["integration_id"])

    def integrate_csp(self, partner: Partner) -> str:
        """Accept the prerequisites, sign in with MFA, wait for the proof, confirm, and wait for the first run."""
        version = self.ask("GET", "/prerequisites/csp")["version"]
        accepted = {"accepted": True, "version": version}
        return self._as_partner(partner, self.ask("POST", "/integrations", {"kind": "csp", "prerequisites": accepted}))

    def reauthorize_csp(self, partner: Partner, integration_id: str) -> str:
        return self._as_partner(partner, self.ask("POST", f"/integrations/{integration_id}/reauthorize"))

    def _as_partner(self, partner: Partner, started: Mapping[str, Any]) -> str:
        flow = f"/consent/{started['flow_id']}"
        person = Person(self._services.login_url, self._services.ca_file, partner["admin"])
        self._send_callback(person.follow(started["authorize_url"]))
        proof = self._until(lambda: self.ask("GET", flow), lambda current: current["state"] != "returned")
        if proof["state"] != "proven":
            raise PortalError(f"the CSP was not proved: {proof['reason']} {proof['detail']}")
        key = str(self.ask("POST", f"{flow}/complete")["integration_id"])
        self._until(lambda: self.csp(key), lambda row: row["sync_status"]["label"] != "Auth Pending")
        return key

    def csp(self, integration_id: str) -> dict[str, Any]:
        return next(it for it in self.ask("GET", "/integrations")["csps"] if it["id"] == integration_id)

    def await_customers(self, is_done: Callable[[list[str]], bool]) -> list[str]:
        """CSP Auth of every customer, once it is as it should be."""

        def labels() -> list[str]:
            return [it["csp_auth"]["label"] for it in self.rows() if it["csp_auth"] != "-"]

        return list(self._until(labels, is_done))

    def organization(self, name: str) -> str:
        return str(self.ask("POST", "/organizations", {"name": name})["id"])

    def map(self, tenant: Tenant, organization_id: str) -> None:
        self.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": organization_id})

    def await_sync(self, tenant: Tenant) -> dict[str, Any]:
        """The tenant's row, once its sync has ended one way or the other."""
        return dict(self._until(lambda: self.row(tenant), lambda row: row["sync_status"]["label"] != "Pending"))

    def row(self, tenant: Tenant) -> dict[str, Any]:
        return next(it for it in self.rows() if it["tenant_id"] == tenant["id"])

    def rows(self) -> list[dict[str, Any]]:
        return list(self.ask("GET", "/integrations")["tenants"]["items"])

    def _send_callback(self, callback: Callback) -> None:
        """Carry Microsoft's answer to the app, as the browser does."""
        split = urlsplit(callback.url)
        target = self._url.removesuffix("/api") + split.path
        if callback.method == "GET":
            answer = self._session.get(f"{target}?{split.query}", allow_redirects=False, timeout=60)
        else:
            answer = self._session.post(target, data=callback.fields, allow_redirects=False, timeout=60)
        if answer.status_code != 303:
            raise PortalError(f"the callback answered {answer.status_code}: {answer.text}")

    @staticmethod
    def _until(read: Any, is_done: Any) -> Any:
        give_up_at = time.monotonic() + _WAIT_S
        while True:
            current = read()
            if is_done(current):
                return current
            if time.monotonic() > give_up_at:
                raise PortalError(f"nothing came of it within {_WAIT_S:.0f} s: {current}")
            time.sleep(0.3)


def register(started: LocalServices, url: str) -> World:
    """Tell the simulated Microsoft of our app registrations, as the operator would in Entra."""
    world = World(started.graph_url, started.ca_file)
    csp_client_id = started.settings.get("MICROSOFT_CSP_CLIENT_ID")
    addresses = [f"{url}/api/consent/callback/{kind}" for kind in ("single", "csp")]
    lists = {CLIENT_ID: (APP_ROLES, ["User.Read"] if csp_client_id else DELEGATED)}
    if csp_client_id:
        lists[csp_client_id] = ([], DELEGATED)
    for client_id, (app_roles, delegated) in lists.items():
        world.register_app(
            client_id=client_id,
            name=APP_NAME,
            secret=CLIENT_SECRET,
            redirect_uris=addresses,
            app_roles=app_roles,
            delegated=delegated,
        )
    return world


def csp_line(row: dict[str, Any]) -> str:
    """A CSP's row above the table, in plain text."""
    count = f" {row['tenant_count_label']}" if row["tenant_count_label"] else ""
    synced = row["last_synced_at"] or "never"
    return f"{row['name']}  {row['kind_label']}{count}  Last Synced {synced}  {row['sync_status']['label']}"


def table(rows: list[dict[str, Any]]) -> str:
    """The page's table, in plain text."""
    head = ("Microsoft Tenant", "Syncro Tenant", "Sync Status", "Last Sync", "CSP Name", "CSP Auth")
    cells = [head] + [
        (
            row["name"],
            row["syncro_tenant"]["name"] if row["syncro_tenant"] else "",
            row["sync_status"]["label"],
            row["last_sync_at"] or "",
            row["csp_name"],
            row["csp_auth"] if isinstance(row["csp_auth"], str) else row["csp_auth"]["label"],
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
