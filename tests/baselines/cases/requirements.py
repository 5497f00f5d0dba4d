"""Controls about Conditional Access: what a policy must require, and when it must apply."""

from typing import Any

from integrations.domain.baselines.verdicts import ControlVerdict
from tests.baselines.cases.case import (
    MET,
    NARROWED,
    NOT_CHECKED,
    NOT_MET,
    UNKNOWN,
    Case,
    case,
)
from tests.baselines.cases.policies import edited, only, users
from tests.baselines.changing import add, policies, unrecorded
from tests.baselines.tenants import (
    AGENT_CA,
    AGENTS,
    GLOBAL,
    ORGANIZATION,
    ROLES,
    SKUS,
    STRENGTHS,
    STRONG,
    policy,
    strength,
)


def _demanding(control: str, is_: ControlVerdict, name: str, scuba: ControlVerdict | None = None, **grant: Any) -> Case:
    base = {"operator": "OR", "builtInControls": []}
    return case(control, name, edited(control, "grantControls", to=base | grant), is_=is_, scuba=scuba)


def _block(control: str) -> list[Case]:
    return [
        _demanding(control, NOT_MET, "it asks for MFA", builtInControls=["mfa"]),
        _demanding(control, NARROWED, "it blocks or asks for MFA", MET, builtInControls=["block", "mfa"]),
    ]


def _strong(control: str) -> list[Case]:
    def combined(*combinations: str, **more: Any) -> dict[str, Any]:
        return strength(*combinations, **more) | {"operator": "OR"}

    weak, unnamed = combined("fido2", "password,sms"), combined("fido2", displayName="Phishing-resistant MFA")
    return [
        _demanding(control, NOT_MET, "MFA of any kind", builtInControls=["mfa"]),
        _demanding(control, NOT_MET, "a strength with a weak combination", **weak),
        _demanding(control, NOT_MET, "a strength without combinations", **combined()),
        _demanding(control, MET, "one strong method", **unnamed),
        _demanding(control, MET, "only Windows Hello", **combined("windowsHelloForBusiness")),
        _demanding(control, MET, "only certificates", **combined("x509CertificateMultiFactor")),
        _demanding(control, UNKNOWN, "a strength whose combinations are not known", NOT_MET,
                   **combined(allowedCombinations=None)),
        _demanding(control, NARROWED, "or MFA of any kind", MET, **unnamed | {"builtInControls": ["mfa"]}),
        _demanding(control, NARROWED, "or terms of use", MET, **unnamed | {"termsOfUse": ["t"]}),
        _demanding(control, NARROWED, "or a custom control", MET, **unnamed | {"customAuthenticationFactors": ["c"]}),
        _demanding(control, NARROWED, "or something new", MET, **unnamed | {"moonStone": ["m"]}),
        _demanding(control, MET, "and MFA of any kind", **unnamed | {"builtInControls": ["mfa"], "operator": "AND"}),
        case(control, "combinations from the list of strengths",
             edited(control, "grantControls", to=combined(allowedCombinations=None)),
             add(STRENGTHS, {"id": "strength-1", "allowedCombinations": ["fido2"]}), is_=MET),
        case(control, "weak combinations from the list of strengths",
             edited(control, "grantControls", to=combined(allowedCombinations=None)),
             add(STRENGTHS, {"id": "strength-1", "allowedCombinations": ["password"]}), is_=NOT_MET),
    ]  # fmt: skip


