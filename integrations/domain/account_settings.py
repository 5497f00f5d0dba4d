"""What an account has chosen for itself. Pure."""

from enum import Enum

import msgspec


class Feature(Enum):
    """Something that needs more permissions than every tenant grants."""

    BASELINES = "baselines"
    MAILBOXES = "mailboxes"


class AccountSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of an account; one that never changed them has the defaults.

    Attributes:
        features: Features for which customers of the account's CSPs are granted more permissions. Single tenants grant
            them themselves, when they consent.
    """

    features: list[Feature] = []
