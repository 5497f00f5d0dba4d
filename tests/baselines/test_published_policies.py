"""What CISA publishes for controls about Conditional Access: the profile scuba agrees, and strict looks closer.

CISA tries each control on one crowded policy, which also asks for risks, old clients and a user action. ScubaGear takes
it for a policy that always applies. Its twin asks for nothing that the control does not ask for.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.baselines.published import LICENSED, UNLICENSED, Published, disagreements
from tests.baselines.recorded import Answers
from tests.baselines.tenants import AGENT_CA, AGENTS, CA, DEVICES, STRONG, policy, strength
from tests.exhaustive import exhaustive

Policy = dict[str, Any]
_REGISTER = "urn:user:registersecurityinfo"
_ROLES = ["role-1", "role-2"]
_CROWD = {"userRiskLevels": ["high"], "signInRiskLevels": ["high"], "clientAppTypes": ["other", "exchangeActiveSync"]}


class _Asked(NamedTuple):
    """What a control asks of a policy; ``exceptions`` are the kinds that may be named."""

    conditions: dict[str, Any]
    grant: dict[str, Any] | None = None
    exceptions: frozenset[str] = frozenset({"users", "groups", "applications", "guest_types"})
    needs_p2: bool = False


_CODES = {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}
_NAMED = {"users": {"includeUsers": [], "includeRoles": _ROLES}}
_ACTION = {"applications": {"includeApplications": [], "includeUserActions": [_REGISTER]}}
_AGENT = {"agentIdRiskLevels": "high", "clientApplications": AGENTS, "clientAppTypes": ["all"]}
_PEOPLE = frozenset({"users", "groups", "guest_types"})
_CONTROLS = {
    "MS.AAD.1.1v1": _Asked({"clientAppTypes": ["other", "exchangeActiveSync"]}),
    "MS.AAD.2.1v1": _Asked({"userRiskLevels": ["high"]}, needs_p2=True),
    "MS.AAD.2.3v1": _Asked({"signInRiskLevels": ["high"]}, needs_p2=True),
    "MS.AAD.3.1v1": _Asked({}, strength(*STRONG)),
    "MS.AAD.3.2v2": _Asked({}, {"builtInControls": ["mfa"]}),
    "MS.AAD.3.6v1": _Asked(_NAMED, strength(*STRONG)),
    "MS.AAD.3.7v1": _Asked({}, DEVICES),
    "MS.AAD.3.8v1": _Asked(_ACTION, DEVICES, _PEOPLE),
    "MS.AAD.3.9v1": _Asked(_CODES),
    "MS.AAD.9.1v1": _Asked(_AGENT, None, frozenset({"applications"}), needs_p2=True),
}


def bare(control: str) -> Policy:
    """The policy that the control asks for, and nothing else."""
    asked = _CONTROLS[control]
    return policy("Test", grant=asked.grant, **copy.deepcopy(asked.conditions))


def crowded(control: str) -> Policy:
    """The same with everything that CISA's policy holds besides."""
    made = bare(control)
    made["conditions"] = {**copy.deepcopy(_CROWD), **made["conditions"], **copy.deepcopy(_CONTROLS[control].conditions)}
    if made["conditions"]["clientAppTypes"] == ["all"] and control != "MS.AAD.9.1v1":
        made["conditions"]["clientAppTypes"] = ["other", "exchangeActiveSync"]
    made["conditions"]["applications"] = {"includeApplications": ["All"], "includeUserActions": [_REGISTER]}
    return made


Change = Callable[[Policy], object]


def _condition(*keys: str, to: Any) -> Change:
    def change(made: Policy) -> None:
        here = made["conditions"]
        for key in keys[:-1]:
            here = here.setdefault(key, {})
        here[keys[-1]] = to

    return change


def _nothing(_made: Policy) -> None:
    pass


def _at(key: str, to: Any) -> Change:
    return lambda made: made.update({key: to})


def _granting(**grant: Any) -> Change:
    return lambda made: made["grantControls"].update(grant)


_LEFT_OUT = {
    "users": ("users", "excludeUsers"),
    "groups": ("users", "excludeGroups"),
    "applications": ("applications", "excludeApplications"),
}


