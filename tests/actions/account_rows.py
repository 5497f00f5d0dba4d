"""An account with one Organization, and changes of it."""

from datetime import timedelta

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.domain.ids import AccountId, OrganizationId, SyncroTenantId
from integrations.domain.integrations import Organization
from integrations.domain.jobs.orders import PlanOrder
from integrations.services import Services
from integrations.storage.documents import Stored
from integrations.storage.due import Work

ACCOUNT = AccountId("acct_northwind")
ACTOR = Actor(ACCOUNT, "user_alice", "")
ORG = OrganizationId("org_1")
ITEM = "9f1c0e3a-0000-4000-8000-00000000aa01"


def organization(services: Services, name: str = "Acme Dental", key: str = ORG) -> Organization:
    return Organization(
        id=OrganizationId(key),
        name=name,
        domains=[],
        syncro_tenant_id=SyncroTenantId("st_1"),
        created_at=services.clock(),
    )


def make(account: Account, *, fails: bool = False) -> None:
    """A change with everything that a change can contain."""
    now = account.services.clock()
    with account.change(ACTOR, "created organization", {"organization_id": ORG}) as change:
        change.send(PlanOrder(account_id=account.id))
        change.write(account.control.organizations.added(organization(account.services)))
        change.postpone(Work.PURGE, ITEM, now + timedelta(days=1))
        change.due(Work.SYNC, ITEM, now + timedelta(hours=1))
        if fails:
            raise ZeroDivisionError


def named(account: Account) -> str:
    stored = account.control.organizations.find(ORG)
    return stored.value.name if stored else ""


def rename(account: Account, stored: Stored[Organization], name: str) -> None:
    with account.change() as change:
        change.write(account.control.organizations.saved(stored.now(msgspec.structs.replace(stored.value, name=name))))


def present(account: Account) -> Stored[Organization]:
    stored = account.control.organizations.find(ORG)
    assert stored
    return stored


def lines(account: Account, *items: str) -> dict[Work, float]:
    """In how many hours, rounded, each kind of work is due."""
    now = account.services.clock()
    due_lines = [due for item in items for due in account.services.due.of(account.id, item)]
    return {it.work: round((it.at - now).total_seconds() / 3600, 1) for it in due_lines}