def _mfa() -> list[Case]:
    control = "MS.AAD.3.2v2"

    def combined(*combinations: str, **more: Any) -> dict[str, Any]:
        return strength(*combinations, **more)

    unread = combined(allowedCombinations=None)
    single = ["fido2", "deviceBasedPush", "temporaryAccessPassOneTime", "temporaryAccessPassMultiUse",
              "federatedMultiFactor", "windowsHelloForBusiness", "x509CertificateMultiFactor"]  # fmt: skip
    pairs = ["password,microsoftAuthenticatorPush", "password,hardwareOath", "password,sms", "password,voice",
             *(f"{it},federatedSingleFactor" for it in ("microsoftAuthenticatorPush", "softwareOath", "hardwareOath",
                                                        "sms", "voice"))]  # fmt: skip
    return [
        *(_demanding(control, MET, f"a strength of {it} and codes", **combined(it, "password,softwareOath"))
          for it in (*single, *pairs)),
        _demanding(control, MET, "a strength of one combination", **combined("password,softwareOath")),
        _demanding(control, NOT_MET, "a strength with text messages alone", **combined("password,sms", "sms")),
        _demanding(control, NOT_MET, "a strength with passwords", **combined("password,softwareOath", "password")),
        _demanding(control, NOT_MET, "a strength with single certificates",
                   **combined("password,softwareOath", "x509CertificateSingleFactor")),
        _demanding(control, NOT_MET, "a strength without combinations", **combined()),
        _demanding(control, MET, "phishing-resistant MFA", NOT_MET, **combined(*STRONG)),
        _demanding(control, MET, "a combination that ScubaGear does not know", NOT_MET,
                   **combined("password,softwareOath", "password,moonStone")),
        _demanding(control, MET, "unread combinations that Microsoft calls MFA", NOT_MET,
                   **unread | {"authenticationStrength": unread["authenticationStrength"]
                               | {"requirementsSatisfied": "mfa"}}),
        _demanding(control, NOT_MET, "unread combinations that Microsoft does not call MFA",
                   **unread | {"authenticationStrength": unread["authenticationStrength"]
                               | {"requirementsSatisfied": "none"}}),
        _demanding(control, UNKNOWN, "unread combinations", NOT_MET, **unread),
        _demanding(control, NARROWED, "MFA or a compliant device", MET, builtInControls=["mfa", "compliantDevice"]),
        _demanding(control, MET, "MFA and a compliant device", operator="AND",
                   builtInControls=["mfa", "compliantDevice"]),
        _demanding(control, NOT_MET, "a compliant device", builtInControls=["compliantDevice"]),
        case(control, "beside a narrower one", policies(
            policy("Narrow", grant={"builtInControls": ["mfa"]}, userRiskLevels=["high"]),
            policy("Whole", grant={"builtInControls": ["mfa"]})), is_=MET),
    ]  # fmt: skip


def _devices() -> list[Case]:
    both = ["compliantDevice", "domainJoinedDevice"]
    register, sign_in = "MS.AAD.3.8v1", "MS.AAD.3.7v1"
    return [
        _demanding(sign_in, NOT_MET, "compliant devices only", builtInControls=["compliantDevice"]),
        _demanding(sign_in, NOT_MET, "joined devices only", builtInControls=["domainJoinedDevice"]),
        _demanding(sign_in, NOT_MET, "MFA as a third", builtInControls=[*both, "mfa"]),
        _demanding(sign_in, NOT_MET, "both at once", builtInControls=both, operator="AND"),
        _demanding(sign_in, NOT_MET, "an operator that is not known", builtInControls=both, operator=None),
        _demanding(sign_in, NARROWED, "or terms of use", MET, builtInControls=both, termsOfUse=["t"]),
        _demanding(register, MET, "compliant devices only", builtInControls=["compliantDevice"]),
        _demanding(register, MET, "joined devices only", builtInControls=["domainJoinedDevice"]),
        _demanding(register, NOT_MET, "MFA", builtInControls=["mfa"]),
        _demanding(register, NARROWED, "or MFA", MET, builtInControls=["compliantDevice", "mfa"]),
        _demanding(register, MET, "and MFA", builtInControls=["compliantDevice", "mfa"], operator="AND"),
        case(register, "another action", only(register,
             applications={"includeUserActions": ["urn:user:registerdevice"]}),
             is_=NOT_MET),
        case(register, "and another action",
             only(register, applications={"includeUserActions": ["urn:user:registersecurityinfo", "another"]}),
             is_=MET),
        case(register, "no applications", only(register, applications=None), is_=NOT_MET),
    ]  # fmt: skip


def _blocking() -> list[Case]:
    controls = ("MS.AAD.1.1v1", "MS.AAD.2.1v1", "MS.AAD.2.3v1", "MS.AAD.3.9v1", "MS.AAD.9.1v1")
    return [it for control in controls for it in _block(control)]


