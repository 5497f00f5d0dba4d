"""The details page of a tenant."""

import msgspec

from integrations.views.csp.customer import CustomerDetails
from integrations.views.datasets import DatasetView
from integrations.views.evaluations import EvaluationView
from integrations.views.security.licenses import LicenseFigures
from integrations.views.security.mfa import MfaFigures
from integrations.views.security.secure_score import SecureScoreView
from integrations.views.status import HeldBack, StatusView
from integrations.views.table.tenant_row import TenantRow


class OrganizationName(msgspec.Struct, frozen=True, kw_only=True):
    """An Organization under the Syncro Tenant that the tenant is mapped to."""

    id: str
    name: str


class TenantDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The details page of a tenant; ``csp`` is set for a customer of a CSP only.

    ``held_back`` is set while no sync can start. ``given_up`` lists deletions of earlier mappings' data in which our
    own service fails.
    """

    tenant: TenantRow
    held_back: HeldBack | None
    csp: CustomerDetails | None
    user_count: int | None
    organizations: list[OrganizationName]
    secure_score: SecureScoreView
    mfa: MfaFigures
    licenses: LicenseFigures
    datasets: list[DatasetView]
    evaluations: list[EvaluationView]
    given_up: list[StatusView]
