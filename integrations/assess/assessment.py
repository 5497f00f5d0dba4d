"""What an assessment says of a recorded tenant, as it is printed."""

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from integrations.assess.recording import RecordedSettings, RecordedTenant, Recording
from integrations.assess.rows import RecordedRows
from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.baselines.tenant import BaselineProfile, Inputs, JudgedTenant
from integrations.domain.baselines.verdicts import ControlFinding, Judging
from integrations.domain.sync.records import License
from integrations.microsoft import registry as datasets

FORMAT = "assessment/1"
PRODUCT = "0.1.0"  # the version of pyproject.toml
CONTROLS, LICENSES = "controls", "licenses"
SECTIONS = (CONTROLS, LICENSES)
NOT_RECORDED = "not_recorded"
_OTHER_CLOUDS = {"usgov": "gcchigh", "usgov-dod": "dod"}  # for controls; the rest are commercial


class DatasetLine(msgspec.Struct, frozen=True, kw_only=True):
    """How one data set was read. ``state`` is an outcome of a sync's, or "not_recorded".

    ``error`` is a code, or the address that was not recorded, or "".
    """

    name: str
    state: str
    rows: int
    error: str


class LicenseLine(msgspec.Struct, frozen=True, kw_only=True):
    """The seats of one product.

    ``free`` seats are bought and not assigned; ``free_in_grace`` could be assigned in their grace period only; ``held``
    are suspended or locked out; ``over`` are assigned beyond what there is.
    """

    sku_id: str
    name: str
    bought: int
    assigned: int
    free: int
    free_in_grace: int
    held: int
    over: int


class Assessment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tenant's assessment; sections that nobody asked for are absent. Lists are in the order of their ids."""

    format: str
    case: str | UnsetType = UNSET
    tenant: RecordedTenant
    as_of: datetime
    product: str
    baselines: dict[str, str]
    profile: str
    datasets: list[DatasetLine]
    controls: list[ControlFinding] | UnsetType = UNSET
    licenses: list[LicenseLine] | UnsetType = UNSET


def assess(recording: Recording, profile: BaselineProfile, sections: tuple[str, ...] = SECTIONS) -> Assessment:
    """Judge a recorded tenant, as a sync's evaluations would at the time of the recording."""
    rows = RecordedRows(recording)
    controls = _controls(rows, recording, profile) if CONTROLS in sections else UNSET
    licenses = [_license(it) for _, it in rows.rows("licenses", License)] if LICENSES in sections else UNSET
    return Assessment(
        format=FORMAT,
        case=recording.case_id or UNSET,
        tenant=recording.tenant,
        as_of=recording.as_of,
        product=PRODUCT,
        baselines={it.id: it.version for it in catalogue().families},
        profile=profile.value,
        datasets=sorted((_dataset(rows, it.name) for it in datasets.DATASETS), key=lambda it: it.name),
        controls=sorted(controls, key=lambda it: it.id) if isinstance(controls, list) else UNSET,
        licenses=sorted(licenses, key=lambda it: it.sku_id) if isinstance(licenses, list) else UNSET,
    )


def _controls(rows: RecordedRows, recording: Recording, profile: BaselineProfile) -> list[ControlFinding]:
    return Judging(catalogue(), JudgedTenant(rows, inputs_of(recording, profile))).findings()


def inputs_of(recording: Recording, profile: BaselineProfile) -> Inputs:
    """What a recording says about how its tenant is judged."""
    settings = recording.settings or RecordedSettings()
    return Inputs(
        profile=profile,
        privileged_roles=settings.privileged_roles,
        exclusions=settings.exclusions,
        cloud=_OTHER_CLOUDS.get(recording.tenant.cloud, "commercial"),
    )


def _dataset(rows: RecordedRows, name: str) -> DatasetLine:
    if name in rows.missing:
        return DatasetLine(name=name, state=NOT_RECORDED, rows=0, error=rows.missing[name])
    state = rows.attempts[name].outcome.value
    return DatasetLine(name=name, state=state, rows=rows.count(name), error=rows.error(name))


def _license(license_: License) -> LicenseLine:
    free, usable = max(0, license_.bought - license_.assigned), license_.bought + license_.warning
    return LicenseLine(
        sku_id=license_.sku_id,
        name=license_.name,
        bought=license_.bought,
        assigned=license_.assigned,
        free=free,
        free_in_grace=max(0, usable - license_.assigned) - free,
        held=license_.suspended + license_.locked_out,
        over=max(0, license_.assigned - usable),
    )
