"""End Users of an Organization as the API answers them; made up."""

from collections.abc import Mapping
from typing import Any

from tests.browser.answering import Handle
from tests.browser.told import HOSTILE, Object, ago, fulfil


def end_user(number: int, name: str, **changes: Any) -> Object:
    """An End User; linked to a Microsoft user if nothing else is told."""
    told = {
        "id": f"eu_{number}",
        "organization_id": "org_1",
        "name": name,
        "given_name": name.split(maxsplit=1)[0],
        "surname": None,
        "mail": f"person{number}@contoso.example",
        "username": None,
        "aliases": [],
        "phone": "+47 22 00 00 01",
        "mobile_phone": None,
        "job_title": "Dentist",
        "notes": None,
        "external_id": str(4700 + number),
        "is_active": True,
        "keep_active": False,
        "inactive_reason": None,
        "inactive_since": None,
        "managed_fields": ["name", "mail"],
        "merged_external_ids": [],
        "created_at": ago(days=90),
        "changed_at": ago(hours=3),
        "microsoft": [
            {
                "tenant_id": "00000000-0000-4000-8000-000000000020", "tenant_name": "Contoso Dental",
                "object_id": f"object-{number}", "username": f"person{number}@contoso.example", "is_gone": False,
                "department": "Surgery", "office": "Oslo", "licenses": ["Exchange Online (Plan 1)", "Microsoft 365 E3"],
                "mailbox": "person", "mailbox_evidence": "purpose", "mfa": "exposed",
                "linked_by": "mail", "since": ago(days=12),
            }
        ],
    }  # fmt: skip
    return told | changes


UNLINKED: Object = {"microsoft": [], "managed_fields": []}
PEOPLE = [
    end_user(1, "Ada Lund"),
    end_user(2, "Bo Dahl", keep_active=True),
    end_user(3, "Cy Holm", is_active=False, inactive_reason="disabled", inactive_since=ago(days=4), phone=None),
    end_user(4, HOSTILE, **UNLINKED, mail=None),
    end_user(5, "Eva Berg", **UNLINKED),
    *(end_user(number, f"Ola Nilsen {number:02d}") for number in range(6, 66)),
]  # fmt: skip


def people(listed: list[Object] | None = None) -> Handle:
    return lambda asked: fulfil(asked, page_of(PEOPLE if listed is None else listed, asked.query))


def page_of(found: list[Object], asked: Mapping[str, str]) -> Object:
    begin, limit = int(asked.get("cursor", 0)), int(asked.get("limit", 100))
    more = str(begin + limit) if begin + limit < len(found) else None
    return {"items": found[begin : begin + limit], "total": len(found), "next_cursor": more}
