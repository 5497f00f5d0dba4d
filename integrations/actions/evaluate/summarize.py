"""Bring a mapped tenant's summary, and today in its history, in line with what was synced and evaluated.

A mapping adds the summary and its end deletes it. Here it is only updated at the version that was read, so that an
evaluation that is late brings nothing back. Tenants that an earlier version of this service mapped get theirs here, in
a transaction that also holds the tenant's row.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple, TypeVar

import msgspec

from integrations.actions.account import Account
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.evaluate.evaluation_run import EvaluationRun
from integrations.domain.account_settings import EXCEPTION_PAGES, AccountSettings, MfaException, excepted, time_zone
from integrations.domain.baselines.verdicts import ControlVerdict
from integrations.domain.evaluations.controls import CONTROLS
from integrations.domain.evaluations.mfa import MFA, MfaRow
from integrations.domain.insights import summarizing as rules
from integrations.domain.insights.history import HistoryDay, HistoryMonth, day_of, month_of, months_around, months_of
from integrations.domain.insights.summary import (
    SUMMARIZED,
    AssetsSummary,
    LicensesSummary,
    ScoreSummary,
    TenantSummary,
)
from integrations.domain.insights.trends import with_trends
from integrations.domain.integrations import Mapping, Tenant
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.retention import HISTORY
from integrations.domain.security.mfa_counts import kind_of_person
from integrations.domain.sync.plans import known_plans
from integrations.domain.sync.records import License, TenantProfile
from integrations.domain.sync.security_records import SecureScore, SecureScoreControl
from integrations.services import Services
from integrations.storage.control import CURRENT, Control, exception_page_key
from integrations.storage.data.store import StoredData
from integrations.storage.documents import Stored
from shared.storage.tables import Write

Row = TypeVar("Row", bound=msgspec.Struct)


class _JudgedControl(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed of a row of the evaluation ``controls``."""

    id: str
    verdict: ControlVerdict


class SummaryBasis(NamedTuple):
    """What a summary needs of the account's rows, as it was before the tenant's data were read.

    Then a summary that somebody else made of later data is never replaced.
    """

    tenant: Stored[Tenant] | None
    summary: Stored[TenantSummary] | None
    settings: AccountSettings
    exceptions: list[MfaException]
    history: dict[str, Stored[HistoryMonth] | None]


class _Sources(NamedTuple):
    """What a summary is made from; ``known`` is the one that there is under this epoch."""

    synced: StoredData
    derived: StoredData
    known: TenantSummary | None = None


def read_summary_basis(services: Services, order: EvaluateOrder) -> SummaryBasis:
    """Read what a summary needs of the account's rows, by one request.

    Raises:
        StorageUnavailable: storage does not answer.
    """
    control, months = services.control(order.account_id), months_around(services.clock().date())
    keys = [HistoryMonth(tenant_id=order.tenant_id, epoch=order.epoch, month=it).key for it in months]
    tenant, summary, settings, *others = control.find_several(
        (control.tenants, order.tenant_id),
        (control.summaries, order.tenant_id),
        (control.settings, CURRENT),
        *((control.history, it) for it in keys),
        *((control.exceptions, exception_page_key(it)) for it in EXCEPTION_PAGES),
    )
    pages = filter(None, others[len(keys) :])
    return SummaryBasis(
        tenant=tenant,
        summary=summary,
        settings=settings.value if settings else AccountSettings(),
        exceptions=[it for page in pages for it in page.value.items],
        history=dict(zip(keys, others, strict=False)),
    )


def update_summary(services: Services, order: EvaluateOrder, basis: SummaryBasis, run: EvaluationRun) -> None:
    """Write the summary and today's day of the history if something about them has changed.

    ``basis`` was read before the run began.

    Raises:
        VersionConflict: they kept changing.
        StorageUnavailable: storage does not answer.
    """
    account, data = Account(services, order.account_id), _Sources(run.stored, run.results)
    retry_on_conflict(
        lambda: _update_again(account, order),
        first=lambda: _update(account, order, basis, data),
    )


def _update_again(account: Account, order: EvaluateOrder) -> None:
    services, where = account.services, (order.account_id, order.tenant_id, order.epoch)
    basis = read_summary_basis(services, order)
    _update(account, order, basis, _Sources(services.data(*where).state(), services.derived(*where).state()))


def _update(account: Account, order: EvaluateOrder, basis: SummaryBasis, data: _Sources) -> None:
    tenant, before, now = basis.tenant, basis.summary, account.services.clock()
    if tenant is None or tenant.value.mapping is None or tenant.value.epoch != order.epoch:
        return
    exceptions = excepted(basis.exceptions, now).get(tenant.value.tenant_id, frozenset())
    known = before.value if before and before.value.epoch == order.epoch else None
    summary = _summary(account, tenant.value, tenant.value.mapping, exceptions, data._replace(known=known))
    day = day_of(summary, exceptions, now.astimezone(time_zone(basis.settings.time_zone)).date())
    summary = with_trends(summary, before.value if before else None, day)
    history = _history_writes(account.control, basis.history, tenant.value, day)
    if history or before is None or before.value != summary:
        with account.change() as change:
            change.write(*_summary_writes(account.control, tenant, before, summary), *history)


