"""The details page of a tenant."""

import msgspec

from integrations.domain.ids import OrganizationId
from integrations.views.connect.permissions import MissingPermissions
from integrations.views.csp.customer import CustomerDetails
from integrations.views.datasets import DatasetView
from integrations.views.evaluations import EvaluationView
from integrations.views.security.licenses import LicenseFigures
from integrations.views.security.mfa import MfaFigures
from integrations.views.security.secure_score import SecureScoreView
from integrations.views.status import HeldBack, StatusView
from integrations.views.table.tenant_row import TenantRow
from integrations.views.user_sync.chip import UserSyncChipView


class OrganizationName(msgspec.Struct, frozen=True, kw_only=True):
    """An Organization under the Syncro Tenant that the tenant is mapped to.

    Attributes:
        id: The Organization.
        name: The client's name.
    """

    id: OrganizationId
    name: str


class TenantDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The details page of a tenant; ``csp`` is set for a customer of a CSP only.

    ``given_up`` lists deletions of earlier mappings' data in which our own service fails.

    Attributes:
        tenant: Its row of the table.
        csp: How it is reached through its CSP. Null for a single tenant.
        user_count: How many users it has, guests included. Null until they have been read.
        organizations: The Organizations under the Syncro Tenant that it is mapped to.
        secure_score: Its Secure Score with the trend.
        mfa: How many people have registered for MFA.
        licenses: Totals of its licenses.
        datasets: How fresh each data set is.
        evaluations: The state of each evaluation.
        user_sync: What its user sync is doing. Null while it is not mapped.
        held_back: Why no sync can start. Null while one can.
        missing_permissions: What it has not granted, by our latest sign-in to it. Null if it has granted all.
        given_up: Deletions of earlier mappings' data in which our own service fails.
    """

    tenant: TenantRow
    user_sync: UserSyncChipView | None
    held_back: HeldBack | None
    csp: CustomerDetails | None
    user_count: int | None
    organizations: list[OrganizationName]
    secure_score: SecureScoreView
    mfa: MfaFigures
    licenses: LicenseFigures
    datasets: list[DatasetView]
    evaluations: list[EvaluationView]
    missing_permissions: MissingPermissions | None
    given_up: list[StatusView]
