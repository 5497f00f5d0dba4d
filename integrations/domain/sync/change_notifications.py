"""Being told of changes: which, for how long, and how a word that we asked for is known. Pure.

A notification is a nudge to look; what changed is always read.
Source: https://learn.microsoft.com/graph/change-notifications-overview
"""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from integrations.domain.ids import AccountId, TenantId
from integrations.domain.integrations import Tenant

RESOURCES = ("users", "groups")
LIFE = timedelta(days=28)  # Microsoft lets subscriptions of the directory live for less than 29
RENEWED_BEFORE = timedelta(days=2)
NUDGES_APART = timedelta(minutes=1)
_STATE = re.compile(r"([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{43})")


class Watch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What Microsoft tells us of one tenant's changes: the subscriptions' ids by resource, and until when.

    It holds for one mapping only, whose ``epoch`` it names. ``secret_hash`` is the hash of the word that each
    notification must bring.
    """

    tenant_id: TenantId
    epoch: int
    secret_hash: str
    subscriptions: dict[str, str]
    until: datetime
    nudged_at: datetime | None = None

    def knows(self, subscription_id: str, secret: str) -> bool:
        """Whether a notification is one that we asked for."""
        is_same = hmac.compare_digest(hash_of(secret), self.secret_hash)
        return is_same and subscription_id in self.subscriptions.values()


class Word(NamedTuple):
    """What our ``clientState`` says: whose tenant it is about, and the secret."""

    account_id: AccountId
    secret: str


def word_of(client_state: str) -> Word | None:
    """Our word in a notification; None when it is not of that form."""
    found = _STATE.fullmatch(client_state)
    return Word(AccountId(found[1]), found[2]) if found else None


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def is_watch_due(tenant: Tenant, now: datetime, *, is_on: bool) -> bool:
    """Whether a tenant's notifications are to be begun, renewed or ended after this run."""
    if tenant.watch_at is not None and not (is_on and tenant.mapping is not None):
        return True
    return is_on and tenant.mapping is not None and (tenant.watch_at is None or now >= tenant.watch_at)
