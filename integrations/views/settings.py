"""The settings of an account, as the API shows them."""

import msgspec

from integrations.domain.account_settings import AccountSettings, MfaException


class AccountSettingsView(AccountSettings, frozen=True, kw_only=True):
    """The settings of an account; one that never changed them has the defaults.

    Attributes:
        exceptions: People who are not counted as unprotected by MFA, also those whose exception has ended.
    """

    exceptions: list[MfaException]


def settings_view(settings: AccountSettings, exceptions: list[MfaException]) -> AccountSettingsView:
    """The settings with the exceptions."""
    return AccountSettingsView(**msgspec.structs.asdict(settings), exceptions=exceptions)
