"""List the questions of a tenant's user sync, and decide them."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from integrations.actions.actors import Actor
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.directory import USERS
from integrations.actions.people.finding import find_end_user
from integrations.actions.people.microsoft import shown_people
from integrations.actions.user_sync.change import order_run
from integrations.actions.user_sync.synced_tenant import SyncedTenant, find_synced_tenant
from integrations.domain.ids import AccountId, EndUserId, TenantId
from integrations.domain.people.end_user import EndUser
from integrations.domain.sync.records import User
from integrations.domain.user_sync.links import CHOICES, QUESTION_OF, Choice, Decision, QueueItem
from integrations.domain.user_sync.stored.state import OpenQuestion
from integrations.services import Services
from integrations.views.user_sync.questions import (
    CandidateView,
    QuestionPage,
    QuestionView,
    UserName,
    question_view,
    user_name,
)
from shared.errors import Invalid, NotFound, Problem

LATER, OPEN = "later", "open"


def list_questions(
    services: Services, account_id: AccountId, tenant_id: TenantId, *, kind: str, only: str, cursor: str, limit: int
) -> QuestionPage:
    """Questions by kind and user; none while links are frozen. ``only`` is open, later, or "" for both.

    Raises:
        NotFound: there is no such tenant.
        Conflict: ``not_mapped``.
    """
    synced = find_synced_tenant(services, account_id, tenant_id)
    is_in_use = synced.is_in_use(synced.head())
    known = [it.value for it in synced.store.questions.list()] if is_in_use else []
    matching = [it for it in known if not only or it.item.is_later == (only == LATER)]
    wanted = [it for it in matching if kind in {"", it.item.kind.value}]
    page = [it for it in wanted if it.id > cursor][: limit + 1]
    return QuestionPage(
        items=_views(synced, page[:limit]),
        next_cursor=page[limit - 1].id if len(page) > limit else None,
        total=len(wanted),
        counts=dict(sorted(Counter(it.item.kind.value for it in matching).items())),
    )


def decide(
    services: Services,
    actor: Actor,
    tenant_id: TenantId,
    question_id: str,
    *,
    choice: Choice,
    end_user_id: EndUserId | None,
) -> QuestionView | None:
    """Decide a question; the sync follows at once. Returns the question if it was put off.

    Raises:
        NotFound: there is no such tenant, or ``question_gone``: the question is open no more.
        Invalid: this cannot be decided, or there is no such End User to link.
        Conflict: ``not_mapped``.
    """
    synced = find_synced_tenant(services, actor.account_id, tenant_id)
    store = synced.store

    def attempt() -> OpenQuestion | None:
        batch = store.batch()
        stored = store.questions.find(question_id) if synced.is_in_use(batch.head) else None
        if stored is None:
            raise NotFound(
                "This question is open no more.",
                code="question_gone",
                remedy="Reload the page. Somebody has decided it, or it has resolved itself.",
            )
        decision = _decision(synced, stored.value.item, choice, end_user_id)
        later = None
        batch.write(store.decisions.put(decision))
        if choice is Choice.LATER:
            later = msgspec.structs.replace(
                stored.value, item=msgspec.structs.replace(stored.value.item, is_later=True)
            )
            batch.write(store.questions.saved(stored.now(later)))
        else:
            batch.write(store.questions.removed(stored))
        batch.set_head(basis="")
        order_run(
            synced, batch, actor, "decided about user", subject={"object_id": decision.object_id}, after=choice.value
        )
        return later

    later = retry_on_conflict(attempt)
    return _views(synced, [later])[0] if later else None


def _decision(synced: SyncedTenant, item: QueueItem, choice: Choice, end_user_id: EndUserId | None) -> Decision:
    question = QUESTION_OF.get(item.kind)
    if question is None or choice not in CHOICES[question]:
        raise Invalid(
            "This cannot be decided here.", problems=[Problem("/choice", "one of the choices of the question")]
        )
    if choice is Choice.LINK:
        _require_end_user(synced, end_user_id)
    return Decision(
        object_id=item.subject,
        question=question,
        choice=choice,
        end_user_id=end_user_id if choice is Choice.LINK else None,
        organization_id=item.organization_id,
        mail=item.mail,
    )


def _require_end_user(synced: SyncedTenant, end_user_id: EndUserId | None) -> None:
    problem = Problem("/end_user_id", "an End User of an Organization under the tenant's Syncro Tenant")
    person = _find(synced, end_user_id) if end_user_id else None
    if person is None or person.organization_id not in synced.organization_ids:
        raise Invalid("There is no such End User to link.", problems=[problem])


def _find(synced: SyncedTenant, end_user_id: EndUserId) -> EndUser | None:
    try:
        return find_end_user(synced.account.services, synced.account.id, end_user_id)
    except NotFound:
        return None


def _views(synced: SyncedTenant, questions: Sequence[OpenQuestion]) -> list[QuestionView]:
    services, account_id, store = synced.account.services, synced.account.id, synced.store
    listed = [it for question in questions for it in question.item.candidates]
    people = {it.end_user_id: _find(synced, it.end_user_id) for it in listed}
    shown = {it.id: it for it in shown_people(services, account_id, [it for it in people.values() if it])}
    linked = {key: it.value.object_id for key, it in store.linked_end_users.find_all(list(people)).items()}
    wanted = {*(it.item.subject for it in questions), *(r for it in questions for r in it.item.rivals)}
    rows = services.data(account_id, synced.id, synced.tenant.epoch).state().rows
    users = rows.find(USERS, wanted | set(linked.values()), User)
    names = {it.id: it.name for it in synced.organizations}

    def candidates(item: QueueItem) -> list[CandidateView]:
        return [
            CandidateView(
                end_user=shown[it.end_user_id],
                organization_name=names.get(person.organization_id, ""),
                because=it.because,
                linked_to=_linked_to(linked.get(it.end_user_id), users),
            )
            for it in item.candidates
            if (person := people.get(it.end_user_id))
        ]

    return [
        question_view(
            it,
            users.get(it.item.subject),
            candidates(it.item),
            [user_name(rival, users.get(rival)) for rival in it.item.rivals],
            names,
        )
        for it in questions
    ]


def _linked_to(object_id: str | None, users: Mapping[str, User]) -> UserName | None:
    return user_name(object_id, users.get(object_id)) if object_id else None
