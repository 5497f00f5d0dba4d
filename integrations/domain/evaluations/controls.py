"""The verdict on each control of the baselines, and since when it has been the same.

Everything that controls read is small, except users and groups: of these only administrators and what they belong to
are read. So all controls are judged again that read something that changed.
"""

from datetime import datetime
from typing import Any

import msgspec

from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.baselines.control import BaselineControl
from integrations.domain.baselines.paths import DATASETS
from integrations.domain.baselines.tenant import Inputs, JudgedTenant
from integrations.domain.baselines.verdicts import ControlFinding, Judging
from integrations.domain.evaluations.evaluation import Changes, Evaluation, Result, RowSource
from integrations.domain.sync.datasets import Reading, Record
from integrations.settings import Settings

_LICENSES = frozenset({"organization", "licenses"})


class ControlRow(ControlFinding, frozen=True, kw_only=True, omit_defaults=True):
    """A finding as stored.

    Attributes:
        since: Since when the verdict and the values that decided have been the same.
    """

    since: datetime


class _EarlierRow(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier row says, of whatever version it is."""

    verdict: str = ""
    actual: Any = ()
    since: datetime | None = None


def _evaluate(source: RowSource, changes: Changes) -> Result:
    baselines = catalogue()
    changed = {name for name, keys in changes.items() if keys}
    affected = {key for key, it in baselines.controls.items() if reads_of(it) & changed}
    is_complete = affected >= {key for key, it in baselines.controls.items() if reads_of(it)}
    tenant = JudgedTenant(source, Inputs())
    before = dict(source.derived(_EarlierRow))
    findings = Judging(baselines, tenant).findings(None if is_complete else affected)
    records = [Record(key=it.id, body=_row(it, before.get(it.id), source.now)) for it in findings]
    return Result(Reading(records=records, is_complete=is_complete))


def reads_of(control: BaselineControl) -> frozenset[str]:
    """The data sets on which a control's verdict may depend."""
    return frozenset({*control.reads, *control.may_read}) | (_LICENSES if control.license else frozenset())


def _row(finding: ControlFinding, before: _EarlierRow | None, now: datetime) -> ControlRow:
    fields = {it: getattr(finding, it) for it in finding.__struct_fields__}
    is_same = before is not None and (before.verdict, before.actual or []) == (
        finding.verdict.value,
        msgspec.to_builtins(finding.actual),
    )
    since = before.since if before is not None and is_same and before.since else now
    return ControlRow(**fields, since=since)


def _inputs(_settings: Settings) -> str:
    return catalogue().fingerprint


CONTROLS = Evaluation(
    name="controls",
    needs=frozenset(DATASETS),  # all that controls can read, which is known without reading their files
    version=1,
    evaluate=_evaluate,
    inputs=_inputs,
    uses_states=True,
)
