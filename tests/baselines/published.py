"""Cases of the kinds that CISA publishes with ScubaGear, as recordings that hold nothing but what a case is about."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from integrations.assess.assessment import inputs_of
from integrations.assess.rows import RecordedRows
from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.baselines.tenant import BaselineProfile, JudgedTenant
from integrations.domain.baselines.verdicts import Judging
from tests.assess.recordings import recording
from tests.baselines.recorded import Answers
from tests.baselines.tenants import SKUS

PASSES = {"met", "narrowed", "not_applicable"}  # of ScubaGear
# ScubaGear knows the licence by the name of its service plan.
_PLAN = {"servicePlanName": "AAD_PREMIUM_P2", "servicePlanId": "p", "provisioningStatus": "Success"}
LICENSED = {SKUS: {"value": [{"skuId": "s", "capabilityStatus": "Enabled", "servicePlans": [_PLAN]}]}}
UNLICENSED = {SKUS: {"value": [{"skuId": "s", "capabilityStatus": "Enabled", "servicePlans": []}]}}


class Published(NamedTuple):
    """What ScubaGear says of recorded answers, and what the strict profile says, None if that does not matter.

    ``settings`` are those of the recording.
    """

    name: str
    control: str
    answers: Answers
    passes: bool
    strict: str | None = None
    settings: Mapping[str, Any] = {}
    cloud: str = "global"


def _verdicts(case: Published) -> tuple[str, str]:
    """Those of both profiles, as ``assess`` gives them; all other controls are left out."""
    about = {"tenant": {"id": "t", "name": "Contoso", "cloud": case.cloud}}
    recorded = recording(case.answers, **about, settings=case.settings)
    rows, control = RecordedRows(recorded), catalogue().controls[case.control]
    scuba, strict = (
        Judging(catalogue(), JudgedTenant(rows, inputs_of(recorded, it))).finding(control).verdict.value
        for it in (BaselineProfile.SCUBA, BaselineProfile.STRICT)
    )
    return scuba, strict


def disagreements(cases: Iterable[Published]) -> dict[str, tuple[str, str]]:
    """The verdicts of both profiles, scuba and strict, where one of them is not what it should be."""
    wrong = {}
    for case in cases:
        scuba, strict = _verdicts(case)
        if (scuba in PASSES) is not case.passes or strict != (case.strict or strict):
            wrong[f"{case.control}: {case.name}"] = scuba, strict
    return wrong
