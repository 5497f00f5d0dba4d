"""Read and change what an account has chosen for itself."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.actors import Actor
from integrations.actions.conflicts import retry_on_conflict
from integrations.domain import account_settings as rules
from integrations.domain.account_settings import AccountSettings, ExceptionsChange, MfaException, SettingsChange
from integrations.domain.ids import IntegrationId, TenantId
from integrations.domain.integrations import Kind, Tenant
from integrations.domain.jobs.orders import CspOrder, EvaluateOrder
from integrations.services import Services
from integrations.storage.control import CURRENT, Control
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from shared.errors import Invalid
from shared.storage.tables import Write

_LOST_MESSAGE_AFTER = timedelta(minutes=1)  # then the due list orders the run
_MOST_MESSAGES = 20  # of each kind; the due list orders what is left out
_EXCEPTIONS_AN_ENTRY = 25  # of the audit log, before and after


def settings_of(control: Control) -> AccountSettings:
    """The settings of the account; the defaults while nothing was changed."""
    stored = control.settings.find(CURRENT)
    return stored.value if stored else AccountSettings()


def exceptions_of(control: Control) -> list[MfaException]:
    """All exceptions of the account, those that have ended as well."""
    return [it for page in control.exceptions.list() for it in page.value.items]


def change_settings(services: Services, actor: Actor, desired: SettingsChange) -> None:
    """Change the settings and replace the exceptions.

    With a feature turned on, its permissions are granted to the customers of each CSP. Tenants whose exceptions
    change are evaluated, within minutes.

    Raises:
        Invalid: ``problems`` name everything that is wrong.
        VersionConflict: somebody else changed them at the same time.
        StorageUnavailable: storage does not answer.
    """
    account = Account(services, actor.account_id)
    control = account.control
    stored, known = control.settings.find(CURRENT), exceptions_of(control)
    before = stored.value if stored else AccountSettings()
    settings, exceptions = desired.applied(before), known if desired.exceptions is None else desired.exceptions
    if settings == before and exceptions == known:
        return
    tenants = _tenants(control) if exceptions != known else {}
    _check(settings, exceptions, known, tenants, services.clock())
    with account.change() as change:
        change.write(*_writes(control, stored, settings, exceptions))
        if settings != before:
            change.audit(actor, "changed settings", {}, before=_text(before), after=_text(settings))
        if set(settings.features) - set(before.features):
            _order_checks(change)
        changes = rules.changes_of_exceptions(known, exceptions)
        _audit_exceptions(change, actor, changes)
        _order_evaluations(change, [tenants[it.tenant_id] for it in changes if it.tenant_id in tenants])


def _tenants(control: Control) -> dict[TenantId, Tenant]:
    """The tenants of the account that are not being removed."""
    return {it.value.tenant_id: it.value for it in control.tenants.list() if it.value.removal is None}


def _check(
    settings: AccountSettings,
    exceptions: list[MfaException],
    known: list[MfaException],
    tenants: Collection[TenantId],
    now: datetime,
) -> None:
    problems = [*rules.problems_of(settings), *rules.problems_of_exceptions(exceptions, known, tenants, now)]
    if problems:
        raise Invalid("The settings are not valid.", problems=problems)


def forget_exceptions(account: Account, tenant_id: TenantId) -> None:
    """Delete the exceptions for people of a tenant that leaves the account.

    Raises:
        VersionConflict: the settings kept changing.
    """
    retry_on_conflict(lambda: _forget(account, tenant_id))


def _forget(account: Account, tenant_id: TenantId) -> None:
    control = account.control
    stored, known = control.settings.find(CURRENT), exceptions_of(control)
    kept = [it for it in known if it.tenant_id != tenant_id]
    if kept != known:
        with account.change() as change:
            change.write(*_writes(control, stored, stored.value if stored else AccountSettings(), kept))


def _writes(
    control: Control, stored: Stored[AccountSettings] | None, settings: AccountSettings, exceptions: list[MfaException]
) -> Iterator[Write]:
    """The settings, whose version guards the exceptions too, and the pages of exceptions that change."""
    yield control.settings.saved(stored.now(settings)) if stored else control.settings.added(settings)
    before = {it.value.number: it for it in control.exceptions.list()}
    after = {it.number: it for it in rules.paged(exceptions)}
    for number, page in after.items():
        if number not in before or before[number].value != page:
            yield control.exceptions.put(page)
    yield from (control.exceptions.removed(it) for number, it in before.items() if number not in after)


def _audit_exceptions(change: Change, actor: Actor, changes: Iterable[ExceptionsChange]) -> None:
    """Entries by tenant, so that none names two of them."""
    for it in changes:
        for start in range(0, max(len(it.gone), len(it.added)), _EXCEPTIONS_AN_ENTRY):
            some = slice(start, start + _EXCEPTIONS_AN_ENTRY)
            texts = {"before": _text(it.gone[some]), "after": _text(it.added[some])}
            change.audit(actor, "changed MFA exceptions", {"tenant_id": it.tenant_id}, **texts)


def _order_checks(change: Change) -> None:
    now = change.account.services.clock()
    for integration in _csps(change.account.control):
        change.due(Work.CSP, integration, now + _LOST_MESSAGE_AFTER)
        change.send(CspOrder(account_id=change.account.id, integration_id=integration, due_at=now, reason="feature"))


def _order_evaluations(change: Change, tenants: Iterable[Tenant]) -> None:
    now = change.account.services.clock()
    for place, it in enumerate(it for it in tenants if it.mapping is not None):
        change.due(Work.EVALUATE, it.tenant_id, now + _LOST_MESSAGE_AFTER)
        if place < _MOST_MESSAGES:
            change.send(EvaluateOrder(account_id=change.account.id, tenant_id=it.tenant_id, epoch=it.epoch))


def _csps(control: Control) -> list[IntegrationId]:
    csps = (it.value for it in control.integrations.list())
    return [it.id for it in csps if it.kind is Kind.CSP and it.removal is None][:_MOST_MESSAGES]


def _text(value: AccountSettings | list[MfaException]) -> str:
    return msgspec.json.encode(value).decode()
