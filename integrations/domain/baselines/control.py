"""A control of a baseline: what it asks for, whom it may leave out, and how it is judged."""

from dataclasses import dataclass

from integrations.domain.baselines.predicates.judging import Judge

SEVERITIES = ("high", "medium", "low", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineControl:
    """A control as its file has it, ready to be judged.

    ``reads`` are the data sets that it needs, ``may_read`` those that only some answers need. ``license`` is the
    licence without which it cannot be met, None if it needs none; where that ``is_license_optional``, it only counts if
    it is known to be missing, and not for ScubaGear. ``exclusions`` are the kinds of exceptions it allows.
    ``not_checked`` is why nobody can judge it, "" for the others; ``no_clouds`` are those without what it is about.
    ``asks_about`` are other controls on which its verdict depends. ``applies`` says whether it is about this tenant at
    all; ``scuba`` is that profile's predicate where it differs.
    """

    id: str
    family: str
    title: str
    severity: str
    rationale: str
    requires: str
    remedy: str
    link: str
    reads: tuple[str, ...] = ()
    may_read: tuple[str, ...] = ()
    license: str | None = None
    is_license_optional: bool = False
    exclusions: frozenset[str] = frozenset()
    beta: bool = False
    not_checked: str = ""
    no_clouds: frozenset[str] = frozenset()
    asks_about: frozenset[str] = frozenset()
    applies: Judge | None = None
    met: Judge | None = None
    scuba: Judge | None = None
