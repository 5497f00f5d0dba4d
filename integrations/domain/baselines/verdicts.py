"""Judges a tenant by the controls of the catalogue: a verdict for each, with its reason and what was seen."""

from collections.abc import Collection, Iterable
from enum import Enum
from typing import Any, cast

import msgspec
from msgspec import UNSET

from integrations.domain.baselines.catalogue import Catalogue
from integrations.domain.baselines.control import BaselineControl
from integrations.domain.baselines.paths import NOT_SENT
from integrations.domain.baselines.predicates.judging import Judge, Near, Scope, Seen, Trace
from integrations.domain.baselines.predicates.policy_tests import nearest
from integrations.domain.baselines.tenant import LICENSES, BaselineProfile, JudgedTenant, Unknown
from integrations.domain.text import clean

MOST_VALUES = 20
MOST_CHARACTERS = 1000  # of a reason


class ControlVerdict(Enum):
    """What is known about a control in a tenant."""

    MET = "met"
    NARROWED = "narrowed"  # met only under conditions that it did not ask for
    NOT_MET = "not_met"
    UNLICENSED = "unlicensed"  # it needs a licence that the tenant does not have
    NOT_APPLICABLE = "not_applicable"  # the tenant does not use what it is about
    UNKNOWN = "unknown"  # something that decides about it could not be read
    NOT_CHECKED = "not_checked"  # nobody can read what it is about


class ActualValue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that decided about a control.

    Attributes:
        name: What it is: a property of a data set, or words.
        value: The value, in Microsoft's words; the first 20 of a list. Absent if Microsoft did not send it.
        count: How many there are, of a list. Absent for other values.
    """

    name: str
    value: bool | int | float | str | list[Any] | dict[str, Any] | msgspec.UnsetType | None = UNSET
    count: int | msgspec.UnsetType = UNSET


class NearPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Conditional Access policy that meets a control, or comes near to it.

    Attributes:
        id: Microsoft's id of the policy.
        name: The policy's name.
        why: What first keeps it from meeting the control, or narrows it. Absent if it meets the control.
    """

    id: str
    name: str
    why: str = ""


class ControlFinding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The verdict on one control.

    Attributes:
        id: The control.
        verdict: The verdict.
        reason: Why, in a sentence.
        dataset: What could not be read, for "unknown". Absent for other reasons.
        permission: The permission that would let us read it. Absent if that is not the reason.
        actual: The values that decided.
        nearest: The policies that meet it, or come nearest.
    """

    id: str
    verdict: ControlVerdict
    reason: str
    dataset: str = ""
    permission: str | None = None
    actual: list[ActualValue] = []
    nearest: list[NearPolicy] = []


class Judging:
    """One tenant, judged by a catalogue."""

    def __init__(self, catalogue: Catalogue, tenant: JudgedTenant) -> None:
        self._catalogue = catalogue
        self._tenant = tenant
        chosen = tenant.inputs.privileged_roles
        self._roles = frozenset(catalogue.roles if chosen is None else chosen)

    def findings(self, ids: Collection[str] | None = None) -> list[ControlFinding]:
        """The findings of these controls, or of all."""
        return [self.finding(it) for key, it in self._catalogue.controls.items() if ids is None or key in ids]

    def finding(self, control: BaselineControl) -> ControlFinding:
        """The verdict on one control."""
        if control.not_checked:
            return ControlFinding(id=control.id, verdict=ControlVerdict.NOT_CHECKED, reason=control.not_checked)
        try:
            return self._unjudged(control) or self._judged(control)
        except Unknown as unknown:
            return self._elsewhere(control) or _unknown(control.id, unknown)

    def _unjudged(self, control: BaselineControl) -> ControlFinding | None:
        """A verdict that follows from licences. Raises Unknown: what it needs was not read."""
        unlicensed = [it for it in control.reads if self._tenant.is_unlicensed(it)]
        for dataset in control.reads:
            if dataset not in unlicensed:
                self._tenant.require(dataset)
        if control.license and not self._has_license(control, control.license):
            return _unlicensed(control.id, f"It needs {LICENSES[control.license][0]}.")
        if unlicensed:
            return _unlicensed(control.id, "The tenant has no licence for what it is about.")
        return None

    def _has_license(self, control: BaselineControl, name: str) -> bool:
        """Raises Unknown: it is not known, and matters."""
        if not control.is_license_optional:
            return self._tenant.has_license(name)
        is_judged_anyway = self._tenant.inputs.profile is BaselineProfile.SCUBA or not self._tenant.knows_licenses
        return is_judged_anyway or self._tenant.has_license(name)

    def _elsewhere(self, control: BaselineControl) -> ControlFinding | None:
        """Not checked, where Microsoft does not offer it yet and the licence is not known to be missing."""
        if self._tenant.inputs.cloud not in control.no_clouds:
            return None
        if control.license and self._tenant.knows_licenses and not self._tenant.has_license(control.license):
            return _unlicensed(control.id, f"It needs {LICENSES[control.license][0]}.")
        reason = "Microsoft does not offer it in this cloud yet."
        return ControlFinding(id=control.id, verdict=ControlVerdict.NOT_CHECKED, reason=reason)

    def _judged(self, control: BaselineControl) -> ControlFinding:
        if control.applies is None:
            return self._answered(control, is_exempt_in_part=False)
        scope = self._scope(control)
        applies = control.applies(scope)
        if applies is None:
            raise _first_unknown(scope.trace)
        if not applies and not scope.trace.narrowed:
            return _finding(control, ControlVerdict.NOT_APPLICABLE, _first(scope.trace.failures), scope.trace)
        return self._answered(control, is_exempt_in_part=not applies)

    def _answered(self, control: BaselineControl, *, is_exempt_in_part: bool) -> ControlFinding:
        """``is_exempt_in_part``: the control does not apply where a narrowed policy does."""
        scope = self._scope(control)
        answer, trace = self._predicate(control)(scope), scope.trace
        if answer is None:
            raise _first_unknown(trace)
        if answer:
            verdict = ControlVerdict.NARROWED if trace.narrowed else ControlVerdict.MET
            return _finding(control, verdict, " ".join(trace.narrowed) or trace.reason, trace)
        reason = _first(trace.failures) or f"Required: {control.requires}"
        verdict = ControlVerdict.NARROWED if is_exempt_in_part else ControlVerdict.NOT_MET
        return self._elsewhere(control) or _finding(control, verdict, reason, trace)

    def _predicate(self, control: BaselineControl) -> Judge:
        predicate = control.met
        if control.scuba is not None and self._tenant.inputs.profile is BaselineProfile.SCUBA:
            predicate = control.scuba
        return cast("Judge", predicate)  # the catalogue lets no other control through

    def _scope(self, control: BaselineControl) -> Scope:
        return Scope(
            tenant=self._tenant,
            control_id=control.id,
            exclusions=self._tenant.inputs.exclusions_of(control.id),
            trace=Trace(),
            privileged_roles=self._roles,
            judge_control=self._judge_other,
        )

    def _judge_other(self, scope: Scope, control_id: str) -> bool | None:
        """Another control's predicate, with its own exclusions."""
        other = self._catalogue.controls[control_id]
        inside = self._scope(other)
        answer = self._predicate(other)(inside)
        scope.trace.unknown += inside.trace.unknown
        scope.trace.narrowed += inside.trace.narrowed
        return answer


