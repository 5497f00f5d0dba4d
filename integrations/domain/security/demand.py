"""Whether what a policy requires can be met without MFA. Pure.

Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-grant
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from integrations.domain.policies.conditional_access import AuthenticationStrength, Grant
from integrations.domain.security.certainty import Certainty, all_of, any_of

_BLOCK = "block"
_WITHOUT_MFA = frozenset({
    "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication", "passwordChange",
    "riskRemediation",
})  # fmt: skip
_TWO_FACTORS = frozenset({
    "windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor", "deviceBasedPush", "temporaryAccessPassOneTime",
    "temporaryAccessPassMultiUse", "federatedMultiFactor",
})  # fmt: skip
_ONE_FACTOR = frozenset({
    "password", "sms", "voice", "email", "softwareOath", "hardwareOath", "microsoftAuthenticatorPush", "qrCodePin",
    "x509CertificateSingleFactor", "federatedSingleFactor",
})  # fmt: skip

Strengths = Mapping[str, AuthenticationStrength]


class Demand(NamedTuple):
    """Whether nobody gets past without MFA. A policy that blocks lets nobody past at all."""

    certainty: Certainty
    blocks: bool = False


def demand_of(grant: Grant | None, strengths: Strengths) -> Demand:
    """What a policy demands; ``strengths`` are those of the tenant, by id, for combinations that the policy lacks."""
    if grant is None:
        return Demand(Certainty.NO)
    combine = any_of if grant.operator == "AND" else all_of
    certainty = combine(_requirements(grant, strengths))
    return Demand(certainty, blocks=certainty is Certainty.YES and _BLOCK in grant.controls)


def demand_of_strength(strength: AuthenticationStrength, strengths: Strengths) -> Certainty:
    """Yes if each of its combinations has two factors. Its name proves nothing."""
    combinations = strength.combinations or (strengths[strength.id].combinations if strength.id in strengths else None)
    if combinations:
        return all_of(map(_is_two_factors, combinations))
    word = strength.satisfies or (strengths[strength.id].satisfies if strength.id in strengths else None)
    return {"mfa": Certainty.YES, "none": Certainty.NO}.get(word or "", Certainty.UNKNOWN)


def _requirements(grant: Grant, strengths: Strengths) -> Iterator[Certainty]:
    yield from map(_control, grant.controls)
    yield from (Certainty.NO for _ in (*grant.custom_factors, *grant.terms_of_use))
    yield from (Certainty.UNKNOWN for _ in grant.other)
    if grant.strength is not None:
        yield demand_of_strength(grant.strength, strengths)


def _control(control: str) -> Certainty:
    if control in {"mfa", _BLOCK}:
        return Certainty.YES
    return Certainty.NO if control in _WITHOUT_MFA else Certainty.UNKNOWN


def _is_two_factors(combination: str) -> Certainty:
    methods = {it.strip() for it in combination.split(",")} - {""}
    if len(methods) > 1 or methods & _TWO_FACTORS:
        return Certainty.YES
    return Certainty.NO if methods <= _ONE_FACTOR else Certainty.UNKNOWN
