"""Read a tenant's user sync: its state, the choices that filters have, and its links."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from integrations.actions.directory import GROUPS, USERS, StoredDirectory
from integrations.actions.user_sync.synced_tenant import SyncedTenant, find_synced_tenant
from integrations.domain.ids import AccountId, TenantId
from integrations.domain.security.policy_people import Directory
from integrations.domain.sync.records import Group, User
from integrations.domain.user_sync.comparison import main_domain, text_key
from integrations.services import Services
from integrations.storage.user_sync import HELD_PLAN
from integrations.views.tenant_details import OrganizationName
from integrations.views.user_sync.chip import label_and_colour
from integrations.views.user_sync.links import FilterChoices, FilterGroup, FilterValue
from integrations.views.user_sync.plan import PlanFailure, PlanView
from integrations.views.user_sync.user_sync import PlanHoldView, UserSyncView, with_every_field

_MOST_CHOICES = 1000
_FAILURE = PlanFailure(
    detail="Our service failed while syncing the users. End Users are as the last run left them.",
    remedy="It is tried again by itself. If it keeps failing, tell the operator of this service.",
)


class ReadUserSync(NamedTuple):
    """A user sync, and the version of its settings."""

    view: UserSyncView
    version: str


def read_user_sync(services: Services, account_id: AccountId, tenant_id: TenantId) -> ReadUserSync:
    """The user sync of a mapped tenant.

    Raises:
        NotFound: there is no such tenant.
        Conflict: ``not_mapped``.
    """
    synced = find_synced_tenant(services, account_id, tenant_id)
    head = synced.head()
    state, is_in_use = synced.state(head), synced.is_in_use(head)
    label, colour = label_and_colour(state)
    view = UserSyncView(
        tenant_id=tenant_id,
        state=state.value,
        state_label=label,
        state_colour=colour,
        settings=with_every_field(synced.settings()),
        organizations=[OrganizationName(id=it.id, name=it.name) for it in synced.organizations],
        synced_at=head.synced_at if is_in_use else None,
        counts=head.counts if is_in_use else None,
        skipped=head.skipped if is_in_use else {},
        hold=_hold(synced) if is_in_use else None,
        failure=_FAILURE if head.failure and is_in_use else None,
    )
    return ReadUserSync(view, str(head.version))


def _hold(synced: SyncedTenant) -> PlanHoldView | None:
    hold = synced.head().hold
    text = synced.store.text(HELD_PLAN) if hold else ""
    if hold is None or not text:
        return None
    plan = msgspec.json.decode(text, type=PlanView)
    return PlanHoldView(since=hold.since, reasons=[it.value for it in hold.reasons], plan=plan)


def read_choices(services: Services, account_id: AccountId, tenant_id: TenantId) -> FilterChoices:
    """The values that filters can name, as they were last read.

    Raises:
        NotFound: there is no such tenant.
        Conflict: ``not_mapped``.
    """
    synced = find_synced_tenant(services, account_id, tenant_id)
    stored = services.data(account_id, tenant_id, synced.tenant.epoch).state(synced.tenant.confirmed)
    users = [it for _, it in stored.rows.all(USERS, User)] if USERS in stored.cursors else []
    directory = StoredDirectory(synced.tenant, stored, services.clock())
    cursor = stored.cursors.get(USERS)
    return FilterChoices(
        departments=_values(it.department for it in users),
        offices=_values(it.office for it in users),
        domains=_values(main_domain(it) for it in users),
        groups=_groups(directory.groups() or {} if GROUPS in stored.cursors else {}, {it.id for it in users}),
        as_of=cursor.complete_at if cursor else None,
    )


def _values(texts: Iterable[str | None]) -> list[FilterValue]:
    """Values that a filter takes for equal are one; it is spelled as most users have it."""
    spellings = Counter(it for it in texts if it and it.strip())
    counts: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for text, number in spellings.most_common():
        counts[text_key(text)] += number
        spelled.setdefault(text_key(text), text.strip())
    ordered = sorted(counts.items(), key=lambda it: (-it[1], it[0]))
    return [FilterValue(value=spelled[key], people=number) for key, number in ordered[:_MOST_CHOICES]]


def _groups(groups: dict[str, Group], user_ids: set[str]) -> list[FilterGroup]:
    directory = Directory(groups=groups, roles=None)
    found = [
        FilterGroup(id=it.id, name=it.name, people=len(directory.members(it.id) & user_ids)) for it in groups.values()
    ]
    return sorted(found, key=lambda it: (-(it.people or 0), it.name.casefold(), it.id))[:_MOST_CHOICES]
