"""Remove an integration, or all of them: what it will do, its beginning in one transaction, and how it stands.

From the moment it has begun, nothing of the integration can be seen or used any more; ``removing`` does the
rest. An integration is removed once: whoever asks again joins the removal that is under way.
"""

from collections.abc import Sequence

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.actors import Actor
from integrations.actions.conflicts import ignore_conflict, retry_on_conflict
from integrations.actions.removal.status import effects_of
from integrations.domain import removal as rules
from integrations.domain.ids import IntegrationId, RemovalId, UserId
from integrations.domain.integrations import Integration, Kind, Tenant, reservations
from integrations.domain.jobs.orders import RemovalOrder
from integrations.domain.removal import ALL, AccessPath, RemoveAll, TenantRemoval
from integrations.domain.retry_delays import REMOVAL_LOST
from integrations.services import Services
from integrations.storage.control import Control, VersionConflict
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from shared.errors import Invalid, NotFound, Problem
from shared.storage.tables import Write

_TOGETHER = 12  # integrations a transaction, eight rows each at the most


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    removal_id: RemovalId
    effects: list[str]


def remove(services: Services, actor: Actor, integration_id: IntegrationId, confirmation: str) -> Begun:
    """Begin to remove one integration; one that is being removed, or was, tells its removal.

    Raises:
        NotFound: there is no such integration.
        Invalid: ``confirmation`` is not its name.
    """
    account = Account(services, actor.account_id)
    return retry_on_conflict(lambda: _remove(account, actor, integration_id, confirmation))


def _remove(account: Account, actor: Actor, integration_id: IntegrationId, confirmation: str) -> Begun:
    stored = account.control.integrations.find(integration_id)
    if stored is None or stored.value.removal:
        return _joined(account.control, integration_id)
    _refuse_unconfirmed(confirmation, stored.value.name)
    told = effects_of(account.services, account.control, stored.value)
    _begin(account, actor, [stored])
    return Begun(removal_id=rules.removal_id_of(integration_id), effects=told)


def remove_all(services: Services, actor: Actor, confirmation: str) -> list[RemovalId]:
    """Begin to remove every integration of the account; until all are gone, no new one is begun.

    Raises:
        Invalid: ``confirmation`` is not "all".
    """
    _refuse_unconfirmed(confirmation, ALL)
    account = Account(services, actor.account_id)
    control, now = account.control, services.clock()
    marker = control.remove_all.find(ALL)
    if marker is None and not control.integrations.list():
        return []
    if marker is None:
        with (
            ignore_conflict("somebody else asked for the same", account_id=account.id),
            account.change(actor, "removed all integrations", {}) as change,
        ):
            change.due(Work.REMOVE_ALL, ALL, now + REMOVAL_LOST)
            change.write(control.remove_all.added(RemoveAll(id=ALL, requested_at=now, requested_by=UserId(actor.name))))
    begin_all(account, actor)
    return sorted(it.value.id for it in control.removals.list() if it.value.is_under_way)


def begin_all(account: Account, actor: Actor) -> None:
    """Begin the removal of every integration that is not being removed yet, many in a transaction."""

    def attempt() -> None:
        left = _not_removed(account.control)
        for start in range(0, len(left), _TOGETHER):
            _begin_together(account, actor, left[start : start + _TOGETHER])
        if left and _not_removed(account.control):  # one was changed in this moment, or has come in meanwhile
            raise VersionConflict

    retry_on_conflict(attempt)


def _not_removed(control: Control) -> list[Stored[Integration]]:
    return [it for it in control.integrations.list() if it.value.removal is None]


