"""Begin to remove an integration, or all of them, in one transaction each.

From then on the integration and its tenants can neither be seen nor used; the saga does the rest. An integration is
removed once: a second request returns the removal that is under way.
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
from integrations.domain.removal import ALL, AccessPath, Removal, RemoveAll, TenantRemoval
from integrations.domain.retry_delays import REMOVAL_LOST
from integrations.services import Services
from integrations.storage.control import Control, VersionConflict
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from integrations.views.removal.begun import Begun
from shared.errors import Invalid, NotFound, Problem
from shared.storage.tables import Write

_INTEGRATIONS_A_TRANSACTION = 11  # of at most nine rows each


def remove(services: Services, actor: Actor, integration_id: IntegrationId, confirmation: str) -> Begun:
    """Begin to remove one integration; for one that is being removed, or was, the known removal is returned.

    Raises:
        NotFound: there is no such integration.
        Invalid: ``confirmation`` is not its name.
    """
    account = Account(services, actor.account_id)
    return retry_on_conflict(lambda: _remove(account, actor, integration_id, confirmation))


def _remove(account: Account, actor: Actor, integration_id: IntegrationId, confirmation: str) -> Begun:
    stored = account.control.integrations.find(integration_id)
    if stored is None or stored.value.removal:
        return _known(account.control, integration_id)
    _refuse_unconfirmed(confirmation, stored.value.name)
    effects = effects_of(account.services, account.control, stored.value)
    _begin(account, actor, [stored])
    return Begun(removal_id=rules.removal_id_of(integration_id), effects=effects)


def remove_all(services: Services, actor: Actor, confirmation: str) -> list[RemovalId]:
    """Begin to remove every integration of the account; no new flow can be started until all are gone.

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
            ignore_conflict("another request removes all integrations too", account_id=account.id),
            account.change(actor, "removed all integrations", {}) as change,
        ):
            change.due(Work.REMOVE_ALL, ALL, now + REMOVAL_LOST)
            change.write(control.remove_all.added(RemoveAll(id=ALL, requested_at=now, requested_by=UserId(actor.name))))
    begin_all(account, actor)
    return sorted(it.value.id for it in control.removals.list() if it.value.is_under_way)


def begin_all(account: Account, actor: Actor) -> None:
    """Begin the removal of every integration that is not being removed yet, eleven in a transaction.

    Raises:
        VersionConflict: integrations kept changing.
    """

    def attempt() -> None:
        remaining = _not_removed(account.control)
        for start in range(0, len(remaining), _INTEGRATIONS_A_TRANSACTION):
            _begin_together(account, actor, remaining[start : start + _INTEGRATIONS_A_TRANSACTION])
        if remaining and _not_removed(account.control):  # one was changed, or added, in the meantime
            raise VersionConflict

    retry_on_conflict(attempt)


def _not_removed(control: Control) -> list[Stored[Integration]]:
    return [it for it in control.integrations.list() if it.value.removal is None]


def detached(account: Account, tenant: Stored[Tenant], removal: Removal) -> tuple[TenantRemoval, list[Write]]:
    """The writes that detach a tenant: its mapping, its run and its epoch end, and its removal rows are added."""
    it, control = tenant.value, account.control
    hidden = msgspec.structs.replace(
        it, removal=removal.id, mapping=None, running=None, not_before=None, confirmed=None, epoch=it.epoch + 1
    )
    tenant_removal = TenantRemoval(
        removal_id=removal.id,
        tenant_id=it.tenant_id,
        name=it.name,
        access_path=AccessPath.OWN_CONSENT if it.kind is Kind.SINGLE else AccessPath.THROUGH_PARTNER,
        epoch=it.epoch if it.mapping else 0,
        client_id=removal.client_ids[0],
    )
    reserved = reservations(it.tenant_id, it.mapping) if it.mapping else ()
    stored = [control.reservations.find(reservation.key) for reservation in reserved]
    summary, chip = control.summaries.find(it.tenant_id), control.user_sync_chips.find(it.tenant_id)
    return tenant_removal, [
        control.tenants.saved(tenant.now(hidden)),
        control.tenant_removals.added(tenant_removal),
        *(control.tenant_removals.added(former) for former in _of_former(account, tenant_removal, removal)),
        *(control.reservations.removed(reservation) for reservation in stored if reservation),
        *([control.summaries.dropped(it.tenant_id)] if summary else []),
        *([control.user_sync_chips.dropped(it.tenant_id)] if chip else []),
    ]


