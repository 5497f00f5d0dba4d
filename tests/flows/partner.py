"""A CSP in the tests' hands: its partner tenant, its customers, and what the page says of them."""

from dataclasses import dataclass, field
from typing import Any

from integrations.domain.ids import AccountId
from local.microsoft.control import Partner
from tests.flows.portal import Portal

VERSION = "2026-11-28"
# How Microsoft takes a removal: as is reported of it, or as its pages can be read too.
UNFRIENDLY = {
    "consent_deletion_leaves_principal": True,
    "tokens_outlive_removal": True,
    "owned_by_removes_itself": False,
}
FRIENDLY = {name: not it for name, it in UNFRIENDLY.items()}


@dataclass
class Csp:
    """One partner, integrated or to be integrated by the portal's person."""

    portal: Portal
    partner: Partner
    id: str = ""
    customers: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def world(self) -> Any:
        return self.portal.microsoft.world

    def has(self, name: str, **details: Any) -> dict[str, str]:
        """A customer of the partner's; see ``PartnerWorld.add_customer``."""
        self.customers[name] = self.world.add_customer(self.partner, name, **details)
        return self.customers[name]

    def start(self) -> dict[str, Any]:
        body = {"kind": "csp", "prerequisites": {"accepted": True, "version": VERSION}}
        return dict(self.portal.ask("POST", "/integrations", body, expect=201))

    def signs_in(self, started: dict[str, Any], username: str | None = None) -> dict[str, Any]:
        """Sign in and accept at Microsoft, come back, and have it proved."""
        person = self.portal.person(username or self.partner["admin"])
        answer = self.portal.send(person.follow(started["authorize_url"]))
        assert answer.status == 303, (answer.status, answer.body)
        self.portal.run_queues()
        return self.portal.flow(started["flow_id"])

    def integrate(self) -> "Csp":
        """Integrated, and read for the first time."""
        self.id = self.portal.reach(f"CSP integrated {self.partner['id']}", lambda: self._integrates().id)
        return self

    def _integrates(self) -> "Csp":
        """The whole journey, and the first run."""
        flow = self.signs_in(self.start())
        assert flow["state"] == "proven", flow
        return self.complete(flow)

    def complete(self, flow: dict[str, Any]) -> "Csp":
        told = self.portal.ask("POST", f"/consent/{flow['flow_id']}/complete", expect=201)
        self.id = told["integration_id"]
        self.portal.run_queues()
        return self

    def reauthorize(self, username: str | None = None) -> dict[str, Any]:
        started = self.portal.ask("POST", f"/integrations/{self.id}/reauthorize", expect=201)
        return self.signs_in(started, username)

    def row(self) -> dict[str, Any]:
        return dict(next(it for it in self.portal.ask("GET", "/integrations")["csps"] if it["id"] == self.id))

    def status(self) -> str:
        return str(self.row()["sync_status"]["label"])

    def customer(self, name: str) -> dict[str, Any]:
        """The customer's row in the table."""
        return self.portal.row(self.customers[name])

    def auth(self, name: str) -> str:
        return str(self.customer(name)["csp_auth"]["label"])

    def shown(self, name: str) -> dict[str, Any]:
        """CSP Auth of a customer, with everything the page explains it by."""
        return dict(self.customer(name)["csp_auth"])

    def settled(self) -> "Csp":
        """Integrated, with every step taken that was due; Contoso is in good order."""
        self.onboarded()
        assert self.auth("Contoso") == "Active"
        return self

    def onboarded(self) -> "Csp":
        """Integrated, and a minute later: what was due of its customers' consents is done."""
        self.id = self.portal.reach(f"CSP onboarded {self.partner['id']}", self._onboards)
        return self

    def _onboards(self) -> str:
        self._integrates().later(minutes=1)
        return self.id

    def checks(self) -> dict[str, str]:
        told = self.portal.ask("GET", f"/integrations/{self.id}")
        return {it["check"]: it["state"] for it in told["checks"]}

    def credentials(self) -> list[Any]:
        """What is kept of sign-ins in the account, as it is stored."""
        return list(self.portal.services.control(AccountId("acct_northwind")).credentials.list())

    def later(self, **span: float) -> None:
        """Time passes, timers fire, and everything due is done."""
        self.portal.later(**span)
        self.portal.tick()


def has_csp(portal: Portal, name: str = "Northwind Partner") -> Csp:
    return Csp(portal, portal.microsoft.world.add_partner(name))
