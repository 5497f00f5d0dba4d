"""HTTP routes across all mapped tenants, and of one tenant's history."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from integrations.actions.read.insights import read_assets, read_baselines, read_history, read_mfa, read_secure_scores
from integrations.domain import ids
from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.baselines.verdicts import ControlVerdict
from integrations.domain.insights.history import MEASURES
from integrations.domain.retention import HISTORY
from integrations.triggers.http.parameters import LIMIT, Parameter, cursor, integer, one_of, text
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.views.cursors import CURSOR_PATTERN
from integrations.views.insights import assets, baselines, mfa, secure_score
from integrations.views.insights.history import History
from integrations.views.insights.rows import InsightFilter
from shared.formats.csv_text import CSV, csv_text, prefers_csv
from shared.http.responses import ApiResponse, download, ok

_SEARCH = text("q", "Part of a tenant's name, domain or id, or of its Organization's name.", example="contoso")
_CURSOR = cursor(CURSOR_PATTERN)
_FORMAT = one_of("format", "The form of the answer, whatever Accept says.", ("json", "csv"))
_COMMON = (_SEARCH, LIMIT, _CURSOR, _FORMAT)
_VERDICT = one_of(
    "verdict",
    "Only tenants in which the control has this verdict, or some control if none is named.",
    tuple(it.value for it in ControlVerdict),
)
_MEASURE = one_of("measure", "Only this measure; all of them if it is absent.", MEASURES)
_DAYS = integer("days", "How many days, up to today.", least=1, most=HISTORY.days, default=90)


class _PageOfTenants(Protocol):
    @property
    def items(self) -> Sequence[Any]: ...
    @property
    def next_cursor(self) -> str | None: ...


def add_routes(routes: HttpRoutes) -> None:
    _add_secure_score(routes)
    _add_mfa(routes)
    _add_baselines(routes)
    _add_assets(routes)
    _add_history(routes)


def _add_secure_score(routes: HttpRoutes) -> None:
    only = one_of("only", "Only tenants that counts counts under this name.", tuple(secure_score.CONDITIONS))

    @routes.add(
        "GET",
        "insights/secure-score",
        needs=Need.READ,
        summary="The Secure Score of mapped tenants, the lowest first. CSV if Accept asks for text/csv.",
        query=(only, *_COMMON),
        answers={200: secure_score.SecureScoreInsights},
        csv=True,
    )
    def get_secure_score_insights(call: RequestContext) -> ApiResponse:
        found = read_secure_scores(call.services, call.actor.account_id, _filter(call, only))
        return _answer(call, found, secure_score.COLUMNS, secure_score.cells, "secure-score.csv")


def _add_mfa(routes: HttpRoutes) -> None:
    only = one_of("only", "Only tenants that counts counts under this name.", tuple(mfa.CONDITIONS))

    @routes.add(
        "GET",
        "insights/mfa",
        needs=Need.READ,
        summary="Who is protected by MFA in mapped tenants, the worst first. CSV if Accept asks for text/csv.",
        query=(only, *_COMMON),
        answers={200: mfa.MfaInsights},
        csv=True,
    )
    def get_mfa_insights(call: RequestContext) -> ApiResponse:
        found = read_mfa(call.services, call.actor.account_id, _filter(call, only))
        return _answer(call, found, mfa.COLUMNS, mfa.cells, "mfa.csv")


def _add_baselines(routes: HttpRoutes) -> None:
    only = one_of("only", "Only tenants that counts counts under this name.", tuple(baselines.CONDITIONS))
    control = one_of("control", "The control that matters, by its id.", lambda: tuple(catalogue().controls))

    @routes.add(
        "GET",
        "insights/baselines",
        needs=Need.READ,
        summary="Mapped tenants by the controls of the baselines, the worst first. CSV if Accept asks for text/csv.",
        query=(only, control, _VERDICT, *_COMMON),
        answers={200: baselines.BaselineInsights},
        csv=True,
    )
    def get_baseline_insights(call: RequestContext) -> ApiResponse:
        chosen = _filter(call, only)._replace(control=call.query(control), verdict=call.query(_VERDICT))
        found = read_baselines(call.services, call.actor.account_id, chosen)
        return _answer(call, found, baselines.COLUMNS, baselines.cells, "baselines.csv")


def _add_assets(routes: HttpRoutes) -> None:
    only = one_of("only", "Only tenants that counts counts under this name.", tuple(assets.CONDITIONS))

    @routes.add(
        "GET",
        "insights/assets",
        needs=Need.READ,
        summary="Assets of mapped tenants by their devices and End Users, the worst first. CSV if Accept asks for it.",
        query=(only, *_COMMON),
        answers={200: assets.AssetInsights},
        csv=True,
    )
    def get_asset_insights(call: RequestContext) -> ApiResponse:
        found = read_assets(call.services, call.actor.account_id, _filter(call, only))
        return _answer(call, found, assets.COLUMNS, assets.cells, "assets.csv")


def _add_history(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "tenants/{tenant_id}/history",
        needs=Need.READ,
        summary="What was known about a tenant on each day of its mapping.",
        query=(_MEASURE, _DAYS),
        answers={200: History},
    )
    def get_history(call: RequestContext) -> ApiResponse:
        tenant_id = ids.tenant_id(call.param("tenant_id"))
        found = read_history(call.services, call.actor.account_id, tenant_id, call.query(_MEASURE), call.query(_DAYS))
        return ok(found)


def _filter(call: RequestContext, only: Parameter[str]) -> InsightFilter:
    return InsightFilter(
        text=call.query(_SEARCH),
        only=call.query(only),
        limit=call.query(LIMIT),
        cursor=call.query(_CURSOR),
    )


def _answer(
    call: RequestContext, page: _PageOfTenants, columns: Sequence[str], cells: Callable[[Any], Sequence[str]], name: str
) -> ApiResponse:
    """The page as JSON or CSV."""
    wanted = call.query(_FORMAT)
    if wanted == "json" or (not wanted and not prefers_csv(call.request.headers.get("Accept", ""))):
        return ok(page, headers={"Vary": "Accept"})
    more = {"Next-Cursor": page.next_cursor} if page.next_cursor else {}
    return download(csv_text(columns, map(cells, page.items)), CSV, name, headers=more)
