"""Findings of baselines, as the API answers them."""

from collections import Counter

from tests.browser.told import Object, ago


def finding(control: str, verdict: str, **changes: object) -> Object:
    """One finding; without more it is met."""
    plain = {
        "control": control, "family": "scuba_entra", "title": f"Control {control}", "severity": "high",
        "verdict": verdict, "reason": "It is as required.", "requires": "what the control asks for",
        "rationale": "Why it matters.", "remedy": "Change the policy.", "link": "https://example.com/baseline",
        "dataset": "", "permission": None, "actual": [], "nearest": [], "since": ago(days=3),
    }  # fmt: skip
    return plain | changes


NARROWED = finding(
    "MS.AAD.3.2v2", "narrowed", title="MFA is required of all users",
    reason="A policy requires MFA, but not in trusted locations.",
    nearest=[{"id": "p1", "name": "Require MFA outside the office", "why": "it leaves out trusted locations"}],
    actual=[{"name": "grant.controls", "values": ["mfa"], "count": 1, "is_sent": True}],
)  # fmt: skip
NOT_MET = finding(
    "MS.AAD.1.1v1", "not_met", title="Legacy authentication is blocked", reason="No enabled policy blocks it."
)
UNKNOWN = finding(
    "MS.AAD.7.4v1", "unknown", title="Nobody has a privileged role for ever", dataset="role_assignments",
    reason="Our application may not read role assignments.", permission="RoleManagement.Read.Directory",
)  # fmt: skip
ITEMS = [NOT_MET, NARROWED, UNKNOWN, *(finding(f"EIDSCA.AP{number:02}", "met") for number in range(1, 6))]


def findings(items: list[Object]) -> Object:
    """The findings of a tenant that was judged two hours ago."""
    counts = dict(Counter(str(it["verdict"]) for it in items))
    return {"items": items, "counts": counts, "state": "evaluated", "as_of": ago(hours=2)}


FINDINGS = findings(ITEMS)
