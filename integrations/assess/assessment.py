"""What an assessment says of a recorded tenant, as it is printed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from integrations.assess.recording import RecordedSettings, RecordedTenant, Recording
from integrations.assess.rows import RecordedRows
from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.baselines.tenant import BaselineProfile, Inputs, JudgedTenant
from integrations.domain.baselines.verdicts import ControlFinding, Judging
from integrations.domain.evaluations.mfa import MFA as MFA_EVALUATION
from integrations.domain.evaluations.mfa import MfaRow
from integrations.domain.licenses.waste import Waste, waste_of
from integrations.domain.sync.records import License, SignInPage, User
from integrations.microsoft import registry as datasets

FORMAT = "assessment/1"
PRODUCT = "0.1.0"  # the version of pyproject.toml
SECTIONS = MFA, CONTROLS, LICENSES = "mfa", "controls", "licenses"
NOT_RECORDED = "not_recorded"


class DatasetLine(msgspec.Struct, frozen=True, kw_only=True):
    """How one data set was read. ``state`` is an outcome of a sync's, or "not_recorded".

    ``error`` is a code, or the address that was not recorded, or "".
    """

    name: str
    state: str
    rows: int
    error: str


class MfaLine(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the MFA of one person, in the words of GET /tenants/{tenant_id}/mfa.

    ``is_admin`` is null where roles could not be read.
    """

    user_id: str
    name: str
    username: str | None
    is_admin: bool | None
    is_guest: bool
    counted_as: str
    registered: str
    capable: str
    required: str
    coverage: str
    mode: str | None
    protection: str
    gap: str | None
    causes: list[dict[str, Any]]
    more_causes: int


class LicenseLine(msgspec.Struct, frozen=True, kw_only=True):
    """The seats of one product.

    ``free`` seats are bought and not assigned; ``free_in_grace`` could be assigned in their grace period only; ``held``
    are suspended or locked out; ``over`` are assigned beyond what there is. ``waste`` are seats that nobody needs; null
    if it is not known who has them, and for products that are free or are not assigned to people.
    """

    sku_id: str
    name: str
    bought: int
    assigned: int
    free: int
    free_in_grace: int
    held: int
    over: int
    waste: Waste | None


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
    mfa: list[MfaLine] | UnsetType = UNSET
    controls: list[ControlFinding] | UnsetType = UNSET
    licenses: list[LicenseLine] | UnsetType = UNSET


def assess(recording: Recording, profile: BaselineProfile, sections: tuple[str, ...] = SECTIONS) -> Assessment:
    """Judge a recorded tenant, as a sync's evaluations would at the time of the recording."""
    rows = RecordedRows(recording)
    controls = _controls(rows, recording, profile) if CONTROLS in sections else UNSET
    licenses = list(_licenses(rows)) if LICENSES in sections else UNSET
    return Assessment(
        format=FORMAT,
        case=recording.case_id or UNSET,
        tenant=recording.tenant,
        as_of=recording.as_of,
        product=PRODUCT,
        baselines={it.id: it.version for it in catalogue().families},
        profile=profile.value,
        datasets=sorted((_dataset(rows, it.name) for it in datasets.DATASETS), key=lambda it: it.name),
        mfa=sorted(_mfa(rows), key=lambda it: it.user_id) if MFA in sections else UNSET,
        controls=sorted(controls, key=lambda it: it.id) if isinstance(controls, list) else UNSET,
        licenses=sorted(licenses, key=lambda it: it.sku_id) if isinstance(licenses, list) else UNSET,
    )


def _mfa(rows: RecordedRows) -> Iterator[MfaLine]:
    guests = {key for key, it in rows.rows("users", User) if it.is_guest}
    for record in MFA_EVALUATION.result(rows, MFA_EVALUATION.everything).reading.records:
        if isinstance(record.body, MfaRow):
            yield _person(record.body, is_guest=record.key in guests)


def _person(row: MfaRow, *, is_guest: bool) -> MfaLine:
    return MfaLine(
        user_id=row.user_id,
        name=row.name,
        username=row.username,
        is_admin=row.is_administrator,
        is_guest=is_guest,
        counted_as=row.counted_as.value,
        registered=row.registered.value,
        capable=row.capable.value,
        required=row.required.value,
        coverage=row.coverage.value,
        mode=row.mode.value if row.mode else None,
        protection=row.protection.value,
        gap=row.gap,
        causes=msgspec.to_builtins(row.causes),
        more_causes=row.more_causes,
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
        cloud=recording.tenant.microsoft_cloud.kind,
    )


def _dataset(rows: RecordedRows, name: str) -> DatasetLine:
    if name in rows.missing:
        return DatasetLine(name=name, state=NOT_RECORDED, rows=0, error=rows.missing[name])
    state = rows.attempts[name].outcome.value
    return DatasetLine(name=name, state=state, rows=rows.count(name), error=rows.error(name))


def _licenses(rows: RecordedRows) -> Iterator[LicenseLine]:
    licenses = [it for _, it in rows.rows("licenses", License)]
    waste: dict[str, Waste] = {}
    if rows.is_read("users"):
        users = (it for _, it in rows.rows("users", User))
        pages = rows.rows("sign_ins", SignInPage) if rows.is_read("sign_ins") else ()
        sign_ins = {it.user_id: it for _, page in pages for it in page.people}
        waste = waste_of(licenses, users, sign_ins, rows.now)
    yield from (_license(it, waste.get(it.sku_id)) for it in licenses)


def _license(license_: License, waste: Waste | None) -> LicenseLine:
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
        waste=waste,
    )
