"""Which licence a control of the Secure Score needs. Pure.

Microsoft lists every control, whatever the tenant has bought. Only controls of products that are surely needed are told
here; of all others nothing is said.

Source of the ids: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
"""

from collections.abc import Collection
from typing import NamedTuple

from integrations.domain.sync.security_records import SecureScoreControl


class _Product(NamedTuple):
    """A product, the service plans of which one is enough, and the controls that are its own."""

    name: str
    plans: frozenset[str]
    service: str = ""
    prefixes: tuple[str, ...] = ()
    controls: frozenset[str] = frozenset()


_PRODUCTS = (
    _Product(
        "Microsoft Entra ID P2",
        frozenset({"eec0eb4f-6444-4f95-aba0-50c24d67f998"}),  # AAD_PREMIUM_P2
        controls=frozenset({"userriskpolicy", "signinriskpolicy"}),
    ),
    _Product(
        "Microsoft Defender for Endpoint or for Business",
        frozenset(
            {
                "871d91ec-ec1a-452b-a83f-bd76c7d770ef",  # WINDEFATP
                "292cc034-7b7c-4950-aaf5-943befd3f1d4",  # MDE_LITE
                "bfc1bbd9-981b-4f71-9b82-17c35fd0e2a4",  # MDE_SMB
            }
        ),
        service="mdatp",
        prefixes=("scid_",),
    ),
    _Product(
        "Microsoft Defender for Identity",
        frozenset({"14ab5db5-e6c4-4b20-b4bc-13e36fd2227f"}),  # ATA
        service="aatp",
        prefixes=("aatp_",),
    ),
    _Product(
        "Microsoft Defender for Cloud Apps",
        frozenset(
            {
                "2e2ddb96-6af9-4b1d-a3f0-d6ecfd22edb2",  # ADALLOM_S_STANDALONE
                "8c098270-9dd4-4350-9b30-ba4703f3b36b",  # ADALLOM_S_O365
            }
        ),
        service="mcas",
    ),
    _Product(
        "Microsoft Defender for Office 365",
        frozenset({"f20fedf3-f3c3-43c3-8267-2bfdd51c0939", "493ff600-6a2b-4db6-ad37-a7d4eb214516"}),  # ATP_ENTERPRISE
        prefixes=("mdo_safelinks", "mdo_safeattachments", "mdo_safedocuments"),
    ),
)


def missing_license(control: SecureScoreControl, plans: Collection[str] | None) -> str | None:
    """The product that a control needs and the tenant does not have.

    ``plans`` are the ids of the tenant's service plans. None if it has what is needed, or if that is not known.
    """
    if plans is None:
        return None
    needed = next((it for it in _PRODUCTS if _belongs(control, it)), None)
    return needed.name if needed and needed.plans.isdisjoint(plans) else None


def _belongs(control: SecureScoreControl, product: _Product) -> bool:
    name, service = control.id.casefold(), (control.service or "").casefold()
    is_named = name in product.controls or any(name.startswith(it) for it in product.prefixes)
    return is_named or (bool(product.service) and service == product.service)
