"""A tenant's user sync as the API answers it; made up."""

import json
from collections.abc import Callable
from typing import Any

from tests.browser.answering import Asked, Handle
from tests.browser.told import HOSTILE, Object, ago, fulfil
from tests.browser.told_people import PEOPLE, UNLINKED, end_user, page_of

ORGANIZATION = {"id": "org_1", "name": "Contoso Dental"}
OTHERS = [{"id": "org_2", "name": "Contoso North"}, {"id": "org_3", "name": HOSTILE}]
GROUP_ID = "00000000-0000-4000-8000-0000000000a1"
GONE_GROUP_ID = "00000000-0000-4000-8000-0000000000a9"
COUNTS = {"linked": 212, "active": 204, "inactive": 8, "undone": 1, "queued": 3, "later": 1, "unrouted": 5}
CHOICES = {
    "departments": [
        {"value": "Sales", "people": 48},
        {"value": "Engineering", "people": 31},
        {"value": "Engine room", "people": 1},
        {"value": HOSTILE, "people": 2},
    ],
    "offices": [{"value": "Oslo", "people": 60}, {"value": "Bergen", "people": 12}],
    "domains": [{"value": "contoso.example", "people": 200}, {"value": "north.contoso.example", "people": 26}],
    "groups": [
        {"id": GROUP_ID, "name": "All staff", "people": 190},
        {"id": "00000000-0000-4000-8000-0000000000a2", "name": "Contractors", "people": None},
    ],
    "as_of": ago(minutes=20),
}


def texts(*include: object, **changes: object) -> Object:
    return {"include": list(include), "exclude": [], "blank": None} | changes


def user_filter(**changes: object) -> Object:
    plain = {
        "user_types": ["member"], "department": texts(), "office": texts(),
        "domain": texts(also_subdomains=False), "group": {"include": [], "exclude": []},
    }  # fmt: skip
    return plain | changes


SALES = {"value": "Sales", "operator": "equals"}


def organization_sync(organization_id: str = "org_1", **changes: object) -> Object:
    return {"organization_id": organization_id, "is_on": True, "filter": user_filter()} | changes


def settings(*organizations: Object, **changes: object) -> Object:
    switches = {
        "enabled_only": True, "licensed_only": False, "people_only": True, "mail_required": True,
        "moves_by_itself": False,
    }  # fmt: skip
    return {"organizations": list(organizations), **switches, "authority": {}} | changes


STATES = {
    "off": ("Off", "grey"),
    "waiting": ("Waiting", "orange"),
    "synced": ("Synced", "green"),
    "held": ("Held for review", "orange"),
    "failed": ("Failed", "red"),
    "resting": ("Resting", "grey"),
}


def user_sync(state: str = "synced", **changes: Any) -> Object:
    """The user sync of a tenant; off and waiting ones have no numbers yet."""
    label, colour = STATES[state]
    has_run = state not in {"off", "waiting"}
    told = {
        "tenant_id": "t",
        "state": state,
        "state_label": label,
        "state_colour": colour,
        "settings": settings(*([] if state == "off" else [organization_sync()])),
        "organizations": [ORGANIZATION, *OTHERS],
        "synced_at": ago(minutes=25) if has_run else None,
        "counts": COUNTS if has_run else None,
        "skipped": {"no_email": 2, "ignored": 1} if has_run else {},
        "hold": None,
        "failure": None,
    }
    return told | changes


def example(number: int, name: str, **changes: Any) -> Object:
    told = {
        "object_id": f"object-{number}",
        "name": name,
        "username": f"person{number}@contoso.example",
        "end_user": {
            "id": f"eu_{number}", "name": name, "organization_id": "org_1", "organization_name": "Contoso Dental",
        },
        "organization_name": None,
        "linked_by": None,
        "reason": None,
        "queue_kind": None,
        "fields": [],
        "moves_to": None,
        "also_matches": [],
        "same_address_in": [],
    }  # fmt: skip
    return told | changes


