"""Read and change what an account has chosen for itself."""

from datetime import timedelta

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.domain.account_settings import AccountSettings
from integrations.domain.ids import IntegrationId
from integrations.domain.integrations import Kind
from integrations.domain.jobs.orders import CspOrder
from integrations.services import Services
from integrations.storage.control import CURRENT, Control
from integrations.storage.due import Work

_LOST_MESSAGE_AFTER = timedelta(minutes=1)  # then the due list orders the run
_CSPS = 20  # of one account, that are checked at once; the next check of any other follows by itself


def settings_of(control: Control) -> AccountSettings:
    """The settings of the account; the defaults while nothing was changed."""
    stored = control.settings.find(CURRENT)
    return stored.value if stored else AccountSettings()


def change_settings(services: Services, actor: Actor, settings: AccountSettings) -> AccountSettings:
    """Replace the settings. With a feature turned on, its permissions are granted to the customers of each CSP.

    Raises:
        VersionConflict: somebody else changed them at the same time.
        StorageUnavailable: storage does not answer.
    """
    account = Account(services, actor.account_id)
    stored = account.control.settings.find(CURRENT)
    before = stored.value if stored else AccountSettings()
    if settings == before:
        return before
    with account.change(actor, "changed settings", {}, before=_text(before), after=_text(settings)) as change:
        documents = account.control.settings
        change.write(documents.saved(stored.now(settings)) if stored else documents.added(settings))
        for integration in _csps(account.control) if set(settings.features) - set(before.features) else ():
            now = services.clock()
            change.due(Work.CSP, integration, now + _LOST_MESSAGE_AFTER)
            change.send(CspOrder(account_id=account.id, integration_id=integration, due_at=now, reason="feature"))
    return settings


def _csps(control: Control) -> list[IntegrationId]:
    csps = (it.value for it in control.integrations.list())
    return [it.id for it in csps if it.kind is Kind.CSP and it.removal is None][:_CSPS]


def _text(settings: AccountSettings) -> str:
    return msgspec.json.encode(settings).decode()