def _summary_writes(
    control: Control, tenant: Stored[Tenant], before: Stored[TenantSummary] | None, summary: TenantSummary
) -> list[Write]:
    """The summary at its version; without one of this epoch, at the version of the tenant's row."""
    if before is not None and before.value.epoch == summary.epoch:
        return [control.summaries.saved(before.now(summary))]
    return [control.summaries.put(summary), control.tenants.saved(tenant)]


def _summary(
    account: Account, tenant: Tenant, mapping: Mapping, exceptions: Collection[str], data: _Sources
) -> TenantSummary:
    known, synced, derived = data.known, data.synced.confirmed(tenant.confirmed), data.derived
    score, licenses = _score_and_licenses(synced, known)
    organization = account.control.organizations.find(mapping.organization_id)
    off = account.services.settings.evaluations_off
    mfa = rules.EvaluationState(derived.cursors.get(MFA.name), MFA.name in off)
    controls = rules.EvaluationState(derived.cursors.get(CONTROLS.name), CONTROLS.name in off)
    return TenantSummary(
        tenant_id=tenant.tenant_id,
        epoch=tenant.epoch,
        name=tenant.name,
        default_domain=tenant.default_domain,
        organization_id=mapping.organization_id,
        organization_name=organization.value.name if organization else "",
        score=score,
        mfa=rules.mfa_summary(mfa, _kinds(derived, exceptions) if mfa.has_rows else {}),
        controls=rules.controls_summary(controls, _verdicts(derived) if controls.has_rows else {}),
        licenses=licenses,
        assets=known.assets if known else AssetsSummary(),  # ``link_assets`` brings it up to date
    )


def _score_and_licenses(synced: StoredData, known: TenantSummary | None) -> tuple[ScoreSummary, LicensesSummary]:
    """Both from their rows, or as they were summarized while none of these has changed since."""
    of_score, of_licenses = synced.cursors.get("secure_score"), synced.cursors.get("licenses")
    if known is not None and not SUMMARIZED & synced.pending.keys():
        return rules.score_again(known.score, of_score), rules.licenses_again(known.licenses, of_licenses)
    licenses = list(_rows(synced, "licenses", License))
    score = rules.score_summary(
        _rows(synced, "secure_score", SecureScore),
        _rows(synced, "secure_score_controls", SecureScoreControl),
        of_score,
        _plans(synced, licenses),
    )
    return score, rules.licenses_summary(licenses, of_licenses)


def _rows(stored: StoredData, dataset: str, model: type[Row]) -> Iterable[Row]:
    """All rows of a small data set; storage is not asked for one that was never read."""
    return [it for _, it in stored.rows.all(dataset, model)] if dataset in stored.cursors else []


def _plans(synced: StoredData, licenses: Collection[License]) -> frozenset[str] | None:
    """The tenant's service plans by its licences, or else by its profile; None if neither says them."""
    cursor = synced.cursors.get("licenses")
    known = known_plans((), licenses) if cursor and cursor.complete_at else None
    return known_plans(_rows(synced, "organization", TenantProfile)) if known is None else known


def _verdicts(derived: StoredData) -> dict[str, ControlVerdict]:
    return {it.id: it.verdict for _, it in derived.rows.all(CONTROLS.name, _JudgedControl)}


def _kinds(derived: StoredData, user_ids: Collection[str]) -> dict[str, str]:
    """What these people are counted as."""
    people = derived.rows.find(MFA.name, user_ids, MfaRow) if user_ids else {}
    return {
        user_id: kind_of_person(it.counted_as, it.protection, is_administrator=bool(it.is_administrator))
        for user_id, it in people.items()
    }


def _history_writes(
    control: Control, known: dict[str, Stored[HistoryMonth] | None], tenant: Tenant, today: HistoryDay
) -> list[Write]:
    """The write of today's month, if today is different from what is stored, and of months that are too old."""
    empty = HistoryMonth(tenant_id=tenant.tenant_id, epoch=tenant.epoch, month=month_of(today.day))
    stored = known[empty.key]
    before = stored.value if stored else empty
    after = before.with_day(today)
    if after == before:
        return []
    if stored is not None:
        return [control.history.saved(stored.now(after))]
    oldest = month_of(today.day - HISTORY)
    months = control.history.list(months_of(tenant.tenant_id, tenant.epoch))
    return [control.history.added(after), *(control.history.removed(it) for it in months if it.value.month < oldest)]