NO_CHANGES = dict.fromkeys(("create", "link", "relink", "update", "reactivate", "inactivate", "move"), 0)
TITLE = {"field": "job_title", "before": "Nurse", "after": "Dentist", "note": None}
NEW_NAME = {"field": "name", "before": None, "after": "Nora New", "note": "cut"}
FIRST_EXAMPLES = {
    "link": [example(1, "Ada Lund", linked_by="mail", fields=[TITLE]), example(2, HOSTILE, linked_by="alias")],
    "create": [
        example(
            20, "Nora New", end_user=None, organization_name="Contoso Dental", fields=[NEW_NAME],
            also_matches=["Contoso North"], same_address_in=["Contoso South"],
        )
    ],
    "service_accounts": [example(21, "Backup Exec", end_user=None, organization_name="Contoso Dental")],
    "queue": [example(30, "Jo Two", end_user=None, queue_kind="several_end_users")],
    "cleared": [example(4, "Di Moe", fields=[{"field": "phone", "before": "+47 1", "after": None, "note": None}])],
}  # fmt: skip


def plan(plan_hash: str = "hash-1", **changes: Any) -> Object:
    """A first plan that hurts nobody: 212 linked, 14 new, 3 to decide."""
    told = {
        "plan_hash": plan_hash,
        "as_of": ago(minutes=1),
        "expires_at": ago(hours=-23),
        "counts": NO_CHANGES | {"link": 212, "create": 14},
        "inactivated": {},
        "skipped": {"disabled": 9, "no_email": 2},
        "queued": {"several_end_users": 2, "name_only": 1},
        "linked_active": 0,
        "harmful": 0,
        "hold_reasons": [],
        "examples": FIRST_EXAMPLES,
        "service_accounts": 1,
    }
    return told | changes


def harmful_plan(plan_hash: str = "hash-held", inactivate: int = 300, of: int = 400) -> Object:
    examples = [example(number, f"Ola Nilsen {number}", reason="unrouted") for number in range(min(inactivate, 100))]
    return plan(
        plan_hash,
        counts=NO_CHANGES | {"inactivate": inactivate},
        inactivated={"unrouted": inactivate - 2, "disabled": 2},
        skipped={},
        queued={},
        linked_active=of,
        harmful=inactivate,
        hold_reasons=["too_many"],
        examples={"inactivate": examples},
        service_accounts=0,
    )


HELD = {"since": ago(hours=2), "reasons": ["too_many"], "plan": harmful_plan()}


def user(number: int, name: str, **changes: Any) -> Object:
    told = {
        "object_id": f"object-{number}", "name": name, "username": f"person{number}@contoso.example",
        "mail": f"person{number}@contoso.example", "department": "Sales", "office": "Oslo", "job_title": "Dentist",
        "phone": "+47 22 00 00 01", "is_enabled": True, "created_at": ago(days=3),
    }  # fmt: skip
    return told | changes


def candidate(person: Object, *because: str, **changes: Any) -> Object:
    told = {"end_user": person, "organization_name": "Contoso Dental", "because": list(because), "linked_to": None}
    return told | changes


def question(number: int, kind: str, choices: str, **changes: Any) -> Object:
    told = {
        "id": f"q_{number}", "kind": kind, "question": "identity", "since": ago(hours=5), "is_later": False,
        "user": user(number, f"Question {number}"), "candidates": [], "rivals": [], "organization": ORGANIZATION,
        "mail": None, "missing_groups": [], "choices": choices.split(),
    }  # fmt: skip
    return told | changes


