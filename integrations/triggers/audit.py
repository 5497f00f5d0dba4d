"""HTTP routes of the account's records: the audit log, its verification, and the export of everything."""

from datetime import datetime

import msgspec

from integrations.actions.account import Account
from integrations.actions.audit.log import AuditFilter, read_audit
from integrations.actions.audit.signing import public_keys
from integrations.actions.audit.verification import verify_audit
from integrations.actions.read.export import export
from integrations.domain import ids
from integrations.triggers.routes import PAGING, HttpRoutes, Need, RequestContext
from integrations.views.audit.export import Export, as_csv
from integrations.views.audit.log import COLUMNS, AuditPage, cells
from integrations.views.audit.verification import Verification
from shared.crypto.signatures import Jwks
from shared.errors import Invalid, Problem
from shared.formats.csv_text import CSV, csv_text, prefers_csv
from shared.http.responses import JSON, ApiResponse, download, ok


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "audit",
        needs=Need.READ,
        summary="Who did what and when, newest first. CSV if Accept asks for text/csv.",
        query={
            "tenant_id": "entries that name this Microsoft tenant",
            "action": "the action of an entry, such as mapped tenant",
            "actor": "a portal user id, or system:<function>",
            "since": "an RFC 3339 time: entries from then on",
            "until": "an RFC 3339 time: entries up to then",
            **PAGING,
        },
        answers={200: AuditPage},
        csv=True,
    )
    def get_audit(call: RequestContext) -> ApiResponse:
        page = read_audit(call.services.control(call.actor.account_id), _audit_filter(call))
        if not prefers_csv(call.request.headers.get("Accept", "")):
            return ok(page, headers={"Vary": "Accept"})
        more = {"Next-Cursor": page.next_cursor} if page.next_cursor else {}
        return download(csv_text(COLUMNS, map(cells, page.items)), CSV, "audit.csv", headers=more)

    @routes.add(
        "GET",
        "audit/keys",
        needs=Need.READ,
        summary="The public keys that sign the audit log's seals and removal receipts, as JWKS.",
        answers={200: Jwks},
    )
    def get_audit_keys(call: RequestContext) -> ApiResponse:
        return ok(public_keys(Account(call.services, call.actor.account_id)))

    @routes.add(
        "GET",
        "audit/verification",
        needs=Need.READ,
        summary="Verifies the audit log: what is sealed, and what has been altered, removed or inserted.",
        answers={200: Verification},
        refusals=("429",),
    )
    def get_audit_verification(call: RequestContext) -> ApiResponse:
        return ok(verify_audit(call.services, call.actor.account_id))

    @routes.add(
        "GET",
        "export",
        needs=Need.READ,
        summary="Everything stored about the account, or about one tenant. CSV if Accept asks for text/csv.",
        query={
            "tenant_id": "rows that concern this Microsoft tenant",
            "kind": "one kind of rows only, such as users",
        },
        answers={200: Export},
        csv=True,
        refusals=("404", "409", "429"),
    )
    def get_export(call: RequestContext) -> ApiResponse:
        tenant = call.query("tenant_id")
        exported = export(call.services, call.actor, ids.tenant_id(tenant) if tenant else None, call.query("kind"))
        name = f"export-{tenant.lower() or call.actor.account_id}"
        if prefers_csv(call.request.headers.get("Accept", "")):
            return download(as_csv(exported), CSV, f"{name}.csv")
        return download(msgspec.json.encode(exported), JSON, f"{name}.json")


def _audit_filter(call: RequestContext) -> AuditFilter:
    tenant = call.query("tenant_id")
    return AuditFilter(
        tenant_id=ids.tenant_id(tenant) if tenant else None,
        action=call.query("action"),
        actor=call.query("actor"),
        since=_time(call, "since"),
        until=_time(call, "until"),
        cursor=call.cursor(),
        limit=call.limit(),
    )


def _time(call: RequestContext, name: str) -> datetime | None:
    text = call.query(name)
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        at = datetime.min  # noqa: DTZ901 - no time zone, so that it is refused below
    if at is not None and (at.tzinfo is None or not 1970 <= at.year <= 9000):
        problem = Problem(f"/{name}", "a time with its zone, such as 2026-11-23T07:30:00Z")
        raise Invalid(f"?{name}= is invalid.", problems=[problem])
    return at
