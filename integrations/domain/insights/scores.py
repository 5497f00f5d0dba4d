"""What the numbers of a summary say: a drop, the score of the controls, and who is left after exceptions. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from integrations.domain.baselines.verdicts import ControlVerdict
from integrations.domain.insights.summary import DayPercent, MfaSummary
from integrations.domain.security.mfa_counts import MfaCounts, mfa_counts
from integrations.domain.security.protection import Protection

_WEEK = timedelta(days=7)
_UNPROTECTED = frozenset(it.value for it in Protection) - {Protection.PROTECTED.value, Protection.UNKNOWN.value}


def drop(recent: Sequence[DayPercent]) -> float | None:
    """By how many percentage points the newest score is below the highest of the seven days before it.

    0 if it is not below; None without a day to compare with. ``recent`` has the oldest day first.
    """
    if not recent:
        return None
    newest = recent[-1]
    before = [it.percent for it in recent[:-1] if newest.day - it.day <= _WEEK]
    return round(max(0.0, max(before) - newest.percent), 1) if before else None


def control_score(counts: Mapping[ControlVerdict, int], *, with_unlicensed: bool = False) -> float | None:
    """Met controls of those that were decided, in percent; a narrowed one counts half in the total.

    ``with_unlicensed``: controls that need a missing licence count as not met. None if nothing was decided.
    """
    met = counts.get(ControlVerdict.MET, 0)
    missing = counts.get(ControlVerdict.NOT_MET, 0)
    missing += counts.get(ControlVerdict.UNLICENSED, 0) if with_unlicensed else 0
    total = met + counts.get(ControlVerdict.NARROWED, 0) / 2 + missing
    return round(100 * met / total, 1) if total else None


class JudgedMfa(NamedTuple):
    """The people to judge, and those who would count as unprotected but for an exception."""

    counted: MfaCounts
    excepted: MfaCounts


def judged_mfa(summary: MfaSummary, exceptions: Collection[str]) -> JudgedMfa | None:
    """The counts without people for whom there is an exception, by user id; None while nothing is known."""
    if summary.counts_by_kind is None:
        return None
    counts, excepted = dict(summary.counts_by_kind), dict[str, int]()
    for user_id in sorted(set(exceptions) & summary.excepted.keys()):
        kind = summary.excepted[user_id]
        if kind.rpartition(" ")[2] in _UNPROTECTED and counts.get(kind, 0) > 0:
            counts[kind] -= 1
            excepted[kind] = excepted.get(kind, 0) + 1
    return JudgedMfa(mfa_counts(counts), mfa_counts(excepted))