def detached(control: Control, tenant: Stored[Tenant], removal_id: RemovalId) -> tuple[TenantRemoval, list[Write]]:
    """A tenant taken out of everybody's sight: out of its mapping, its run and its epoch, to be cleared away."""
    it = tenant.value
    hidden = msgspec.structs.replace(
        it, removal=removal_id, mapping=None, running=None, not_before=None, confirmed=None, epoch=it.epoch + 1
    )
    tenant_removal = TenantRemoval(
        removal_id=removal_id,
        tenant_id=it.tenant_id,
        name=it.name,
        access_path=AccessPath.OWN_CONSENT if it.kind is Kind.SINGLE else AccessPath.THROUGH_PARTNER,
        epoch=it.epoch if it.mapping else 0,
    )
    taken = reservations(it.tenant_id, it.mapping) if it.mapping else ()
    halves = [control.reservations.find(half.key) for half in taken]
    return tenant_removal, [
        control.tenants.saved(tenant.now(hidden)),
        control.tenant_removals.added(tenant_removal),
        *(control.reservations.removed(half) for half in halves if half),
    ]


def _begin_together(account: Account, actor: Actor, integrations: Sequence[Stored[Integration]]) -> None:
    """Begin many at once; when one of them was changed meanwhile, all one by one."""
    try:
        _begin(account, actor, integrations)
    except VersionConflict:
        for stored in integrations:
            fresh = account.control.integrations.find(stored.value.id)
            if fresh is not None and fresh.value.removal is None:
                with ignore_conflict("left a removal to the next round", integration_id=stored.value.id):
                    _begin(account, actor, [fresh])


def _begin(account: Account, actor: Actor, integrations: Sequence[Stored[Integration]]) -> None:
    """One transaction: the integrations out of sight, their removals begun, the work ordered."""
    with account.change() as change:
        closed = [tenant_removal for stored in integrations for tenant_removal in _add_removal(change, actor, stored)]
    for tenant_removal in closed:
        close_epoch(account, tenant_removal)


def _add_removal(change: Change, actor: Actor, stored: Stored[Integration]) -> list[TenantRemoval]:
    """The beginning of one removal; returns whose epoch is to be closed once it is written."""
    account, control, now = change.account, change.account.control, change.account.services.clock()
    it, removal = stored.value, rules.begin(stored.value, UserId(actor.name), now)
    change.due(Work.REMOVAL, removal.id, now + REMOVAL_LOST)
    change.write(
        control.integrations.saved(stored.now(msgspec.structs.replace(it, removal=removal.id))),
        control.removals.added(removal),
    )
    change.audit(actor, _ACTION[it.kind], {"integration_id": it.id, "tenant_id": it.tenant_id})
    change.send(RemovalOrder(account_id=account.id, removal_id=removal.id))
    if it.kind is Kind.CSP:
        own = TenantRemoval(
            removal_id=removal.id, tenant_id=it.tenant_id, name=it.name, access_path=AccessPath.PARTNER_ITSELF
        )
        change.write(control.tenant_removals.added(msgspec.structs.replace(own, is_swept=True)))
        return []
    tenant = control.tenants.find(it.tenant_id)
    if tenant is None:
        return []
    tenant_removal, writes = detached(control, tenant, removal.id)
    change.write(*writes)
    return [tenant_removal]


def close_epoch(account: Account, tenant_removal: TenantRemoval) -> None:
    """Let whatever is still being written for the tenant fail; saying it twice changes nothing."""
    if tenant_removal.epoch:
        account.services.data(account.id, tenant_removal.tenant_id, tenant_removal.epoch).close()


_ACTION = {Kind.SINGLE: "removed integration", Kind.CSP: "removed CSP integration"}


def _joined(control: Control, integration_id: IntegrationId) -> Begun:
    """The removal that is under way already, or has ended."""
    known = control.removals.find(rules.removal_id_of(integration_id))
    if known is None:
        raise NotFound("There is no such integration in your account.")
    return Begun(removal_id=known.value.id, effects=[])


def _refuse_unconfirmed(confirmation: str, expected: str) -> None:
    if confirmation.strip() != expected.strip():
        told = Problem("/confirm", f"send exactly {expected!r} to confirm")
        raise Invalid(
            "The removal has not been confirmed.",
            problems=[told],
            code="not_confirmed",
            remedy=f"Show the effects, let the user type {expected!r}, and send it as ?confirm=.",
        )