def _guests(*kinds: str) -> Change:
    return _condition("users", "excludeGuestsOrExternalUsers", to={"guestOrExternalUserTypes": ",".join(kinds)})


def _leaving_out(kind: str, *ids: str) -> Change:
    return _guests(*ids) if kind == "guest_types" else _condition(*_LEFT_OUT[kind], to=list(ids))


class _Kind(NamedTuple):
    """A kind of case: changes to the policy, who is named as an exception, and whether it passes."""

    name: str
    change: Change
    named: dict[str, list[str]]
    passes: bool


def _exceptions(kind: str) -> list[_Kind]:
    first, second = ("serviceProvider", "internalGuest") if kind == "guest_types" else ("a", "b")
    return [
        _Kind(f"{kind}: named, and nobody is left out", _nothing, {kind: [first]}, passes=True),
        _Kind(f"{kind}: left out and named", _leaving_out(kind, first), {kind: [first]}, passes=True),
        _Kind(
            f"{kind}: two left out and named", _leaving_out(kind, first, second), {kind: [first, second]}, passes=True
        ),
        _Kind(f"{kind}: left out", _leaving_out(kind, first), {}, passes=False),
        _Kind(f"{kind}: left out, and an empty list is named", _leaving_out(kind, first), {kind: []}, passes=False),
        _Kind(f"{kind}: two left out, one named", _leaving_out(kind, first, second), {kind: [first]}, passes=False),
        _Kind(f"{kind}: others are named", _leaving_out(kind, first), {kind: [second]}, passes=False),
    ]


def _users_and_groups() -> list[_Kind]:
    def both(made: Policy) -> None:
        _leaving_out("users", "a", "b")(made)
        _leaving_out("groups", "g")(made)

    return [
        _Kind("users and groups are named", both, {"users": ["a", "b"], "groups": ["g"]}, passes=True),
        _Kind("users and groups are left out", both, {}, passes=False),
        _Kind("only the users are named", both, {"users": ["a", "b"]}, passes=False),
        _Kind("only the groups are named", both, {"groups": ["g"]}, passes=False),
        _Kind("the groups and one of the users are named", both, {"users": ["a"], "groups": ["g"]}, passes=False),
        _Kind("groups are named as users", _leaving_out("groups", "g"), {"users": ["g"]}, passes=False),
    ]


def _kinds(control: str) -> Iterator[_Kind]:
    allowed = _CONTROLS[control].exceptions
    yield _Kind("as it should be", _nothing, {}, passes=True)
    for kind in sorted(allowed):
        yield from _exceptions(kind)
    for state in ("disabled", "enabledForReportingButNotEnforced"):
        yield _Kind(f"state {state}", _at("state", state), {}, passes=False)
    yield _Kind("it requires nothing", _granting(builtInControls=[], authenticationStrength=None), {}, passes=False)
    yield _Kind("it requires an empty word", _granting(builtInControls=[""], authenticationStrength=None), {},
                passes=False)  # fmt: skip
    if "applications" in allowed:
        yield _Kind("some applications", _condition("applications", "includeApplications", to=["a"]), {}, passes=False)
        yield _Kind("no application", _condition("applications", "includeApplications", to=[]), {}, passes=False)
    if "users" in allowed:
        yield from _users_and_groups()
        yield _Kind("roles are left out", _condition("users", "excludeRoles", to=["r"]), {}, passes=False)
    if "users" in allowed and control != "MS.AAD.3.6v1":
        yield _Kind("some users", _condition("users", "includeUsers", to=["a"]), {}, passes=False)
        yield _Kind("an empty word for users", _condition("users", "includeUsers", to=[""]), {}, passes=False)


def _answers(control: str, *policies: Policy) -> Answers:
    path = AGENT_CA if control == "MS.AAD.9.1v1" else CA
    return {path: {"value": list(policies)}, **(LICENSED if _CONTROLS[control].needs_p2 else {})}


def _case(control: str, kind: _Kind, made: Policy, *, narrowed: bool) -> Published:
    kind.change(made)
    verdict = ("narrowed" if narrowed else "met") if kind.passes else "not_met"
    settings = {"exclusions": {control: kind.named} if kind.named else {}, "privileged_roles": _ROLES}
    name = f"{kind.name} ({'crowded' if narrowed else 'twin'})"
    return Published(name, control, _answers(control, made), kind.passes, verdict, settings)


