"""Microsoft's change notifications: which resources, for how long, and how a notification is authenticated. Pure.

A notification is only a nudge to sync; what changed is always read from Graph.
Source: https://learn.microsoft.com/graph/change-notifications-overview
"""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from integrations.domain.ids import FIRST_REGISTRATION, AccountId, ClientId, TenantId
from integrations.domain.integrations import Tenant

RESOURCES = ("users", "groups")
LIFE = timedelta(days=28)  # Microsoft allows less than 29 for subscriptions to users and groups
RENEWED_BEFORE = timedelta(days=2)
NUDGES_APART = timedelta(minutes=1)
_STATE = re.compile(r"([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{43})")


class Watch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The change subscriptions of one tenant: their ids by resource, and when they expire.

    They belong to one mapping, whose ``epoch`` they name. ``secret_hash`` is the hash of the secret that each
    notification must contain. Only the registration ``client_id`` can end them.
    """

    tenant_id: TenantId
    epoch: int
    secret_hash: str
    subscriptions: dict[str, str]
    until: datetime
    nudged_at: datetime | None = None
    client_id: ClientId = FIRST_REGISTRATION

    def knows(self, subscription_id: str, secret: str) -> bool:
        """Whether a notification belongs to one of these subscriptions."""
        is_same = hmac.compare_digest(hash_of(secret), self.secret_hash)
        return is_same and subscription_id in self.subscriptions.values()


class ClientState(NamedTuple):
    """Our ``clientState``, which Microsoft sends back with each notification: the account and the secret."""

    account_id: AccountId
    secret: str


def parse_client_state(client_state: str) -> ClientState | None:
    """The client state in a notification; None when it is not of our form."""
    match = _STATE.fullmatch(client_state)
    return ClientState(AccountId(match[1]), match[2]) if match else None


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def is_watch_due(tenant: Tenant, now: datetime, *, is_on: bool) -> bool:
    """Whether a tenant's change subscriptions must be created, renewed or deleted after this run."""
    if tenant.watch_at is not None and not (is_on and tenant.mapping is not None):
        return True
    return is_on and tenant.mapping is not None and (tenant.watch_at is None or now >= tenant.watch_at)
