"""HTTP routes of the account's records: the audit log, its verification, and the export of everything."""

from datetime import datetime

import msgspec

from integrations.actions.account import Account
from integrations.actions.audit.log import AuditFilter, read_audit
from integrations.actions.audit.signing import public_keys
from integrations.actions.audit.verification import verify_audit
from integrations.actions.read.export import export, kinds
from integrations.triggers.http.parameters import CURSOR, LIMIT, PAGING, one_of, tenant, text, time
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.views.audit.export import Export, as_csv
from integrations.views.audit.log import COLUMNS, AuditPage, cells
from integrations.views.audit.verification import Verification
from shared.crypto.signatures import Jwks
from shared.formats.csv_text import CSV, csv_text, prefers_csv
from shared.http.responses import JSON, ApiResponse, download, ok

_TENANT = tenant("Only entries that name this Microsoft tenant.")
_ACTION = text("action", "Only entries with this action.", example="mapped tenant")
_ACTOR = text("actor", "Only entries of this actor: a portal user id, or system:<function>.", example="user_alice")
_SINCE = time("since", "Only entries from this time on.")
_UNTIL = time("until", "Only entries up to this time.")
_EXPORTED_TENANT = tenant("Only rows that concern this Microsoft tenant.")


def add_routes(routes: HttpRoutes) -> None:
    exported_kind = one_of("kind", "Only rows of this kind.", kinds())

    @routes.add(
        "GET",
        "audit",
        needs=Need.READ,
        summary="Who did what and when, newest first. CSV if Accept asks for text/csv.",
        query=(_TENANT, _ACTION, _ACTOR, _SINCE, _UNTIL, *PAGING),
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
        query=(_EXPORTED_TENANT, exported_kind),
        answers={200: Export},
        csv=True,
        refusals=("404", "409", "429"),
    )
    def get_export(call: RequestContext) -> ApiResponse:
        tenant_id = call.query(_EXPORTED_TENANT)
        exported = export(call.services, call.actor, tenant_id, call.query(exported_kind))
        name = f"export-{tenant_id or call.actor.account_id}"
        if prefers_csv(call.request.headers.get("Accept", "")):
            return download(as_csv(exported), CSV, f"{name}.csv")
        return download(msgspec.json.encode(exported), JSON, f"{name}.json")


def _audit_filter(call: RequestContext) -> AuditFilter:
    return AuditFilter(
        tenant_id=call.query(_TENANT),
        action=call.query(_ACTION),
        actor=call.query(_ACTOR),
        since=call.query(_SINCE),
        until=_end_of_second(call.query(_UNTIL)),
        cursor=call.query(CURSOR),
        limit=call.query(LIMIT),
    )


def _end_of_second(at: datetime | None) -> datetime | None:
    """Answers show seconds without their fraction: until a time that was read there includes what it was read from."""
    return at.replace(microsecond=999_999) if at and not at.microsecond else at
