"""What the API tells, made up: for what the back end does not have yet, and for more rows than a test could sync."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.browser.answering import Asked

Object = dict[str, Any]
CSP_ID, SINGLE_ID = "int_csp", "int_single"
HOSTILE = '<img src=x onerror=alert(1)>\u202egnp.exe \U0001f525 & "Sons" \'; DROP'
LONG = "Wolfeschlegelsteinhausenbergerdorff " * 6
MENU = (
    ("integrate_single", "Single Tenant"),
    ("integrate_csp", "Cloud Solution Provider (CSP) Tenants"),
    ("remove_all", "Remove All Integrations"),
)
SYNC = {"Success": "green", "Pending": "orange", "Auth Error": "red"}
AUTH = {
    "Active": "green",
    "Consent Failure": "red",
    "Consent Pending": "orange",
    "Expired": "red",
    "Expiring": "yellow",
    "Granting Application Roles": "yellow",
    "Missing Admin Relationship": "red",
    "Missing Roles": "red",
    "Missing Security Group": "red",
    "Unknown": "grey",
}


def ago(**span: float) -> str:
    return (datetime.now(UTC).replace(microsecond=0) - timedelta(**span)).isoformat().replace("+00:00", "Z")


def actions(*pairs: tuple[str, str]) -> list[Object]:
    return [{"action": it, "label": label, "on_any_plan": it.startswith("remove")} for it, label in pairs]


def status(label: str, colour: str, **changes: Any) -> Object:
    told = {
        "label": label,
        "colour": colour,
        "reason": label.lower().replace(" ", "_"),
        "cause": label.lower().replace(" ", "_"),
        "detail": f"One plain sentence about {label}.",
        "remedy": "Nothing to do." if colour == "green" else "Somebody who can do it does this, then that.",
        "evidence": {}
        if colour == "green"
        else {"microsoft_code": "AADSTS65001", "missing_roles": "Groups Administrator"},
        "since": ago(minutes=25),
        "next_check_at": ago(minutes=-12),
        "stalled": False,
        "stale": False,
        "overdue_since": None,
        "as_of": None,
        "ends_at": None,
    }
    return told | changes


def csp(**changes: Any) -> Object:
    told = {
        "id": CSP_ID,
        "name": "Northwind Partner",
        "domain": "northwind.example",
        "kind_label": "Cloud Solution Provider (CSP)",
        "tenant_count": 6,
        "tenant_count_label": "with 6 tenants",
        "ignored_count": 1,
        "last_synced_at": ago(minutes=12),
        "sync_status": status("Success", "green"),
        "actions": actions(("reauthorize", "Reauthorize CSP"), ("remove", "Remove CSP Integration")),
    }
    return told | changes


def child(number: int, name: str, auth: str, sync: str = "Success", *, mapped: bool = True, **changes: Any) -> Object:
    first = ("unmap", "Unmap Syncro Tenant") if mapped else ("map", "Map Syncro Tenant")
    tenant_id = f"00000000-0000-4000-8000-{number:012d}"
    told = {
        "tenant_id": tenant_id,
        "name": name,
        "default_domain": f"tenant{number}.onmicrosoft.com",
        "integration_id": CSP_ID,
        "kind": "csp",
        "syncro_tenant": {"id": f"st_{number}", "name": name.split(maxsplit=1)[0], "href": f"#tenant={tenant_id}"}
        if mapped
        else None,
        "sync_status": status(sync, SYNC[sync]),
        "last_sync_at": ago(minutes=number % 50) if mapped else None,
        "last_attempt_at": ago(minutes=number % 50),
        "csp_name": "Northwind Partner",
        "csp_auth": status(auth, AUTH[auth], ends_at=ago(days=-5) if auth == "Expiring" else None),
        "actions": actions(first),
    }
    return told | changes


def single(number: int, name: str, sync: str = "Success", *, mapped: bool = True, **changes: Any) -> Object:
    row = child(number, name, "Active", sync, mapped=mapped)
    more = actions(("reauthorize", "Reauthorize"), ("remove", "Remove Integration"))
    own = {
        "integration_id": f"{SINGLE_ID}_{number}",
        "kind": "single",
        "csp_name": "-",
        "csp_auth": "-",
        "actions": row["actions"] + more,
    }
    return row | own | changes


def rows_of_every_kind() -> list[Object]:
    children = [child(n, f"{auth} Tenant", auth, "Success" if n == 1 else "Pending") for n, auth in enumerate(AUTH, 1)]
    stalled = status("Pending", "orange", stalled=True)
    return [
        *children,
        single(20, "Contoso Dental"),
        single(21, "Fabrikam Legal", mapped=False),
        single(22, "Tailspin Toys", "Auth Error"),
        single(23, "Wingtip Clinics", sync_status=stalled),
        single(24, "Adatum", sync_status=status("Success", "green", stale=True)),
        single(25, HOSTILE),
        single(26, LONG, mapped=False),
    ]


def many(count: int) -> list[Object]:
    labels = list(AUTH)
    return [
        child(n, f"Client {n:04d}", labels[n % 10], list(SYNC)[n % 3], mapped=n % 4 > 0) for n in range(1, count + 1)
    ]


def overview(rows: list[Object], *csps: Object, removals: Sequence[Object] = (), **changes: Any) -> Any:
    """A handler that filters, sorts a little and pages as the API does."""

    def handle(asked: Asked) -> None:
        query = asked.query
        found = [row for row in rows if fits(row, query)]
        if query.get("sort", "name").startswith("-"):
            found.reverse()
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", 100))
        cut = found[start : start + limit]
        more = str(start + limit) if start + limit < len(found) else None
        body = {
            "integrate_menu": actions(*MENU),
            "filters": {"statuses": [], "sync_statuses": list(SYNC), "csp_auths": list(AUTH)},
            "attention": {reason: sum(map(needs, rows)) for reason, needs in NEEDS.items()},
            "removals": list(removals),
            "csps": list(csps),
            "tenants": {"items": cut, "next_cursor": more, "total": len(found)},
            "overdue": 0,
            "plan": None,
        }
        fulfil(asked, body | changes)

    return handle


def fits(row: Object, query: Mapping[str, str]) -> bool:
    return (
        query.get("q", "").casefold() in row["name"].casefold()
        and query.get("sync_status") in {None, row["sync_status"]["label"]}
        and query.get("csp_auth") in {None, label_of(row["csp_auth"])}
        and ("attention" not in query or NEEDS[query["attention"]](row))
        and query.get("csp") in {None, row["integration_id"]}
        and query.get("mapped") in {None, "true" if row["syncro_tenant"] else "false"}
    )


def label_of(auth: Object | str) -> str:
    return auth if isinstance(auth, str) else str(auth["label"])


NEEDS: dict[str, Callable[[Object], bool]] = {
    "not_mapped": lambda row: row["syncro_tenant"] is None,
    "auth_error": lambda row: bool(row["sync_status"]["label"] == "Auth Error"),
    "csp_auth": lambda row: label_of(row["csp_auth"]).startswith(("Missing", "Expired", "Unknown", "Consent Failure")),
    "expiring": lambda row: isinstance(row["csp_auth"], dict) and row["csp_auth"]["ends_at"] is not None,
    "stalled": lambda row: bool(row["sync_status"]["stalled"]),
    "overdue": lambda row: bool(row["sync_status"]["overdue_since"]),
}


def fulfil(asked: Asked, body: Any) -> None:
    raw = json.dumps(body)
    etag = f'"{hash(raw)}"'
    if asked.headers.get("if-none-match") == etag:
        asked.fulfill("", status=304, headers={"etag": etag})
    else:
        asked.fulfill(raw, headers={"etag": etag})


PREREQUISITES = {
    "version": "2025-07",
    "title": "Before you integrate your CSP",
    "items": [
        {
            "title": "A Global Administrator of the CSP tenant",
            "detail": "The account that signs in holds this role itself.",
        },
        {
            "title": "AdminAgents",
            "detail": "It is a member of this group and of every group in your GDAP relationships.",
        },
        {
            "title": "Entra ID MFA",
            "detail": "It is asked for Entra ID MFA at every sign-in; Microsoft takes no other here.",
        },
    ],
    "acknowledgement": "I have met these prerequisites.",
}


def details(row: Object, **changes: Any) -> Object:
    datasets = [
        ("users", "fresh", 240, ""),
        ("licenses", "stale", 12, "Microsoft did not answer."),
        ("devices", "not_licensed", 0, "The tenant has no licence for it."),
    ]
    trend = [
        {"as_of": ago(days=30 - day), "percent": 41 + day * 0.4 + day % 3, "points": 100 + day, "max_points": 250}
        for day in range(30)
    ]
    told = {
        "tenant": row,
        "user_count": 240,
        "organizations": [{"id": "org_1", "name": "Contoso North"}, {"id": "org_2", "name": HOSTILE}],
        "datasets": [
            {
                "dataset": name,
                "state": state,
                "as_of": ago(minutes=25),
                "attempted_at": ago(minutes=25),
                "count": count,
                "error": error,
            }
            for name, state, count, error in datasets
        ],
        "secure_score": {
            "state": "fresh",
            "percent": 53.4,
            "points": 133.5,
            "max_points": 250,
            "as_of": ago(hours=9),
            "trend": trend,
        },
    }
    return told | changes


CSP_SECTION = {
    "relationships": [
        {
            "id": "rel-0001",
            "name": "Northwind GDAP 2026",
            "status": "active",
            "ends_at": ago(days=-4),
            "auto_extend": False,
            "roles": [{"id": "r1", "name": "User Administrator"}, {"id": "r2", "name": "Groups Administrator"}],
        },
    ],
    "trace": [
        {"role": "User Administrator", "relationship": "Northwind GDAP 2026", "group": "GDAP Helpdesk", "member": True},
        {"role": "Groups Administrator", "relationship": None, "group": None, "member": False},
    ],
    "checks": [
        {"check": "relationship", "state": "passed", "at": ago(minutes=4), "evidence": {"relationship_id": "rel-0001"}},
        {"check": "security_group", "state": "failed", "at": ago(minutes=4), "evidence": {"group": "GDAP Helpdesk"}},
        {"check": "consent", "state": "not_run", "at": None, "evidence": {}},
    ],
    "ignored": False,
}


def rows_page(items: list[Object], state: str = "fresh", more: str | None = None) -> Object:
    return {"items": items, "as_of": ago(minutes=25), "state": state, "next_cursor": more}


USERS = [
    {
        "id": f"u{n}",
        "name": f"Robin Taylor {n}",
        "username": f"robin{n}@tenant20.onmicrosoft.com",
        "department": "Claims",
    }
    for n in range(6)
]
LICENSES = [
    {
        "sku_id": "s1",
        "part_number": "SPB",
        "name": "Microsoft 365 Business Premium",
        "bought": 50,
        "assigned": 44,
        "unused": 6,
    }
]
RUNS = [
    {
        "id": "run_2",
        "tenant_id": "t",
        "reason": "schedule",
        "state": "done",
        "cause": "synced_with_warnings",
        "ordered_at": ago(minutes=26),
        "started_at": ago(minutes=26),
        "ended_at": ago(minutes=25),
        "datasets": [
            {"dataset": "users", "outcome": "fresh", "counts": {"created": 3, "changed": 12}},
            {"dataset": "licenses", "outcome": "stale", "error": "Microsoft did not answer."},
        ],
    },
    {
        "id": "run_1",
        "tenant_id": "t",
        "reason": "mapped",
        "state": "failed",
        "cause": "throttled",
        "ordered_at": ago(hours=1),
        "started_at": ago(hours=1),
        "ended_at": ago(minutes=59),
    },
]
INTEGRATION = {
    "id": CSP_ID,
    "kind": "csp",
    "name": "Northwind Partner",
    "tenant_id": "00000000-0000-4000-8000-0000000000ff",
    "connected_at": ago(days=40),
    "last_authorized_at": ago(days=2),
    "authorized_by": "object",
    "version": 3,
    "checks": [
        {
            "check": "token",
            "label": "The service account's sign-in works",
            "state": "passed",
            "at": ago(minutes=3),
            "detail": "",
            "evidence": {},
        },
        {
            "check": "mfa",
            "label": "The account was asked for MFA",
            "state": "failed",
            "at": ago(minutes=3),
            "detail": "The sign-in had no MFA.",
            "evidence": {"amr": "pwd"},
        },
        {
            "check": "groups",
            "label": "The account is in AdminAgents",
            "state": "unknown",
            "at": ago(minutes=3),
            "detail": "Microsoft did not answer.",
            "evidence": {},
        },
    ],
    "history": [
        {
            "at": ago(hours=2),
            "label": "Auth Failed",
            "colour": "red",
            "reason": "no_mfa_prompt",
            "detail": "The account was not prompted for Entra ID MFA.",
        },
        {"at": ago(days=2), "label": "Success", "colour": "green", "reason": "synced", "detail": ""},
    ],
}