WHO = "link create ignore later"
GONE_ACCOUNT = {"object_id": "object-99", "name": "Kim Old", "username": "kim.old@contoso.example", "is_gone": True}
QUESTIONS = [
    question(
        1, "several_end_users", WHO, user=user(1, "Jo Two"),
        candidates=[
            candidate(end_user(1, "Jo Two", **UNLINKED), "mail"),
            candidate(end_user(11, "Jo Two Reception", **UNLINKED, mail="person1@contoso.example"), "mail"),
        ],
    ),
    question(
        2, "name_only", WHO, user=user(2, HOSTILE, mail=None),
        candidates=[candidate(end_user(12, HOSTILE, **UNLINKED), "name")],
        rivals=[{"object_id": "object-3", "name": "Same Name", "username": "same@contoso.example", "mail": None}],
    ),
    question(
        3, "rehire_or_other_person", WHO, user=user(3, "Kim Back"),
        candidates=[candidate(end_user(13, "Kim Old", is_active=False), "mail", linked_to=GONE_ACCOUNT)],
    ),
    question(
        4, "would_move", "move ignore later", user=user(4, "Mo Ving"), question="organization",
        candidates=[candidate(end_user(14, "Mo Ving"), "link")], organization=OTHERS[0],
    ),
    question(
        5, "email_taken", "ignore later", user=user(5, "Mary Married", mail="mary@contoso.example"), question="mail",
        mail="mary@contoso.example",
        candidates=[candidate(end_user(15, "Mary Other", mail="mary@contoso.example"), "mail")],
    ),
    question(6, "filter_broken", "", user=None, question=None, missing_groups=[GONE_GROUP_ID]),
    question(7, "name_only", WHO, user=user(7, "Later Liv"), is_later=True),
]  # fmt: skip


ANOTHER_ACCOUNT = GONE_ACCOUNT | {"name": "Al First", "is_gone": False}
HELD_BY_ANOTHER = question(
    8, "already_linked", WHO, user=user(8, "Al Ready"),
    candidates=[candidate(end_user(16, "Al Ready"), "mail", linked_to=ANOTHER_ACCOUNT)],
)  # fmt: skip
GROUPS_NOT_READ = question(9, "filter_broken", "", user=None, question=None, missing_groups=[])


def queue(questions: list[Object] | None = None) -> Handle:
    """A handler that filters as the API does; it gives what is in the list whenever it is asked."""
    everything = QUESTIONS if questions is None else questions

    def handle(request: Asked) -> None:
        asked = request.query
        is_later = asked.get("only") == "later"
        listed = [it for it in everything if it["is_later"] == is_later]
        found = [it for it in listed if asked.get("kind", it["kind"]) == it["kind"]]
        counts = {kind: sum(it["kind"] == kind for it in listed) for kind in {it["kind"] for it in listed}}
        fulfil(request, page_of(found, asked) | {"counts": counts})

    return handle


def link(person: Object, **changes: Any) -> Object:
    told = {
        "object_id": person["id"].replace("eu_", "object-"),
        "name": person["name"],
        "username": person["mail"],
        "end_user": {
            "id": person["id"], "name": person["name"], "organization_id": "org_1",
            "organization_name": "Contoso Dental", "is_active": person["is_active"],
        },
        "linked_by": "mail",
        "since": ago(days=12),
        "is_gone": False,
        "inactive_because": person["inactive_reason"],
    }  # fmt: skip
    return told | changes


LINKS = [
    link(PEOPLE[0], linked_by="created"),
    link(PEOPLE[1], is_gone=True),
    link(PEOPLE[2]),
    link(PEOPLE[3], end_user=None, linked_by="decision"),
    *(link(it, linked_by="alias") for it in PEOPLE[5:]),
]
_ONLY: dict[str, Callable[[Object], bool]] = {
    "active": lambda it: bool(it["end_user"] and it["end_user"]["is_active"]),
    "inactive": lambda it: bool(it["end_user"] and not it["end_user"]["is_active"]),
    "gone": lambda it: bool(it["is_gone"]),
    "undone": lambda it: it["end_user"] is None,
}


def links(listed: list[Object] | None = None) -> Handle:
    everything = LINKS if listed is None else listed

    def handle(request: Asked) -> None:
        asked = request.query
        holds = _ONLY.get(asked.get("only", ""), lambda _: True)
        fulfil(
            request,
            page_of([it for it in everything if asked.get("q", "") in it["name"].casefold() and holds(it)], asked),
        )

    return handle


def problem(code: str, **changes: Any) -> Object:
    """An answer that refuses; for use with a status."""
    return {"title": "No", "code": code, "detail": f"About {code}.", "remedy": "Do this."} | changes


def refuse(status: int, body: Object) -> Handle:
    return lambda asked: asked.fulfill(json.dumps(body), status=status, content_type="application/problem+json")
