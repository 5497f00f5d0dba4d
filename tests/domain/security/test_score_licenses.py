"""Controls of the Secure Score that a tenant can only meet with another licence."""

import pytest

from integrations.domain.security.score_licenses import missing_license
from integrations.domain.sync.security_records import SecureScoreControl

BUSINESS_PREMIUM = {"41781fb2-bc02-4b7c-bd55-b576c07bb09d", "bfc1bbd9-981b-4f71-9b82-17c35fd0e2a4"}
P2 = {"eec0eb4f-6444-4f95-aba0-50c24d67f998"}


def control(name: str, service: str | None = None) -> SecureScoreControl:
    return SecureScoreControl(id=name, title=name, service=service)


@pytest.mark.parametrize(
    ("name", "service", "plans", "missing"),
    [
        ("SigninRiskPolicy", "AzureAD", BUSINESS_PREMIUM, "Microsoft Entra ID P2"),
        ("UserRiskPolicy", None, P2, None),
        ("AdminMFAV2", "AzureAD", set(), None),
        ("scid_2010", "MDATP", P2, "Microsoft Defender for Endpoint or for Business"),
        ("scid_2010", "MDATP", BUSINESS_PREMIUM, None),
        ("scid_2010", None, set(), "Microsoft Defender for Endpoint or for Business"),
        ("AATP_DormantAccounts", "Azure ATP", set(), "Microsoft Defender for Identity"),
        ("a new one", "MCAS", set(), "Microsoft Defender for Cloud Apps"),
        ("mdo_safelinks", "MDO", set(), "Microsoft Defender for Office 365"),
        ("mdo_spam_notifications", "MDO", set(), None),
        ("scid_2010", "MDATP", None, None),
    ],
)
def test_only_what_is_surely_missing_is_told(
    name: str, service: str | None, plans: set[str] | None, missing: str | None
) -> None:
    assert missing_license(control(name, service), plans) == missing
