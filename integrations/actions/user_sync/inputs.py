"""Everything that a plan of a tenant's user sync is made from, as it is stored now."""

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from integrations.actions.directory import StoredDirectory
from integrations.actions.people.finding import find_end_user
from integrations.actions.user_sync.synced_tenant import SyncedTenant
from integrations.domain.ids import EndUserId, OrganizationId, TenantId, end_user_id_for
from integrations.domain.people.changes import PeopleHead
from integrations.domain.people.end_user import EndUser
from integrations.domain.people.erasure import erasure_hash
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.links import (
    Decision,
    DecisionKey,
    KnownEndUser,
    QueueItem,
    QueueKey,
    UserLink,
    key_of,
    queue_key,
)
from integrations.domain.user_sync.settings import UserSyncSettings
from integrations.domain.user_sync.stored.end_users import known_end_user
from integrations.storage.control import CURRENT, Control
from integrations.storage.documents import Stored
from integrations.storage.user_sync import UserRows, UserSyncStore
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class ReadInputs:
    """The inputs of a plan, and the versions they were read at.

    ``sequences`` are the numbers of End Users' last changes, ``managed`` their managed fields; ``seen`` are the numbers
    of Organizations' last changes, read no later than their people. Where only some users are planned, ``heads`` and
    ``end_users`` are the rows that were read of Organizations' people.
    """

    inputs: UserSyncInputs
    sequences: dict[EndUserId, int] = field(default_factory=dict)
    managed: dict[EndUserId, list[str]] = field(default_factory=dict)
    seen: dict[OrganizationId, int] = field(default_factory=dict)
    heads: dict[OrganizationId, Stored[PeopleHead] | None] = field(default_factory=dict)
    end_users: dict[EndUserId, Stored[EndUser]] = field(default_factory=dict)


def read_inputs(synced: SyncedTenant, settings: UserSyncSettings, directory: StoredDirectory) -> ReadInputs:
    """Read what is stored; links that are frozen count as well, since a plan may be what brings them back."""
    services, store = synced.account.services, synced.store
    links = {it.object_id: it for it in store.links.all()}
    end_users: dict[EndUserId, KnownEndUser] = {}
    sequences: dict[EndUserId, int] = {}
    managed: dict[EndUserId, list[str]] = {}
    seen = seen_now(synced)
    for person in _people(synced, links.values()):
        end_users[person.id] = known_end_user(person)
        sequences[person.id] = person.sequence
        if person.managed_fields:
            managed[person.id] = person.managed_fields
    inputs = UserSyncInputs(
        settings=settings,
        directory=directory.read(settings),
        end_users=end_users,
        links=links,
        decisions=_decisions(store),
        queue=_queue(store),
        new_end_user_id=partial(new_end_user_id, synced.id),
        is_erased=_erased(synced.account.control, synced.id),
        as_of=services.clock(),
    )
    return ReadInputs(inputs, sequences, managed, seen)


def read_some(
    synced: SyncedTenant,
    settings: UserSyncSettings,
    directory: StoredDirectory,
    object_ids: Collection[str],
    rows: UserRows,
) -> ReadInputs:
    """Of the same only what concerns these users; ``rows`` is what is stored about them."""
    links, decisions, questions = rows
    heads, end_users = _some_people(synced, sorted({it.end_user_id for it in links if it.end_user_id}))
    people = [it.value for it in end_users.values()]
    inputs = UserSyncInputs(
        settings=settings,
        directory=directory.read(settings, only=object_ids),
        end_users={it.id: known_end_user(it) for it in people},
        links={it.object_id: it for it in links},
        decisions={key_of(it): it for it in decisions},
        queue={queue_key(it): it for it in questions},
        new_end_user_id=partial(new_end_user_id, synced.id),
        as_of=synced.account.services.clock(),
    )
    return ReadInputs(
        inputs,
        sequences={it.id: it.sequence for it in people},
        managed={it.id: it.managed_fields for it in people if it.managed_fields},
        seen={key: it.value.end_users_sequence if it else 0 for key, it in heads.items()},
        heads=heads,
        end_users=end_users,
    )


def seen_now(synced: SyncedTenant) -> dict[OrganizationId, int]:
    """The number of the last change of an End User, of each Organization."""
    services, account_id = synced.account.services, synced.account.id
    return {it: services.people(account_id, it).head().end_users_sequence for it in synced.organization_ids}


def new_end_user_id(tenant_id: TenantId, organization_id: OrganizationId, object_id: str, number: int) -> EndUserId:
    return end_user_id_for(organization_id, tenant_id, object_id, str(number))


def _some_people(
    synced: SyncedTenant, end_user_ids: Sequence[EndUserId]
) -> tuple[dict[OrganizationId, Stored[PeopleHead] | None], dict[EndUserId, Stored[EndUser]]]:
    """The heads of the tenant's Organizations, and those of these End Users who are in them."""
    services, account_id = synced.account.services, synced.account.id
    heads: dict[OrganizationId, Stored[PeopleHead] | None] = {}
    end_users: dict[EndUserId, Stored[EndUser]] = {}
    for it in synced.organization_ids:
        left = [end_user_id for end_user_id in end_user_ids if end_user_id not in end_users]
        heads[it], found = services.people(account_id, it).find_with_head(left)
        end_users |= found
    return heads, end_users


def _people(synced: SyncedTenant, links: Collection[UserLink]) -> Iterator[EndUser]:
    """Everybody in the tenant's Organizations, and whoever is linked and was moved elsewhere."""
    services, account_id = synced.account.services, synced.account.id
    elsewhere = {it.end_user_id for it in links if it.end_user_id}
    for organization_id in synced.organization_ids:
        for person in services.people(account_id, organization_id).end_users.all():
            elsewhere.discard(person.id)
            yield person
    for end_user_id in sorted(elsewhere):
        with contextlib.suppress(NotFound):
            yield find_end_user(services, account_id, end_user_id)


def _decisions(store: UserSyncStore) -> dict[DecisionKey, Decision]:
    return {key_of(it.value): it.value for it in store.decisions.list()}


def _queue(store: UserSyncStore) -> dict[QueueKey, QueueItem]:
    return {queue_key(it.value.item): it.value.item for it in store.questions.list()}


def _erased(control: Control, tenant_id: TenantId) -> Callable[[str, Collection[str]], bool]:
    """Whether a user was erased on request, by the salted hashes that remain."""
    salt = control.erasure_salts.find(CURRENT)
    marks = {it.value.key for it in control.erasure_marks.list()} if salt else set()

    def is_erased(object_id: str, addresses: Collection[str]) -> bool:
        if salt is None:
            return False
        keys = [f"object:{tenant_id}:{object_id.lower()}", *(f"address:{it}" for it in addresses)]
        return any(erasure_hash(salt.value.salt, key) in marks for key in keys)

    return is_erased
