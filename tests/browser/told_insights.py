"""Mapped tenants by MFA, Secure Score and baselines, as the API answers them; made up."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from tests.browser.answering import Asked, Handle
from tests.browser.told import HOSTILE, Object, ago
from tests.browser.told_mfa import THRESHOLDS

NAMES = ("Contoso Dental", "Fabrikam Clinics", "Adatum", "Northwind Traders", "Tailspin Toys", "Wingtip Law", HOSTILE)
GAINS = [
    {"id": "one", "title": "Require MFA for administrators", "points": 10.0, "missing_license": None},
    {"id": "two", "title": "Block legacy authentication", "points": 8.5, "missing_license": "Microsoft Entra ID P2"},
]


def tenant(number: int) -> Object:
    return {
        "tenant_id": f"00000000-0000-4000-8000-{number:012d}", "name": NAMES[number % len(NAMES)],
        "default_domain": f"tenant{number}.onmicrosoft.com",
        "organization": {"id": f"o{number}", "name": f"Client {number}"},
    }  # fmt: skip


def numbers(total: int, unprotected: int, unknown: int = 0, excepted: int = 0) -> Object:
    return {
        "total": total, "protected": total - unprotected - unknown - excepted, "exposed": unprotected, "not_asked": 0,
        "to_register": 0, "unknown": unknown, "unprotected": unprotected, "excepted": excepted,
    }  # fmt: skip


def trend_of(name: str, *values: float) -> list[Object]:
    """A number of each day, up to today."""
    today = datetime.now(UTC).date()
    return [{"day": str(today - timedelta(days=len(values) - 1 - n)), name: it} for n, it in enumerate(values)]


def mfa_row(number: int, unprotected_admins: int, unprotected: int, **changes: object) -> Object:
    return tenant(number) | {
        "state": "fresh", "as_of": ago(hours=number + 1),
        "people": numbers(212 - 20 * (number % 9), unprotected, number % 2, number % 3),
        "administrators": numbers(5, unprotected_admins), "guests": numbers(14, number), "disabled": 9, "rooms": 0,
        "is_listed": unprotected > 0, "trend": trend_of("unprotected", unprotected + 4 - number, unprotected),
    } | changes  # fmt: skip


_UNREAD = dict.fromkeys(("people", "administrators", "guests", "disabled", "rooms", "as_of"))
MFA = [
    mfa_row(0, 1, 14), mfa_row(1, 1, 3), mfa_row(2, 0, 31), mfa_row(3, 0, 2), mfa_row(4, 0, 0), mfa_row(6, 0, 0),
    mfa_row(5, 0, 0, state="never", trend=[], **_UNREAD),
]  # fmt: skip


def score_row(number: int, *percents: float, **changes: object) -> Object:
    """A tenant with one score a day, up to today."""
    newest = percents[-1] if percents else None
    drop = max(percents[-8:]) - percents[-1] if percents else 0.0
    return tenant(number) | {
        "state": "fresh", "as_of": ago(days=1) if percents else None, "percent": newest,
        "points": newest and newest * 3, "max_points": 300.0 if percents else None,
        "average_percent": 52.0 if percents else None, "drop": drop or None, "is_low": (newest or 100.0) < 50.0,
        "has_dropped": drop >= 5.0, "trend": trend_of("percent", *percents), "improvements": GAINS if percents else [],
    } | changes  # fmt: skip


SCORES = [
    score_row(0, 40, 41, 38, 36, 31.2), score_row(1, 44, 44, 45, 46.5), score_row(2, *(50 + n / 3 for n in range(30))),
    score_row(3, 80, 79, 82, 75), score_row(6, 90.25), score_row(5, state="not_licensed"),
]  # fmt: skip


def judged(number: int, not_met: int, **changes: object) -> Object:
    counts = {"not_met": not_met, "narrowed": number % 3, "unknown": number % 2, "met": 60 - not_met}
    return tenant(number) | {
        "state": "fresh", "as_of": ago(hours=3), "score": (60 - not_met) / 0.6, "score_with_unlicensed": 50.0,
        "counts": {verdict: count for verdict, count in counts.items() if count}, "verdict": None, "by_verdict": {},
        "trend": trend_of("score", 58 - not_met, 60 - not_met),
    } | changes  # fmt: skip


BASELINES = [
    judged(0, 22), judged(1, 9), judged(2, 4), judged(3, 0),
    judged(5, 0, state="never", as_of=None, score=None, counts={}, trend=[]),
]  # fmt: skip
CONTROLS = [
    {"control": "MS.AAD.1.1v1", "family": "scuba_entra", "title": "Legacy authentication is blocked",
     "severity": "high", "counts": {"not_met": 3, "met": 1}},
    {"control": "MS.AAD.3.2v2", "family": "scuba_entra", "title": "MFA is required of all users",
     "severity": "critical", "counts": {"not_met": 1, "narrowed": 2, "met": 1}},
]  # fmt: skip


def _mfa_counts(rows: Sequence[Object]) -> Object:
    known = [it for it in rows if it["people"]]
    return {
        "tenants": len(rows), "unprotected": sum(it["is_listed"] for it in known),
        "administrators": sum(it["administrators"]["unprotected"] > 0 for it in known),
        "unknown": sum(not it["people"] or it["people"]["unknown"] > 0 for it in rows),
    }  # fmt: skip


def _score_counts(rows: Sequence[Object]) -> Object:
    return {
        "tenants": len(rows), "low": sum(it["is_low"] for it in rows), "dropped": sum(it["has_dropped"] for it in rows),
        "unknown": sum(it["percent"] is None for it in rows),
    }  # fmt: skip


def _baseline_counts(rows: Sequence[Object]) -> Object:
    return {
        "tenants": len(rows), "not_met": sum("not_met" in it["counts"] for it in rows),
        "unknown": sum(it["as_of"] is None or "unknown" in it["counts"] for it in rows),
    }  # fmt: skip


def _verdict(it: Object) -> str | None:
    return ("not_met" if it["counts"].get("not_met") else "met") if it["as_of"] else None


def _only(name: str) -> Callable[[Object], bool]:
    return {
        "administrators": lambda it: it["people"] and it["administrators"]["unprotected"] > 0,
        "unprotected": lambda it: it["is_listed"],
        "low": lambda it: it["is_low"],
        "dropped": lambda it: it["has_dropped"],
        "not_met": lambda it: "not_met" in it["counts"],
        "unknown": lambda it: it.get("people", it.get("percent", it["as_of"])) is None,
    }[name]


def insights(
    rows: Sequence[Object], count: Callable[[Sequence[Object]], Object], thresholds: Object = THRESHOLDS
) -> Handle:
    """A handler that filters and pages as the API does."""

    def handle(request: Asked) -> None:
        asked = request.query
        text = asked.get("q", "").casefold()
        found = [it for it in rows if text in f"{it['name']} {it['organization']['name']}".casefold()]
        if asked.get("only"):
            found = [it for it in found if _only(asked["only"])(it)]
        if asked.get("control"):
            found = [it | {"verdict": _verdict(it)} for it in found]
        if asked.get("verdict"):
            found = [it for it in found if it["verdict"] == asked["verdict"]]
        begin, limit = int(asked.get("cursor", 0)), int(asked.get("limit", 100))
        more = begin + limit < len(found)
        controls = [it for it in CONTROLS if asked.get("control", "") in {"", it["control"]}]
        request.answer(
            {
                "items": found[begin : begin + limit], "next_cursor": str(begin + limit) if more else None,
                "total": len(found), "counts": count(rows), "thresholds": thresholds, "controls": controls,
            }
        )  # fmt: skip

    return handle


def mfa(rows: Sequence[Object] = MFA, thresholds: Object = THRESHOLDS) -> Handle:
    return insights(rows, _mfa_counts, thresholds)


def scores(rows: Sequence[Object] = SCORES, thresholds: Object = THRESHOLDS) -> Handle:
    return insights(rows, _score_counts, thresholds)


def baselines(rows: Sequence[Object] = BASELINES) -> Handle:
    return insights(rows, _baseline_counts)