def _of_former(account: Account, tenant_removal: TenantRemoval, removal: Removal) -> list[TenantRemoval]:
    """The same tenant's rows for earlier registrations that the integration still holds there."""
    return [
        msgspec.structs.replace(tenant_removal, client_id=client_id, epoch=0, is_swept=True)
        for client_id in removal.client_ids[1:]
        if account.services.holders_of(client_id).is_held_by(
            tenant_removal.tenant_id, account.id, removal.integration_id
        )
    ]


def _begin_together(account: Account, actor: Actor, integrations: Sequence[Stored[Integration]]) -> None:
    """Begin many at once; if one of them was changed in the meantime, begin each by itself."""
    try:
        _begin(account, actor, integrations)
    except VersionConflict:
        for stored in integrations:
            fresh = account.control.integrations.find(stored.value.id)
            if fresh is not None and fresh.value.removal is None:
                with ignore_conflict("left a removal to the next round", integration_id=stored.value.id):
                    _begin(account, actor, [fresh])


def _begin(account: Account, actor: Actor, integrations: Sequence[Stored[Integration]]) -> None:
    """One transaction: hide the integrations, add their removals, order the work."""
    with account.change() as change:
        detachments = [it for stored in integrations for it in _add_removal(change, actor, stored)]
    for tenant_removal in detachments:
        close_epoch(account, tenant_removal)


def _add_removal(change: Change, actor: Actor, stored: Stored[Integration]) -> list[TenantRemoval]:
    """Add the writes that begin one removal; returns the tenants whose epoch is closed once they are written."""
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
            removal_id=removal.id,
            tenant_id=it.tenant_id,
            name=it.name,
            access_path=AccessPath.PARTNER_ITSELF,
            is_swept=True,
            client_id=it.client_id,
        )
        change.write(
            control.tenant_removals.added(own), *map(control.tenant_removals.added, _of_former(account, own, removal))
        )
        return []
    tenant = control.tenants.find(it.tenant_id)
    if tenant is None:
        return []
    tenant_removal, writes = detached(account, tenant, removal)
    change.write(*writes)
    return [tenant_removal]


def close_epoch(account: Account, tenant_removal: TenantRemoval) -> None:
    """Make every further write of the tenant's data fail; closing an epoch twice changes nothing."""
    if tenant_removal.epoch:
        account.services.data(account.id, tenant_removal.tenant_id, tenant_removal.epoch).close()


_ACTION = {Kind.SINGLE: "removed integration", Kind.CSP: "removed CSP integration"}


def _known(control: Control, integration_id: IntegrationId) -> Begun:
    """The removal that is under way already, or has ended.

    Raises:
        NotFound: there is no such integration.
    """
    stored = control.removals.find(rules.removal_id_of(integration_id))
    if stored is None:
        raise NotFound("There is no such integration in your account.")
    return Begun(removal_id=stored.value.id, effects=[])


def _refuse_unconfirmed(confirmation: str, expected: str) -> None:
    if confirmation.strip() != expected.strip():
        problem = Problem("/confirm", f"send exactly {expected!r} to confirm")
        raise Invalid(
            "The removal has not been confirmed.",
            problems=[problem],
            code="not_confirmed",
            remedy=f"Show the effects, let the user type {expected!r}, and send it as ?confirm=.",
        )