def _cases(control: str) -> Iterator[Published]:
    for kind in _kinds(control):
        yield _case(control, kind, crowded(control), narrowed=True)
        if kind.passes:
            yield _case(control, kind, bare(control), narrowed=False)
    yield Published("no policy", control, _answers(control), passes=False)


@pytest.mark.parametrize(
    "control", [*list(_CONTROLS)[::3], *exhaustive(*(it for it in _CONTROLS if it not in list(_CONTROLS)[::3]))]
)
def test_a_policy_counts_for_a_control_as_cisa_says_and_narrowed_where_it_leans_on_other_conditions(
    control: str,
) -> None:
    assert disagreements(_cases(control)) == {}


def _of(control: str, name: str, change: Change, *, passes: bool, strict: str, of: Policy | None = None) -> Published:
    made = crowded(control) if of is None else of
    change(made)
    return Published(name, control, _answers(control, made), passes, strict, {"privileged_roles": _ROLES})


def _combining(*combinations: str) -> Change:
    return _granting(**strength(*combinations))


_SINGLE = ("deviceBasedPush", "temporaryAccessPassOneTime", "temporaryAccessPassMultiUse", "federatedMultiFactor")
_PAIRS = tuple(
    f"password,{it}" for it in ("microsoftAuthenticatorPush", "softwareOath", "hardwareOath", "sms", "voice")
)
_FEDERATED = tuple(
    f"{it},federatedSingleFactor" for it in ("microsoftAuthenticatorPush", "softwareOath", "sms", "voice")
)


def _about_strengths() -> Iterator[Published]:
    for control in ("MS.AAD.3.1v1", "MS.AAD.3.6v1"):
        for it in STRONG:
            yield _of(control, f"only {it}", _combining(it), passes=True, strict="narrowed")
        yield _of(
            control, "and one that is not known", _combining(*STRONG, "moonStone"), passes=False, strict="not_met"
        )
        yield _of(control, "null combinations", _granting(authenticationStrength={"id": "s"}), passes=False,
                  strict="unknown")  # fmt: skip
    control = "MS.AAD.3.2v2"
    for it in (*_SINGLE, *_PAIRS, *_FEDERATED):
        yield _of(control, f"a strength of {it}", _combining(it), passes=True, strict="narrowed")
        yield _of(control, f"{it} and fido2", _combining(it, "fido2"), passes=True, strict="narrowed")
    for it in ("password", "sms", "federatedSingleFactor", "x509CertificateSingleFactor"):
        yield _of(control, f"{it} alone is enough", _without_controls(_combining("password,sms", it)), passes=False,
                  strict="not_met")  # fmt: skip
    for it in STRONG:  # ScubaGear: what everybody could not have registered is no MFA for everybody
        yield _of(control, f"a strength of {it}", _without_controls(_combining(it)), passes=False, strict="narrowed")


def _without_controls(change: Change) -> Change:
    def both(made: Policy) -> None:
        change(made)
        made["grantControls"]["builtInControls"] = []

    return both


def _about_devices() -> Iterator[Published]:
    sign_in, register = "MS.AAD.3.7v1", "MS.AAD.3.8v1"
    one, other = DEVICES["builtInControls"]
    yield _of(sign_in, "both at once", _granting(operator="AND"), passes=False, strict="not_met")
    yield _of(sign_in, "an empty operator", _granting(operator=""), passes=False, strict="not_met")
    yield _of(sign_in, "a third one", _granting(builtInControls=[one, other, "mfa"]), passes=False, strict="not_met")
    for it in (one, other):
        yield _of(sign_in, f"only {it}", _granting(builtInControls=[it]), passes=False, strict="not_met")
        yield _of(register, f"only {it}", _granting(builtInControls=[it]), passes=True, strict="narrowed")
    other_action = _condition("applications", "includeUserActions", to=["urn:user:registerdevice"])
    yield _of(register, "another action", other_action, passes=False, strict="not_met")


