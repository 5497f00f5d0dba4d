"""A tenant at a glance: one small row, from which everything that is shown across tenants is answered.

It exists exactly while the tenant is mapped. Evaluations update it; it never contains more than counts and days.
"""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from integrations.domain.assets.stored.counts import AssetLinkCounts
from integrations.domain.baselines.verdicts import ControlVerdict
from integrations.domain.evaluations.progress import State
from integrations.domain.ids import OrganizationId, TenantId
from integrations.domain.sync.datasets import DatasetOutcome

# Read for summaries, whether or not an evaluation needs them: a change of these updates the summary as well.
SUMMARIZED = frozenset({"secure_score", "secure_score_controls", "licenses", "organization"})


class DayPercent(msgspec.Struct, frozen=True, array_like=True):
    """A score of one day, 0 to 100; stored as a pair."""

    day: date
    percent: float


class DayUnprotected(msgspec.Struct, frozen=True, array_like=True):
    """How many people were surely not protected by MFA on one day, and how many of them were administrators."""

    day: date
    people: int
    administrators: int


class PossibleGain(msgspec.Struct, frozen=True, kw_only=True):
    """A control of the Secure Score that is not fully implemented.

    Attributes:
        id: Microsoft's name of the control.
        title: What to improve, for people.
        points: The points that it would add.
        missing_license: The product that it needs and the tenant has no license for. Null or absent if the tenant has
            one, or if that is not known.
    """

    id: str
    title: str
    points: float
    missing_license: str | None = None


class ScoreSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest Secure Score. ``outcome`` is how the last reading ended, None before the first one.

    ``recent`` are the days up to the newest one, the oldest first; ``gains`` what would raise the score most.
    """

    outcome: DatasetOutcome | None = None
    read_at: datetime | None = None
    as_of: datetime | None = None
    points: float | None = None
    max_points: float | None = None
    percent: float | None = None
    average_percent: float | None = None
    recent: list[DayPercent] = []
    gains: list[PossibleGain] = []


class MfaSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """People by what has to be done about their MFA, as ``mfa_counts`` reads it; None while that is not known.

    ``excepted`` are the kinds of people for whom the account has made an exception, by user id. ``recent`` are the last
    days on which they were known, the oldest first.
    """

    state: State = State.NEVER
    as_of: datetime | None = None
    counts_by_kind: dict[str, int] | None = None
    excepted: dict[str, str] = {}
    recent: list[DayUnprotected] = []


class ControlsSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The controls by their verdict; None while that is not known. ``recent`` are the scores of the last days."""

    state: State = State.NEVER
    as_of: datetime | None = None
    by_verdict: dict[ControlVerdict, list[str]] | None = None
    recent: list[DayPercent] = []

    def counts(self) -> Mapping[ControlVerdict, int] | None:
        """How many controls have each verdict that occurs."""
        return {verdict: len(ids) for verdict, ids in self.by_verdict.items()} if self.by_verdict is not None else None


class LicenseCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Seats over all paid products.

    Attributes:
        products: How many products with a limited number of seats the tenant has.
        bought: How many seats were bought.
        assigned: How many seats are assigned.
        unused: How many seats could be assigned today.
    """

    products: int
    bought: int
    assigned: int
    unused: int


class LicensesSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Seats of paid products; None while they are not known."""

    outcome: DatasetOutcome | None = None
    as_of: datetime | None = None
    counts: LicenseCounts | None = None


class AssetsSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The assets of the tenant's Organizations by their devices; None before they were first linked.

    ``as_of`` is when links last changed. ``is_failing``: our service fails to link them.
    """

    counts: AssetLinkCounts | None = None
    as_of: datetime | None = None
    is_failing: bool = False


class TenantSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mapped tenant at a glance, under one epoch of its mapping. Names are those of the last evaluation."""

    tenant_id: TenantId
    epoch: int
    name: str
    default_domain: str | None = None
    organization_id: OrganizationId
    organization_name: str = ""
    score: ScoreSummary = ScoreSummary()
    mfa: MfaSummary = MfaSummary()
    controls: ControlsSummary = ControlsSummary()
    licenses: LicensesSummary = LicensesSummary()
    assets: AssetsSummary = AssetsSummary()

    def emptied(self, epoch: int) -> "TenantSummary":
        """The summary after the tenant's data was deleted, and another epoch began."""
        nothing = {"score": ScoreSummary(), "mfa": MfaSummary(), "controls": ControlsSummary()}
        return msgspec.structs.replace(self, epoch=epoch, licenses=LicensesSummary(), assets=AssetsSummary(), **nothing)