def _finding(control: BaselineControl, verdict: ControlVerdict, reason: str, trace: Trace) -> ControlFinding:
    return ControlFinding(
        id=control.id,
        verdict=verdict,
        reason=clean(reason or control.requires, MOST_CHARACTERS),
        actual=_values(trace.seen),
        nearest=[_policy(it) for it in nearest(trace.near)],
    )


def _unknown(control_id: str, unknown: Unknown) -> ControlFinding:
    return ControlFinding(
        id=control_id,
        verdict=ControlVerdict.UNKNOWN,
        reason=unknown.reason,
        dataset=unknown.dataset,
        permission=unknown.permission,
    )


def _unlicensed(control_id: str, reason: str) -> ControlFinding:
    return ControlFinding(id=control_id, verdict=ControlVerdict.UNLICENSED, reason=reason)


def _first(failures: list[str]) -> str:
    return failures[0] if failures else ""


def _first_unknown(trace: Trace) -> Unknown:
    with_dataset = [it for it in trace.unknown if it.dataset]
    return next(iter(with_dataset or trace.unknown), Unknown("A value that decides about it is not known."))


def _policy(near: Near) -> NearPolicy:
    return NearPolicy(id=clean(near.id), name=near.name, why=clean(near.why, MOST_CHARACTERS))


def _values(seen: Iterable[Seen]) -> list[ActualValue]:
    by_name = {it.name: it.value for it in seen}
    return [_value(name, value) for name, value in by_name.items()][:MOST_VALUES]


def _value(name: str, value: Any) -> ActualValue:
    if value is UNSET or value is NOT_SENT:
        return ActualValue(name=name)
    if isinstance(value, list | set | frozenset | tuple):
        items = (
            sorted(map(_plain, value), key=str) if isinstance(value, set | frozenset) else [_plain(it) for it in value]
        )
        return ActualValue(name=name, value=items[:MOST_VALUES], count=len(items))
    return ActualValue(name=name, value=_plain(value))


def _plain(value: Any) -> Any:
    """The value as JSON, short enough to be stored."""
    if isinstance(value, str):
        return clean(value)
    return value if isinstance(value, bool | int | float | None) else msgspec.to_builtins(value)
