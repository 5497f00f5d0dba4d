"""People of a tenant by their MFA, as the API answers them; made up."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from tests.browser.answering import Asked, Handle
from tests.browser.told import HOSTILE, Object, ago

ADMINS_POLICY = {
    "source": "Conditional Access", "id": "p1", "name": "Require MFA for all users", "effect": "excludes",
    "why": "excluded through the group Break glass",
}  # fmt: skip
IN_PART = {
    "source": "Conditional Access", "id": "p2", "name": "Require MFA outside the office", "effect": "requires in part",
    "why": "only for some places",
}  # fmt: skip
REQUIRES = {
    "source": "Conditional Access", "id": "p1", "name": "Require MFA for all users", "effect": "requires",
    "why": "at every sign-in",
}  # fmt: skip
_PROTECTED = {
    "registered": "yes", "capable": "yes", "required": "yes", "coverage": "full", "mode": "always",
    "protection": "protected", "gap": None, "causes": [REQUIRES],
}  # fmt: skip


def person(user_id: str, name: str, **changes: object) -> Object:
    """Somebody; without more they are protected."""
    plain = {
        "user_id": user_id, "name": name, "username": f"{user_id}@contoso.example", "is_administrator": False,
        "counted_as": "person", "more_causes": 0, "since": ago(days=12),
    }  # fmt: skip
    return plain | _PROTECTED | changes


BREAK_GLASS = person(
    "break-glass", "Break Glass", is_administrator=True, registered="no", capable="no", required="no",
    coverage="none", mode=None, protection="exposed", gap="any sign-in", causes=[ADMINS_POLICY],
)  # fmt: skip
PEOPLE = [
    BREAK_GLASS,
    person(
        "robin", "Robin Taylor", registered="yes", required="no", coverage="conditional", mode=None,
        protection="not_asked", gap="desktop apps in HQ", causes=[IN_PART, ADMINS_POLICY], more_causes=1,
    ),
    person("sam", "Sam Shaw", registered="no", capable="no", protection="to_register"),
    person("hostile", HOSTILE, registered="unknown", capable="unknown", protection="unknown"),
    *(person(f"user{n}", f"Ola Berg {n}") for n in range(1, 9)),
    person("guest", "Gus Guest", counted_as="guest", registered="home tenant", capable="home tenant"),
    person("left", "Lee Left", counted_as="disabled", protection="exposed", registered="no", capable="no"),
]  # fmt: skip


def numbers(total: int, **by_protection: int) -> Object:
    fields = dict.fromkeys(("exposed", "not_asked", "to_register", "unknown"), 0) | by_protection
    return {"total": total, "protected": total - sum(fields.values())} | fields


COUNTS = {
    "people": numbers(12, exposed=1, not_asked=1, to_register=1, unknown=1),
    "administrators": numbers(1, exposed=1),
    "guests": numbers(1),
    "disabled": 1,
    "rooms": 0,
}


NOBODY = {"people": numbers(0), "administrators": numbers(0), "guests": numbers(0), "disabled": 0, "rooms": 0}


def mfa(
    people: list[Object] | None = None,
    counts: Object | None = None,
    excepted: Object | None = None,
    state: str = "evaluated",
) -> Handle:
    """A handler that filters as the API does; ``counts`` are those of PEOPLE if nothing is given."""
    everybody = PEOPLE if people is None else people

    def handle(request: Asked) -> None:
        asked = request.query
        found = [it for it in everybody if _is_asked_for(it, asked)]
        limit = int(asked.get("limit", 100))
        begin = int(asked.get("cursor", 0))
        more = begin + limit < len(found)
        request.answer(
            {
                "counts": (counts or COUNTS) if state == "evaluated" else None,
                "excepted": (excepted or NOBODY) if state == "evaluated" else None,
                "items": found[begin : begin + limit],
                "total": len(found), "next_cursor": str(begin + limit) if more else None, "state": state,
                "as_of": ago(hours=2) if state == "evaluated" else None,
            }
        )  # fmt: skip

    return handle


def _is_asked_for(it: Object, asked: Mapping[str, str]) -> bool:
    who, text = asked.get("who", ""), asked.get("q", "").casefold()
    is_one = {
        "": True,
        "administrators": bool(it["is_administrator"]),
        "people": it["counted_as"] == "person",
        "guests": it["counted_as"] == "guest",
        "disabled": it["counted_as"] == "disabled",
    }[who]
    return is_one and asked.get("protection", "") in {"", it["protection"]} and text in it["name"].casefold()


def history(*unprotected: int) -> Object:
    """One day after the other, up to today."""
    today = datetime.now(UTC).date()
    days = [
        {"day": str(today - timedelta(days=len(unprotected) - 1 - n)), "mfa": {"people": 12, "unprotected": number}}
        for n, number in enumerate(unprotected)
    ]
    return {"tenant_id": "t", "mapped_at": ago(days=40), "time_zone": "UTC", "since": days[0]["day"], "items": days}


def exception(tenant_id: str, user_id: str, **changes: object) -> Object:
    plain = {"tenant_id": tenant_id, "user_id": user_id, "reason": "Break-glass, key in the safe", "until": None}
    return plain | changes


THRESHOLDS = {"secure_score": 50.0, "secure_score_drop": 5.0, "unprotected_people": 0}


def settings(*exceptions: Object) -> Object:
    return {"features": [], "time_zone": "UTC", "thresholds": THRESHOLDS, "exceptions": list(exceptions)}