def _about_conditions() -> Iterator[Published]:
    legacy, codes = "MS.AAD.1.1v1", "MS.AAD.3.9v1"
    for it in (["other"], ["exchangeActiveSync"], [""], []):
        yield _of(legacy, f"clients {it}", _condition("clientAppTypes", to=it), passes=False, strict="not_met")
    risks = {"MS.AAD.2.1v1": "userRiskLevels", "MS.AAD.2.3v1": "signInRiskLevels"}
    for control, key in risks.items():
        yield _of(control, "other risks", _condition(key, to=["medium"]), passes=False, strict="not_met")
        yield _of(control, "no risk", _condition(key, to=[]), passes=False, strict="not_met")
        yield _of(control, "more risks", _condition(key, to=["high", "medium"]), passes=True, strict="narrowed")
    for it in ("", "authenticationTransfer"):
        flow = _condition("authenticationFlows", "transferMethods", to=it)
        yield _of(codes, f"the flow {it!r}", flow, passes=False, strict="not_met")
    roles = "MS.AAD.3.6v1"
    for some in ([], ["role-1"], ["role-1", "role-3"]):
        yield _of(roles, f"roles {some}", _condition("users", "includeRoles", to=some), passes=False, strict="not_met")
    yield _of(
        roles, "more roles", _condition("users", "includeRoles", to=[*_ROLES, "r"]), passes=True, strict="narrowed"
    )


def _about_agents() -> Iterator[Published]:
    control = "MS.AAD.9.1v1"
    for risks, passes in {"medium": False, "": False, "medium,high": True, "low, high": True}.items():
        yield _of(control, f"risks {risks!r}", _condition("agentIdRiskLevels", to=risks), passes=passes,
                  strict="narrowed" if passes else "not_met")  # fmt: skip
    yield _of(control, "no agents", _condition("clientApplications", to={"includeAgentIdServicePrincipals": []}),
              passes=False, strict="not_met")  # fmt: skip
    yield _of(control, "no clients", _condition("clientAppTypes", to=[]), passes=False, strict="not_met")
    for cloud in ("usgov", "usgov-dod"):
        answers = _answers(control)
        yield Published(f"{cloud}: no policy", control, answers, passes=False, strict="not_checked", cloud=cloud)
        answers = _answers(control, bare(control))
        yield Published(f"{cloud}: the policy", control, answers, passes=True, strict="met", cloud=cloud)
        answers = {**_answers(control), **UNLICENSED}
        yield Published(f"{cloud}: no licence", control, answers, passes=False, strict="unlicensed", cloud=cloud)


@pytest.mark.parametrize("cases", [_about_strengths, _about_devices, _about_conditions, _about_agents])
def test_what_decides_in_a_policy_decides_as_cisa_says(cases: Callable[[], Iterator[Published]]) -> None:
    assert disagreements(cases()) == {}


@pytest.mark.parametrize("control", [key for key, it in _CONTROLS.items() if it.needs_p2])
def test_a_good_policy_does_not_count_without_the_licence_it_needs(control: str) -> None:
    answers = {**_answers(control, bare(control)), **UNLICENSED}

    assert disagreements([Published("no licence", control, answers, passes=False, strict="unlicensed")]) == {}


def test_exceptions_named_for_the_earlier_version_of_a_control_hold_for_the_one_that_follows_it() -> None:
    control = "MS.AAD.3.2v2"
    made = bare(control)
    _leaving_out("users", "a")(made)
    settings: dict[str, Any] = {"exclusions": {"MS.AAD.3.2v1": {"users": ["a"]}}}
    case = Published("earlier", control, _answers(control, made), passes=True, strict="met", settings=settings)
    settings = {"exclusions": {"MS.AAD.3.2v1": {"users": ["a"]}, control: {"users": []}}}
    later = case._replace(name="decided anew", settings=settings, passes=False, strict="not_met")

    assert disagreements([case, later]) == {}


def test_one_good_policy_is_enough_beside_others_that_are_not() -> None:
    control = "MS.AAD.3.2v2"
    strong = policy("Strong", grant=strength(*STRONG))
    wrong = {**bare(control), "id": "off", "state": "disabled"}
    cases = [
        Published("both", control, _answers(control, wrong, bare(control)), passes=True, strict="met"),
        Published("the strong one only", control, _answers(control, wrong, strong), passes=False, strict="met"),
    ]

    assert disagreements(cases) == {}
