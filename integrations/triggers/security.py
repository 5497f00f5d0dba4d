"""HTTP routes of what evaluations say of a tenant's people."""

from integrations.actions.read.mfa import read_mfa
from integrations.domain import ids
from integrations.triggers.http.parameters import LIMIT, cursor, one_of, text
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.views.cursors import CURSOR_PATTERN
from integrations.views.security.mfa_people import COLUMNS, PROTECTIONS, WHO, MfaFilter, MfaPage, cells
from shared.formats.csv_text import CSV, csv_text, prefers_csv
from shared.http.responses import ApiResponse, download, ok

_PROTECTION = one_of(
    "protection",
    "Only people about whose MFA this has to be done. unprotected: exposed, to_register and not_asked together.",
    PROTECTIONS,
)
_WHO = one_of("who", "Only these. Administrators are people, too.", WHO)
_SEARCH = text("q", "Part of a person's name or user principal name.", example="adele")
_CURSOR = cursor(CURSOR_PATTERN)


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "tenants/{tenant_id}/mfa",
        needs=Need.READ,
        summary="Whether MFA protects each person of a tenant, and why. CSV if Accept asks for text/csv.",
        query=(_PROTECTION, _WHO, _SEARCH, LIMIT, _CURSOR),
        answers={200: MfaPage},
        csv=True,
    )
    def get_mfa(call: RequestContext) -> ApiResponse:
        tenant_id = ids.tenant_id(call.param("tenant_id"))
        page = read_mfa(call.services, call.actor.account_id, tenant_id, _mfa_filter(call))
        if not prefers_csv(call.request.headers.get("Accept", "")):
            return ok(page, headers={"Vary": "Accept"})
        more = {"Next-Cursor": page.next_cursor} if page.next_cursor else {}
        return download(csv_text(COLUMNS, map(cells, page.items)), CSV, f"mfa-{tenant_id}.csv", headers=more)


def _mfa_filter(call: RequestContext) -> MfaFilter:
    return MfaFilter(
        protection=call.query(_PROTECTION),
        who=call.query(_WHO),
        text=call.query(_SEARCH),
        limit=call.query(LIMIT),
        cursor=call.query(_CURSOR),
    )
