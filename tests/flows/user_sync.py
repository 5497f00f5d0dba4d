"""A tenant whose users are synced, in words of the product: for tests of the user sync."""

import json
from collections.abc import Mapping
from typing import Any

from integrations.domain.ids import AccountId, TenantId
from integrations.domain.jobs.orders import EvaluateOrder
from local.host.invocation.invoker import Response
from tests.flows.portal import Portal

ACCOUNT = AccountId("acct_northwind")


class UserSync:
    """One tenant, mapped and synced; its users are synced into the Organization it is mapped to."""

    def __init__(self, portal: Portal, tenant: Mapping[str, str], organization: str) -> None:
        self.portal = portal
        self.world = portal.microsoft.world
        self.tenant = tenant
        self.organization = organization

    @property
    def id(self) -> str:
        return self.tenant["id"]

    @property
    def path(self) -> str:
        return f"/tenants/{self.id}/user-sync"

    def settings(self, **more: Any) -> dict[str, Any]:
        return {"organizations": [{"organization_id": self.organization}], **more}

    def plan(self, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return dict(self.portal.ask("POST", f"{self.path}/plan", {"settings": settings or self.settings()}))

    def state(self) -> dict[str, Any]:
        return dict(self.portal.ask("GET", self.path))

    def put(self, settings: Mapping[str, Any], plan_hash: str = "", etag: str = "*") -> Response:
        body = {"settings": settings, "plan_hash": plan_hash}
        return self.portal.call("PUT", self.path, body, headers={"if-match": etag})

    def turn_on(self, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Somebody looks at the plan and turns it on; the sync follows."""
        settings = settings or self.settings()
        plan = self.plan(settings)
        answer = self.put(settings, plan["plan_hash"])
        assert answer.status == 200, answer.body
        self.portal.run_queues()
        return plan

    def turn_off(self) -> None:
        assert self.portal.call("DELETE", self.path, headers={"if-match": "*"}).status == 200

    def sync(self, **later: float) -> None:
        """Microsoft's changes come with the next sync."""
        self.portal.later(**(later or {"hours": 7}))
        self.portal.sync(self.tenant)

    def run(self) -> None:
        """A run without any change at Microsoft, as there is one a day."""
        tenant = self.portal.services.control(ACCOUNT).tenants.find(self.id)
        assert tenant is not None
        order = EvaluateOrder(account_id=ACCOUNT, tenant_id=TenantId(self.id), epoch=tenant.value.epoch)
        self.portal.services.send(order)
        self.portal.run_queues()

    def people(self, organization: str = "") -> list[dict[str, Any]]:
        path = f"/organizations/{organization or self.organization}/end-users?limit=1000"
        return list(self.portal.ask("GET", path)["items"])

    def person(self, name: str) -> dict[str, Any]:
        return next(it for it in self.people() if it["name"] == name)

    def links(self, query: str = "") -> list[dict[str, Any]]:
        return list(self.portal.ask("GET", f"{self.path}/links?limit=1000{query}")["items"])

    def questions(self, query: str = "") -> list[dict[str, Any]]:
        return list(self.portal.ask("GET", f"{self.path}/queue?limit=1000{query}")["items"])

    def kinds(self) -> list[str]:
        return [it["kind"] for it in self.questions()]

    def decide(self, question: Mapping[str, Any], choice: str, **more: Any) -> dict[str, Any] | None:
        path = f"{self.path}/queue/{question['id']}/decision"
        decided = self.portal.ask("POST", path, {"choice": choice, **more})["item"]
        self.portal.run_queues()
        return dict(decided) if decided else None

    def has_user(self, name: str, **more: Any) -> str:
        """Somebody with a mail address of the tenant's domain; returns the object id."""
        address = f"{name.lower().replace(' ', '.')}@{self.tenant['domain']}"
        fields = {"displayName": name, "mail": address, "userPrincipalName": address, **more}
        return str(self.world.add_user(self.id, **fields)["id"])

    def has_end_user(self, name: str, organization: str = "", **more: Any) -> str:
        path = f"/organizations/{organization or self.organization}/end-users"
        return str(self.portal.ask("POST", path, {"name": name, **more}, expect=201)["id"])


def refusal(answer: Response) -> tuple[int, str]:
    return answer.status, str(json.loads(answer.body)["code"])


def with_user_sync(portal: Portal, users: int = 3) -> UserSync:
    """A tenant with so many users, mapped and synced; its user sync is off."""
    tenant = portal.has_tenant(users=users)
    portal.connected(tenant)
    organization = portal.ask("GET", "/organizations")["items"][0]["id"]
    return UserSync(portal, tenant, organization)
