"""A tenant's user sync as the API shows it: its state, its settings, and what waits for somebody."""

from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.ids import TenantId
from integrations.domain.user_sync.guard import HoldReason
from integrations.domain.user_sync.settings import SyncedField, UserSyncSettings
from integrations.domain.user_sync.stored.state import UserSyncCounts, UserSyncState
from integrations.views.tenant_details import OrganizationName
from integrations.views.user_sync.chip import COLOURS
from integrations.views.user_sync.plan import PlanFailure, PlanView
from shared.http.schemas import one_of


class PlanHoldView(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that waits until somebody has seen it. Nothing is changed meanwhile.

    Attributes:
        since: Since when the user sync has been held.
        reasons: Why it is held.
        plan: What the sync would change.
    """

    since: datetime
    reasons: list[Annotated[str, one_of(HoldReason)]]
    plan: PlanView


class UserSyncView(msgspec.Struct, frozen=True, kw_only=True):
    """The user sync of a tenant.

    Attributes:
        tenant_id: The tenant whose users are synced.
        state: What the user sync is doing.
        state_label: The state in words.
        state_colour: The colour in which the page shows it.
        settings: The settings, with every field.
        organizations: The Organizations that settings may name; the mapped one first.
        synced_at: When a plan was last applied. Null before the first time.
        counts: What there was afterwards. Null before the first time.
        skipped: How many users without End User stayed without one, by the reason.
        hold: The plan that waits for somebody. Null if none does.
        failure: Why the last run failed. Null if it did not.
    """

    tenant_id: TenantId
    state: Annotated[str, one_of(UserSyncState)]
    state_label: str
    state_colour: Annotated[str, one_of(*COLOURS)]
    settings: UserSyncSettings
    organizations: list[OrganizationName]
    synced_at: datetime | None
    counts: UserSyncCounts | None
    skipped: dict[str, int]
    hold: PlanHoldView | None
    failure: PlanFailure | None


def with_every_field(settings: UserSyncSettings) -> UserSyncSettings:
    """The settings with the authority of each field."""
    return msgspec.structs.replace(settings, authority={it: settings.authority_of(it) for it in SyncedField})
