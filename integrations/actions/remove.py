"""Remove an integration, or all of them: what it will do, its beginning in one transaction, and how it stands.

From the moment it has begun, nothing of the integration can be seen or used any more; ``removing`` does the
rest. An integration is removed once: whoever asks again joins the removal that is under way.
"""

import contextlib
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from integrations.actions.recording import Actor, announce, audit, dispatch, message
from integrations.actions.removals import effects_of
from integrations.domain import removal as rules
from integrations.domain.connections import Integration, Kind, Tenant, reservations
from integrations.domain.ids import IntegrationId, RemovalId, UserId
from integrations.domain.orders import RemovalOrder
from integrations.domain.removal import ALL, Parting, RemoveAll, Way
from integrations.services import Services
from integrations.storage.control import Clash, Control
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work
from shared.errors import Invalid, NotFound, Problem
from shared.tables import Write

_TRIES = 5
_TOGETHER = 12  # integrations a transaction, eight rows each at the most
_LOOK_AGAIN = timedelta(minutes=1)


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    removal_id: RemovalId
    effects: list[str]


def remove(services: Services, actor: Actor, integration_id: IntegrationId, confirmation: str) -> Begun:
    """Begin to remove one integration; one that is being removed, or was, tells its removal.

    Raises:
        NotFound: there is no such integration.
        Invalid: ``confirmation`` is not its name.
    """
    control = services.control(actor.account_id)
    for _ in range(_TRIES):
        stored = control.integrations.find(integration_id)
        if stored is None or stored.value.removal:
            return _joined(control, integration_id)
        _refuse_unconfirmed(confirmation, stored.value.name)
        told = effects_of(services, control, stored.value)
        try:
            _begin(services, control, actor, [stored])
        except Clash:
            continue  # somebody changed it in this moment, or removes it too
        dispatch(services, control)
        return Begun(removal_id=rules.removal_of(integration_id), effects=told)
    raise Clash


def remove_all(services: Services, actor: Actor, confirmation: str) -> list[RemovalId]:
    """Begin to remove every integration of the account; until all are gone, no new one is begun.

    Raises:
        Invalid: ``confirmation`` is not "all".
    """
    _refuse_unconfirmed(confirmation, ALL)
    control = services.control(actor.account_id)
    now = services.clock()
    marker = control.remove_all.find(ALL)
    if marker is None and not control.integrations.list():
        return []
    if marker is None:
        services.due.put(Due(Work.REMOVE_ALL, actor.account_id, ALL, now + _LOOK_AGAIN))
        intent = RemoveAll(id=ALL, requested_at=now, requested_by=UserId(actor.name))
        note = audit(services, control, actor, "removed all integrations", {})
        with contextlib.suppress(Clash):  # somebody asks for the same in this moment
            control.commit(control.remove_all.added(intent), note)
    begin_all(services, control, actor)
    dispatch(services, control)
    return sorted(it.value.id for it in control.removals.list() if it.value.is_under_way)


def begin_all(services: Services, control: Control, actor: Actor) -> None:
    """Begin the removal of every integration that is not being removed yet, many in a transaction."""
    for _ in range(_TRIES):
        left = [it for it in control.integrations.list() if it.value.removal is None]
        if not left:
            return
        for start in range(0, len(left), _TOGETHER):
            _begin_together(services, control, actor, left[start : start + _TOGETHER])
    raise Clash


def parted(control: Control, tenant: Stored[Tenant], removal_id: RemovalId) -> tuple[Parting, list[Write]]:
    """A tenant taken out of everybody's sight: out of its mapping, its run and its epoch, to be cleared away."""
    it = tenant.value
    hidden = msgspec.structs.replace(
        it, removal=removal_id, mapping=None, running=None, not_before=None, confirmed=None, epoch=it.epoch + 1
    )
    parting = Parting(
        removal_id=removal_id,
        tenant_id=it.tenant_id,
        name=it.name,
        way=Way.OWN_CONSENT if it.kind is Kind.SINGLE else Way.THROUGH_PARTNER,
        epoch=it.epoch if it.mapping else 0,
    )
    taken = reservations(it.tenant_id, it.mapping) if it.mapping else ()
    halves = [control.reservations.find(half.key) for half in taken]
    return parting, [
        control.tenants.saved(tenant.now(hidden)),
        control.partings.added(parting),
        *(control.reservations.removed(half) for half in halves if half),
    ]


def _begin_together(
    services: Services, control: Control, actor: Actor, integrations: Sequence[Stored[Integration]]
) -> None:
    """Begin many at once; when one of them was changed meanwhile, all one by one."""
    try:
        _begin(services, control, actor, integrations)
    except Clash:
        for stored in integrations:
            fresh = control.integrations.find(stored.value.id)
            if fresh is not None and fresh.value.removal is None:
                with contextlib.suppress(Clash):  # the next round looks again
                    _begin(services, control, actor, [fresh])


def _begin(services: Services, control: Control, actor: Actor, integrations: Sequence[Stored[Integration]]) -> None:
    """One transaction: the integrations out of sight, their removals begun, the work ordered."""
    now = services.clock()
    writes: list[Write] = []
    closed: list[Parting] = []
    for stored in integrations:
        it, removal = stored.value, rules.begin(stored.value, UserId(actor.name), now)
        services.due.put(Due(Work.REMOVAL, actor.account_id, removal.id, now + _LOOK_AGAIN))
        writes += [
            control.integrations.saved(stored.now(msgspec.structs.replace(it, removal=removal.id))),
            control.removals.added(removal),
            audit(services, control, actor, _ACTION[it.kind], {"integration_id": it.id, "tenant_id": it.tenant_id}),
            message(control, RemovalOrder(account_id=actor.account_id, removal_id=removal.id)),
        ]
        if it.kind is Kind.SINGLE:
            tenant = control.tenants.find(it.tenant_id)
            if tenant is not None:
                parting, parts = parted(control, tenant, removal.id)
                closed.append(parting)
                writes += parts
        else:
            own = Parting(removal_id=removal.id, tenant_id=it.tenant_id, name=it.name, way=Way.PARTNER_ITSELF)
            writes.append(control.partings.added(msgspec.structs.replace(own, is_swept=True)))
    announce(services, actor.account_id)
    control.commit(*writes)
    for parting in closed:
        close_epoch(services, control, parting)


def close_epoch(services: Services, control: Control, parting: Parting) -> None:
    """Let whatever is still being written for the tenant fail; saying it twice changes nothing."""
    if parting.epoch:
        services.data(control.account_id, parting.tenant_id, parting.epoch).close()


_ACTION = {Kind.SINGLE: "removed integration", Kind.CSP: "removed CSP integration"}


def _joined(control: Control, integration_id: IntegrationId) -> Begun:
    """The removal that is under way already, or has ended."""
    known = control.removals.find(rules.removal_of(integration_id))
    if known is None:
        raise NotFound("There is no such integration in your account.")
    return Begun(removal_id=known.value.id, effects=[])


def _refuse_unconfirmed(confirmation: str, expected: str) -> None:
    if confirmation.strip() != expected.strip():
        told = Problem("/confirm", f"send exactly {expected!r} to confirm")
        raise Invalid(
            "The removal is not confirmed.",
            problems=[told],
            code="not_confirmed",
            remedy=f"Show the effects, let the user type {expected!r}, and send it as ?confirm=.",
        )
