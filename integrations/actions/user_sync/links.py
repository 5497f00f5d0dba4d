"""List the links of a tenant's users, and undo one."""

from collections.abc import Mapping
from typing import NamedTuple

from integrations.actions.actors import Actor
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.directory import USERS
from integrations.actions.people.finding import find_end_user
from integrations.actions.user_sync.change import order_run
from integrations.actions.user_sync.ending import free_end_users
from integrations.actions.user_sync.synced_tenant import SyncedTenant, find_synced_tenant
from integrations.domain.ids import AccountId, EndUserId, OrganizationId, TenantId
from integrations.domain.people.end_user import EndUser, InactiveReason
from integrations.domain.sync.records import User
from integrations.domain.user_sync.comparison import text_key
from integrations.domain.user_sync.links import DecisionKey, Question, UserLink, undo
from integrations.domain.user_sync.settings import SyncedField
from integrations.services import Services
from integrations.storage.user_sync import decision_key
from integrations.views.user_sync.links import LinkedPerson, UserLinkPage, UserLinkView
from shared.errors import NotFound


class _LinkContext(NamedTuple):
    """What links are shown with."""

    users: Mapping[str, User]
    end_users: Mapping[EndUserId, EndUser]
    names: Mapping[OrganizationId, str]


def list_links(
    services: Services, account_id: AccountId, tenant_id: TenantId, *, text: str, only: str, cursor: str, limit: int
) -> UserLinkPage:
    """Links in the order of their users' object ids; none while they are frozen.

    ``text`` is part of a name, a user name or an address; ``only`` is active, inactive, gone, undone, or "" for all.

    Raises:
        NotFound: there is no such tenant.
        Conflict: ``not_mapped``.
    """
    synced = find_synced_tenant(services, account_id, tenant_id)
    if not synced.is_in_use(synced.head()):
        return UserLinkPage(items=[], next_cursor=None, total=0)
    links = [it.value for it in synced.store.links.list()]
    if not text and not only:
        page = [it for it in links if it.object_id > cursor]
        known = _known(synced, page[:limit])
        items = [_view(it, known) for it in page[:limit]]
        return UserLinkPage(items=items, next_cursor=_next(items, len(page)), total=len(links))
    known = _known(synced, links)
    found = [view for it in links if _is_wanted(view := _view(it, known), it, text_key(text), only)]
    page_of_views = [it for it in found if it.object_id > cursor]
    items = page_of_views[:limit]
    return UserLinkPage(items=items, next_cursor=_next(items, len(page_of_views)), total=len(found))


def undo_link(services: Services, actor: Actor, tenant_id: TenantId, object_id: str) -> None:
    """Undo a link: no sync makes it again, and the End User stays. The portal can change all of its fields then.

    Undoing a link that was undone changes nothing.

    Raises:
        NotFound: there is no such tenant or link.
        Conflict: ``not_mapped``.
    """
    synced = find_synced_tenant(services, actor.account_id, tenant_id)
    store = synced.store

    def attempt() -> None:
        batch = store.batch()
        stored = store.links.find(object_id) if synced.is_in_use(batch.head) else None
        if stored is None:
            raise NotFound("This user is linked to no End User.")
        end_user_id = stored.value.end_user_id
        if end_user_id is None:
            return
        _free(synced, end_user_id)
        batch.write(store.links.saved(stored.now(undo(stored.value))))
        decision = store.decisions.find(decision_key(DecisionKey(object_id, Question.IDENTITY)))
        if decision is not None:
            batch.write(store.decisions.removed(decision))
        if other_way := store.linked_end_users.find(end_user_id):
            batch.write(store.linked_end_users.removed(other_way))
        batch.set_head(basis="")
        order_run(
            synced, batch, actor, "undid link of user", subject={"object_id": object_id, "end_user_id": end_user_id}
        )

    retry_on_conflict(attempt)


def _free(synced: SyncedTenant, end_user_id: EndUserId) -> None:
    try:
        person = find_end_user(synced.account.services, synced.account.id, end_user_id)
    except NotFound:
        return
    free_end_users(synced.account, person.organization_id, [end_user_id])


def _next(items: list[UserLinkView], count: int) -> str | None:
    return items[-1].object_id if count > len(items) else None


def _known(synced: SyncedTenant, links: list[UserLink]) -> _LinkContext:
    services, account_id = synced.account.services, synced.account.id
    rows = services.data(account_id, synced.id, synced.tenant.epoch).state().rows
    end_users: dict[EndUserId, EndUser] = {}
    wanted = [it.end_user_id for it in links if it.end_user_id]
    for organization_id in synced.organization_ids:
        left = [it for it in wanted if it not in end_users]
        found = services.people(account_id, organization_id).end_users.find_all(left)
        end_users |= {it.value.id: it.value for it in found.values()}
    for end_user_id in wanted:
        if end_user_id not in end_users and (person := _elsewhere(synced, end_user_id)):
            end_users[end_user_id] = person
    names = {it.value.id: it.value.name for it in synced.account.control.organizations.list()}
    return _LinkContext(rows.find(USERS, [it.object_id for it in links], User), end_users, names)


def _elsewhere(synced: SyncedTenant, end_user_id: EndUserId) -> EndUser | None:
    try:
        return find_end_user(synced.account.services, synced.account.id, end_user_id)
    except NotFound:
        return None


def _view(link: UserLink, known: _LinkContext) -> UserLinkView:
    user, person = known.users.get(link.object_id), known.end_users.get(link.end_user_id or EndUserId(""))
    reason = person.inactive_reason if person else None
    return UserLinkView(
        object_id=link.object_id,
        name=user.name if user else link.last_values.get(SyncedField.NAME, ""),
        username=user.username if user else None,
        end_user=_person(person, known) if person else None,
        linked_by=link.linked_by.value,
        since=link.since,
        is_gone=user is None,
        inactive_because=None if reason in {None, InactiveReason.PORTAL} else reason.value if reason else None,
    )


def _person(person: EndUser, known: _LinkContext) -> LinkedPerson:
    return LinkedPerson(
        id=person.id,
        name=person.name,
        organization_id=person.organization_id,
        organization_name=known.names.get(person.organization_id, ""),
        is_active=person.is_active,
    )


def _is_wanted(view: UserLinkView, link: UserLink, text: str, only: str) -> bool:
    states = {
        "active": view.end_user is not None and view.end_user.is_active,
        "inactive": view.end_user is not None and not view.end_user.is_active,
        "gone": view.is_gone,
        "undone": link.end_user_id is None,
    }
    texts = (view.name, view.username, view.end_user.name if view.end_user else None, *link.last_values.values())
    return states.get(only, True) and any(text in text_key(it) for it in texts)