def _more_policies() -> list[Case]:
    legacy, roles, agents, codes = "MS.AAD.1.1v1", "MS.AAD.3.6v1", "MS.AAD.9.1v1", "MS.AAD.3.9v1"
    lists = {"MS.AAD.2.1v1": "userRiskLevels", "MS.AAD.2.3v1": "signInRiskLevels"}
    return [
        case(legacy, "all clients", only(legacy, clientAppTypes=["all"]), is_=MET, scuba=NOT_MET),
        *(case(legacy, f"all clients, but only {flow}",
               only(legacy, clientAppTypes=["all"], authenticationFlows={"transferMethods": flow}), is_=NOT_MET)
          for flow in ("deviceCodeFlow", "authenticationTransfer")),
        case(legacy, "ActiveSync only", only(legacy, clientAppTypes=["exchangeActiveSync"]), is_=NOT_MET),
        case(legacy, "other clients only", only(legacy, clientAppTypes=["other"]), is_=NOT_MET),
        case(legacy, "no clients", only(legacy, clientAppTypes=[]), is_=NOT_MET),
        *(case(it, "medium risk only", only(it, **{key: ["medium"]}), is_=NOT_MET) for it, key in lists.items()),
        *(case(it, "medium and high risk", only(it, **{key: ["medium", "high"]}), is_=MET)
             for it, key in lists.items()),
        *(case(it, "no risk", only(it, **{key: []}), is_=NOT_MET) for it, key in lists.items()),
        case(codes, "no flow", only(codes, authenticationFlows=None), is_=NOT_MET),
        case(codes, "another flow", only(codes, authenticationFlows={"transferMethods": "authenticationTransfer"}),
             is_=NOT_MET),
        case(codes, "both flows",
             only(codes, authenticationFlows={"transferMethods": "deviceCodeFlow,authenticationTransfer"}),
             is_=MET, scuba=NOT_MET),
        case(roles, "all users, no roles", users(roles, includeUsers=["All"], includeRoles=[]), is_=NOT_MET),
        case(roles, "one role is missing", users(roles, includeRoles=list(ROLES)[1:]), is_=NOT_MET),
        case(roles, "more roles", users(roles, includeRoles=[*ROLES, "another"]), is_=MET),
        case(roles, "fewer privileged roles", users(roles, includeRoles=[GLOBAL]), is_=MET,
             privileged_roles=[GLOBAL]),
        case(roles, "no privileged roles", only(roles), is_=NOT_MET, privileged_roles=[]),
        case(roles, "no privileged roles, no roles", users(roles, includeRoles=[]), is_=NOT_MET, privileged_roles=[]),
        case(agents, "medium risk only", only(agents, agentIdRiskLevels="medium"), is_=NOT_MET),
        case(agents, "medium and high risk", only(agents, agentIdRiskLevels="medium,high"), is_=MET),
        case(agents, "a list of risks", only(agents, agentIdRiskLevels=["high"]), is_=MET),
        case(agents, "one agent", only(agents, clientApplications={"includeAgentIdServicePrincipals": ["a"]}),
             is_=NOT_MET),
        case(agents, "all agents and one", only(agents, clientApplications={"includeAgentIdServicePrincipals":
             ["All", "a"]}), is_=MET),
        case(agents, "no agents", only(agents, clientApplications=None), is_=NOT_MET),
        case(agents, "an agent left out", only(agents, clientApplications={**AGENTS,
             "excludeAgentIdServicePrincipals": ["a"]}), is_=NARROWED, scuba=MET),
        case(agents, "no clients", only(agents, clientAppTypes=[]), is_=NOT_MET),
        case(agents, "a cloud without agents", policies(path=AGENT_CA), is_=NOT_CHECKED, cloud="gcchigh"),
        case(agents, "another cloud without agents", unrecorded(AGENT_CA), is_=NOT_CHECKED, cloud="dod"),
        case(agents, "a cloud without agents, and no licences are known", unrecorded(AGENT_CA),
             unrecorded(ORGANIZATION), unrecorded(SKUS), is_=NOT_CHECKED, cloud="dod"),
        case(agents, "the policy in a cloud without agents", only(agents), is_=MET, cloud="gcchigh"),
        case(agents, "beta is not read", unrecorded(AGENT_CA), is_=UNKNOWN),
    ]  # fmt: skip


CASES = [*_blocking(), *_strong("MS.AAD.3.1v1"), *_strong("MS.AAD.3.6v1"), *_mfa(), *_devices(), *_more_policies()]
