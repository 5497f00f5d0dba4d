"""Every status that each kind of row can have, with the evidence that the rules find for it, as the API shows it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from integrations.domain.causes import cause_of, csp_cause_of, evidence_of
from integrations.domain.csp.gdap import (
    Assignment,
    Consent,
    CspAuth,
    GdapInput,
    GroupId,
    Relationship,
    RoleId,
    evaluate,
)
from integrations.domain.csp.onboarding import Onboarding, Stage
from integrations.domain.ids import IntegrationId, TenantId
from integrations.domain.integrations import CspChild, Kind, Tenant
from integrations.domain.refusals import Hindrance
from integrations.domain.statuses import SyncCause
from integrations.domain.sync_status import begin, move
from integrations.views.csp.auth import csp_auth_view
from integrations.views.menu import CSP_MENU, tenant_menu
from integrations.views.status import ReadTime, StatusView, status_view
from local.microsoft.entra.errors import error_by_code
from shared.errors import AppError
from shared.microsoft.graph import Denied, MicrosoftError, TokenRejected
from shared.microsoft.sign_in import error_of_refusal, refusal_from_response
from shared.microsoft.sign_in.codes import KIND_OF_CODE

NOW = datetime(2026, 11, 28, tzinfo=UTC)
READ_AT = ReadTime(NOW, timedelta(minutes=30))
OF_CUSTOMERS_ONLY = {SyncCause.CSP_AUTH_BLOCKS, SyncCause.CSP_FAILED}
ROLE, GROUP = RoleId("62e90394-69f5-4237-9190-012177145e10"), GroupId("group")


class Explained(NamedTuple):
    """One status: the kind of row (``single``, ``customer`` or ``csp``), its column, and what the row's menu has."""

    kind: str
    column: str
    status: StatusView
    menu: list[str]

    @property
    def name(self) -> str:
        return f"{self.kind} {self.column} {self.status.label} {self.status.cause}"


def every_status() -> Iterator[Explained]:
    """All of them, each kind after the other."""
    for cause in SyncCause:
        is_of_csp = cause.value.startswith("csp_") and cause not in OF_CUSTOMERS_ONLY
        status = move(begin(cause, NOW), cause, NOW, evidence=_evidence(cause))
        if is_of_csp:
            yield Explained("csp", "Sync Status", status_view(status, READ_AT), [label for _, label in CSP_MENU])
            continue
        for kind in (Kind.CSP,) if cause in OF_CUSTOMERS_ONLY else Kind:
            view = status_view(status, READ_AT, is_customer=kind is Kind.CSP)
            yield Explained("customer" if kind is Kind.CSP else "single", "Sync Status", view, _menu(kind))
    for view in _csp_auths():
        yield Explained("customer", "CSP Auth", view, _menu(Kind.CSP))


def _menu(kind: Kind) -> list[str]:
    return [label for _, label in tenant_menu(kind, is_mapped=False, product="Syncro")]


def _evidence(cause: SyncCause) -> dict[str, str]:
    """The evidence of an error that leads to this cause; none where no error does."""
    errors: list[AppError] = [_refused(code) for code in KIND_OF_CODE]
    errors += [_answer(kind) for kind in (Denied, TokenRejected, MicrosoftError)]
    of = csp_cause_of if cause.value.startswith("csp_") else cause_of
    return next((evidence_of(error) for error in errors if of(error) is cause), {})


def _refused(code: int) -> MicrosoftError:
    return error_of_refusal(refusal_from_response(error_by_code(code).body(0.0, "c-1", "https://login.example")))


def _answer(kind: type[MicrosoftError]) -> MicrosoftError:
    return kind("Microsoft answered with an error.", status=400, graph_code="BadRequest", request_id="r-1")


def _csp_auths() -> Iterator[StatusView]:
    for given in _situations():
        verdict = evaluate(given, NOW)
        refused = Stage.REFUSED if verdict.auth is CspAuth.CONSENT_FAILURE else Stage.DONE
        progress = Onboarding(stage=refused, since=NOW, evidence=evidence_of(_refused(65001)))
        yield _view(CspChild(auth=verdict.auth, since=NOW, progress=progress, findings=verdict.findings))
    for hindrance in Hindrance:
        progress = Onboarding(stage=Stage.REFUSED, since=NOW, hindrance=hindrance, evidence={"code": "AADSTS1"})
        yield _view(CspChild(auth=CspAuth.CONSENT_FAILURE, since=NOW, progress=progress))


def _view(child: CspChild) -> StatusView:
    tenant = Tenant(
        tenant_id=TenantId("9f1c0e3a-0000-4000-8000-00000000aa01"),
        integration_id=IntegrationId("int_1"),
        kind=Kind.CSP,
        name="Contoso",
        epoch=1,
        status=begin(SyncCause.NAME_READ, NOW),
        added_at=NOW,
        csp=child,
    )
    return csp_auth_view(tenant, None, READ_AT)


def _situations() -> list[GdapInput | None]:
    """One for each CSP Auth and each fault of a security group."""
    lasting, soon, ended = _relationship(100), _relationship(3), _relationship(-1)
    lacking = Relationship(id="r", roles=frozenset({RoleId("other")}), is_active=True, ends_at=lasting.ends_at)
    good = Assignment(relationship_id="r", group_id=GROUP, roles=frozenset({ROLE}))
    bad = Assignment(relationship_id="r", group_id=GROUP, roles=frozenset({RoleId("other")}))
    away = Assignment(relationship_id="r", group_id=GroupId("elsewhere"), roles=frozenset({ROLE}))
    return [
        None,
        *(_input([lasting], [good], consent) for consent in Consent),
        *(_input([lasting], assigned) for assigned in ([], [bad], [away])),
        *(_input([it], [good]) for it in (soon, ended, lacking)),
        _input([], []),
        _input([_relationship(-1, other=True)], []),
    ]


def _relationship(days: int, *, other: bool = False) -> Relationship:
    roles = frozenset({RoleId("other") if other else ROLE})
    return Relationship(id="r", roles=roles, is_active=True, ends_at=NOW + timedelta(days=days))


def _input(relationships: list[Relationship], assigned: list[Assignment], consent: Consent = Consent.DONE) -> GdapInput:
    return GdapInput(
        relationships=relationships,
        assignments=assigned,
        groups=frozenset({GROUP}),
        required=frozenset({ROLE}),
        consent=consent,
    )
