"""What a control says of a changed tenant: the changes are to Graph's answers, and readers read them."""

from typing import Any, NamedTuple

from integrations.domain.baselines.tenant import Exclusions
from integrations.domain.baselines.verdicts import ControlVerdict
from tests.baselines.tenants import Change

MET, NOT_MET, NARROWED = ControlVerdict.MET, ControlVerdict.NOT_MET, ControlVerdict.NARROWED
UNKNOWN, UNLICENSED, NOT_APPLICABLE = ControlVerdict.UNKNOWN, ControlVerdict.UNLICENSED, ControlVerdict.NOT_APPLICABLE
NOT_CHECKED = ControlVerdict.NOT_CHECKED


class Case(NamedTuple):
    """One case; ``scuba`` is None where ScubaGear's profile says the same as the strict one."""

    control: str
    name: str
    changes: tuple[Change, ...]
    strict: ControlVerdict
    scuba: ControlVerdict | None = None
    exclusions: Exclusions | None = None
    cloud: str = "commercial"
    privileged_roles: list[str] | None = None


def case(
    control: str, name: str, *changes: Change, is_: ControlVerdict, scuba: ControlVerdict | None = None, **more: Any
) -> Case:
    return Case(control, name, changes, is_, scuba, **more)
