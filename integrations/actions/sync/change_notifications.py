"""Be told of changes, so that they are read sooner than the schedule would; polling stays the truth.

A subscription is replaced before it ends. What Microsoft refuses to tell is tried again some hours later, and costs
nothing but speed.
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

_GATHERED_S = 15  # changes come in swarms: the first one waits for its like
_MOST_TENANTS = 50  # of one delivery; Microsoft sends those of one tenant together


class Notification(msgspec.Struct, rename="camel"):
    """One word of Microsoft's; whatever else it says is not believed."""

    subscription_id: str = ""
    client_state: str = ""
    tenant_id: str = ""
    lifecycle_event: str = ""


class Notifications(msgspec.Struct):
    value: list[Notification]


def notification_url(services: Services) -> str:
    """Where Microsoft tells us."""
    return f"{services.settings.public_url}/api/notifications"


def keep_watch(account: Account, tenant: TenantId) -> None:
    """Begin, renew or end a tenant's notifications, as its mapping and the setting have it."""
    services, control = account.services, account.control
    stored = control.tenants.find(tenant)
    if stored is None or stored.value.removal is not None:
        return
    it, now = stored.value, services.clock()
    graph, known = services.graph_to_watch(tenant), control.watches.find(tenant)
    ended = _taken_back(graph, known.value if known else None)
    wanted = services.settings.change_notifications and it.mapping is not None
    watch = _begun(account, graph, it, now) if wanted and ended else None
    again = _again(watch, now, wanted=wanted, ended=ended)
    try:
        with account.change() as change:
            change.write(control.tenants.saved(stored.now(msgspec.structs.replace(it, watch_at=again))))
            if watch is not None:
                change.write(control.watches.saved(known.now(watch)) if known else control.watches.added(watch))
            elif known is not None and ended:
                change.write(control.watches.removed(known))
            if watch is not None or known is not None:
                action = "began to watch" if watch else "stopped watching"
                subject = {"tenant_id": it.tenant_id, "integration_id": it.integration_id}
                change.audit(account.system_actor("keep_watch"), action, subject)
    except VersionConflict:  # of the tenant: what was begun is taken back, the next run looks again
        _taken_back(graph, watch)


def end_watch(account: Account, tenant: TenantId) -> None:
    """Forget a tenant's notifications, and take them back at Microsoft if it answers; else they end by themselves."""
    known = account.control.watches.find(tenant)
    if known is not None:
        _taken_back(account.services.graph_to_watch(tenant), known.value)
        with account.change() as change:
            change.write(account.control.watches.removed(known))


def receive_notifications(services: Services, notifications: Iterable[Notification]) -> None:
    """Order a sync of each tenant that a word of Microsoft's is about; a word that we did not ask for is dropped."""
    heard: dict[tuple[str, ClientState], Notification] = {}
    for it in notifications:
        word = parse_client_state(it.client_state)
        if word is not None and len(heard) < _MOST_TENANTS:
            heard.setdefault((it.tenant_id, word), it)
    for (about, word), it in heard.items():
        with contextlib.suppress(Invalid):  # the tenant id is none
            _nudge(Account(services, word.account_id), tenant_id(about), word, it)


def _nudge(account: Account, about: TenantId, word: ClientState, it: Notification) -> None:
    services, control = account.services, account.control
    known, now = control.watches.find(about), services.clock()
    if known is None or not known.value.knows(it.subscription_id, word.secret):
        log("dropped notification", account_id=word.account_id, tenant_id=about, reason="not asked for")
        return
    stored, watch = control.tenants.find(about), known.value
    if stored is None or stored.value.mapping is None or stored.value.epoch != watch.epoch:
        return
    if watch.nudged_at is not None and now - watch.nudged_at < NUDGES_APART:
        return
    with ignore_conflict("somebody else heard of it", account_id=account.id, tenant_id=about):
        with account.change() as change:
            change.write(control.watches.saved(known.now(msgspec.structs.replace(watch, nudged_at=now))))
            if it.lifecycle_event:  # it ends, or something was left out: the run that follows makes it anew
                told = msgspec.structs.replace(stored.value, watch_at=now)
                change.write(control.tenants.saved(stored.now(told)))
        order = SyncOrder(
            account_id=account.id,
            tenant_id=about,
            run_id=RunId(newest_first(now)),
            due_at=now,
            reason=NOTIFIED,
            epoch=watch.epoch,
        )
        services.send(order, delay_s=_GATHERED_S)


def _begun(account: Account, graph: Graph, tenant: Tenant, now: datetime) -> Watch | None:
    """Everything Microsoft agrees to tell of; None when that is nothing."""
    secret, until = secrets.token_urlsafe(32), now + LIFE
    agreed: dict[str, str] = {}
    for resource in RESOURCES:
        try:
            agreed[resource] = subscribe(
                graph,
                resource,
                url=notification_url(account.services),
                client_state=f"{account.id}.{secret}",
                until=until,
            )
        except AppError as error:
            log(
                "not told of changes",
                account_id=account.id,
                tenant_id=tenant.tenant_id,
                reason=resource,
                error=type(error).__name__,
                code=error.stable_code,
            )
    if not agreed:
        return None
    return Watch(
        tenant_id=tenant.tenant_id,
        epoch=tenant.epoch,
        secret_hash=hash_of(secret),
        subscriptions=agreed,
        until=until,
    )


def _taken_back(graph: Graph, watch: Watch | None) -> bool:
    """End every subscription; False when Microsoft could not do it now."""
    try:
        for subscription_id in watch.subscriptions.values() if watch else ():
            unsubscribe(graph, subscription_id)
    except AppError as error:
        log("could not end notifications", error=type(error).__name__, code=error.stable_code)
        return False
    return True


def _again(watch: Watch | None, now: datetime, *, wanted: bool, ended: bool) -> datetime | None:
    if watch is not None:
        return watch.until - RENEWED_BEFORE
    return now + retry_delays.SUBSCRIPTION if wanted or not ended else None
