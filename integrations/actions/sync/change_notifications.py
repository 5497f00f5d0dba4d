"""Subscribe to Microsoft's change notifications, so that changes are read sooner than scheduled.

A notification only orders a sync, which reads everything itself. A subscription is replaced before it expires. One
that Microsoft refuses is tried again some hours later; without it changes are read on schedule.
"""

import contextlib
import secrets
from collections.abc import Iterable
from datetime import datetime

import msgspec

from integrations.actions.account import Account
from integrations.actions.conflicts import ignore_conflict
from integrations.domain import retry_delays
from integrations.domain.ids import RunId, TenantId, tenant_id
from integrations.domain.integrations import Tenant
from integrations.domain.jobs.orders import NOTIFIED, SyncOrder
from integrations.domain.sync.change_notifications import (
    LIFE,
    NUDGES_APART,
    RENEWED_BEFORE,
    RESOURCES,
    ClientState,
    Watch,
    hash_of,
    parse_client_state,
)
from integrations.microsoft.change_notifications import subscribe, unsubscribe
from integrations.services import Services
from integrations.storage.control import VersionConflict, newest_first
from shared.errors import AppError, Invalid
from shared.microsoft.graph import Graph
from shared.telemetry.log import log

_BURST_S = 15  # changes come in bursts: the sync waits for the rest of one
_MOST_TENANTS = 50  # in one delivery; Microsoft groups notifications by tenant


class Notification(msgspec.Struct, rename="camel"):
    """One notification: the fields that are used; everything else in it is ignored."""

    subscription_id: str = ""
    client_state: str = ""
    tenant_id: str = ""
    lifecycle_event: str = ""


class Notifications(msgspec.Struct):
    """What Microsoft delivers in one request."""

    value: list[Notification]


def notification_url(services: Services) -> str:
    """The address to which Microsoft sends notifications."""
    return f"{services.settings.public_url}/api/notifications"


def keep_watch(account: Account, tenant: TenantId) -> None:
    """Create, renew or end a tenant's subscriptions, by its mapping and the setting.

    Raises:
        StorageUnavailable: storage does not answer.
    """
    services, control = account.services, account.control
    stored = control.tenants.find(tenant)
    if stored is None or stored.value.removal is not None:
        return
    now, graph = services.clock(), services.graph_to_subscribe(tenant, stored.value.client_id)
    known = control.watches.find(tenant)
    has_ended = _unsubscribe(services, known.value if known else None)
    is_on = services.settings.change_notifications and stored.value.mapping is not None
    watch = _subscribe(account, graph, stored.value, now) if is_on and has_ended else None
    next_at = _next_at(watch, now, is_on=is_on, has_ended=has_ended)
    try:
        with account.change() as change:
            change.write(control.tenants.saved(stored.now(msgspec.structs.replace(stored.value, watch_at=next_at))))
            if watch is not None:
                change.write(control.watches.saved(known.now(watch)) if known else control.watches.added(watch))
            elif known is not None and has_ended:
                change.write(control.watches.removed(known))
            if watch is not None or known is not None:
                action = "began to watch" if watch else "stopped watching"
                subject = {"tenant_id": tenant, "integration_id": stored.value.integration_id}
                change.audit(account.system_actor("keep_watch"), action, subject)
    except VersionConflict:  # the tenant was changed: end the new subscriptions, and leave the rest to the next run
        _unsubscribe(services, watch)


def end_watch(account: Account, tenant: TenantId) -> None:
    """Delete a tenant's watch, and its subscriptions if Microsoft answers; otherwise these expire by themselves."""
    known = account.control.watches.find(tenant)
    if known is not None:
        _unsubscribe(account.services, known.value)
        with account.change() as change:
            change.write(account.control.watches.removed(known))


def receive_notifications(services: Services, notifications: Iterable[Notification]) -> None:
    """Order a sync of every tenant that a notification is about; one that belongs to no subscription is dropped.

    Raises:
        Unavailable: storage or the queue does not answer; Microsoft delivers the notifications again.
    """
    by_tenant: dict[tuple[str, ClientState], Notification] = {}
    for it in notifications:
        client_state = parse_client_state(it.client_state)
        if client_state is not None and len(by_tenant) < _MOST_TENANTS:
            by_tenant.setdefault((it.tenant_id, client_state), it)
    for (text, client_state), notification in by_tenant.items():
        with contextlib.suppress(Invalid):  # not a tenant id
            _nudge(Account(services, client_state.account_id), tenant_id(text), client_state, notification)


def _nudge(account: Account, tenant: TenantId, client_state: ClientState, notification: Notification) -> None:
    services, control = account.services, account.control
    known, now = control.watches.find(tenant), services.clock()
    if known is None or not known.value.knows(notification.subscription_id, client_state.secret):
        log("dropped notification", account_id=account.id, tenant_id=tenant, reason="not asked for")
        return
    stored, watch = control.tenants.find(tenant), known.value
    if stored is None or stored.value.mapping is None or stored.value.epoch != watch.epoch:
        return
    if watch.nudged_at is not None and now - watch.nudged_at < NUDGES_APART:
        return
    with ignore_conflict("another worker received it too", account_id=account.id, tenant_id=tenant):
        with account.change() as change:
            change.write(control.watches.saved(known.now(msgspec.structs.replace(watch, nudged_at=now))))
            if notification.lifecycle_event:  # it ends, or notifications were lost: the next run subscribes again
                change.write(control.tenants.saved(stored.now(msgspec.structs.replace(stored.value, watch_at=now))))
        order = SyncOrder(
            account_id=account.id,
            tenant_id=tenant,
            run_id=RunId(newest_first(now)),
            due_at=now,
            reason=NOTIFIED,
            epoch=watch.epoch,
        )
        services.send(order, delay_s=_BURST_S)


def _subscribe(account: Account, graph: Graph, tenant: Tenant, now: datetime) -> Watch | None:
    """Subscribe to every resource; None if Microsoft refuses all of them."""
    secret, until = secrets.token_urlsafe(32), now + LIFE
    subscriptions: dict[str, str] = {}
    for resource in RESOURCES:
        try:
            subscriptions[resource] = subscribe(
                graph,
                resource,
                url=notification_url(account.services),
                client_state=f"{account.id}.{secret}",
                until=until,
            )
        except AppError as error:
            log(
                "subscription was refused",
                account_id=account.id,
                tenant_id=tenant.tenant_id,
                reason=resource,
                error=type(error).__name__,
                code=error.stable_code,
            )
    if not subscriptions:
        return None
    return Watch(
        tenant_id=tenant.tenant_id,
        epoch=tenant.epoch,
        secret_hash=hash_of(secret),
        subscriptions=subscriptions,
        until=until,
        client_id=tenant.client_id,
    )


def _unsubscribe(services: Services, watch: Watch | None) -> bool:
    """End every subscription of a watch; False if Microsoft could not do it now."""
    if watch is None:
        return True
    graph = services.graph_to_subscribe(watch.tenant_id, watch.client_id)
    try:
        for subscription_id in watch.subscriptions.values():
            unsubscribe(graph, subscription_id)
    except AppError as error:
        log("could not end notifications", error=type(error).__name__, code=error.stable_code)
        return False
    return True


def _next_at(watch: Watch | None, now: datetime, *, is_on: bool, has_ended: bool) -> datetime | None:
    """When to renew the subscriptions, or to try again; None when nothing is left to do."""
    if watch is not None:
        return watch.until - RENEWED_BEFORE
    return now + retry_delays.SUBSCRIPTION if is_on or not has_ended else None
