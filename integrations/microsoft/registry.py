"""All data sets that a sync reads, in the order in which they are stored."""

from integrations.microsoft.dataset import Dataset
from integrations.microsoft.readers.conditional_access import CONDITIONAL_ACCESS
from integrations.microsoft.readers.cross_tenant_access import CROSS_TENANT_ACCESS
from integrations.microsoft.readers.devices import DEVICES
from integrations.microsoft.readers.domains import DOMAINS
from integrations.microsoft.readers.group_settings import GROUP_SETTINGS
from integrations.microsoft.readers.groups import GROUPS
from integrations.microsoft.readers.licenses import LICENSES
from integrations.microsoft.readers.managed_devices import MANAGED_DEVICES
from integrations.microsoft.readers.named_locations import NAMED_LOCATIONS
from integrations.microsoft.readers.organization import ORGANIZATION
from integrations.microsoft.readers.policies import (
    ADMIN_CONSENT_REQUESTS,
    AUTHENTICATION_METHODS,
    AUTHORIZATION_POLICY,
    SECURITY_DEFAULTS,
)
from integrations.microsoft.readers.registrations import REGISTRATIONS
from integrations.microsoft.readers.roles import ROLES
from integrations.microsoft.readers.secure_score import SECURE_SCORE, SECURE_SCORE_CONTROLS
from integrations.microsoft.readers.sign_ins import SIGN_INS
from integrations.microsoft.readers.subscriptions import SUBSCRIPTIONS
from integrations.microsoft.readers.users import USERS

DATASETS: tuple[Dataset, ...] = (
    ORGANIZATION,
    USERS,
    LICENSES,
    SUBSCRIPTIONS,
    DOMAINS,
    DEVICES,
    MANAGED_DEVICES,
    GROUPS,
    SECURE_SCORE,
    SECURE_SCORE_CONTROLS,
    REGISTRATIONS,
    ROLES,
    CONDITIONAL_ACCESS,
    NAMED_LOCATIONS,
    SECURITY_DEFAULTS,
    AUTHORIZATION_POLICY,
    AUTHENTICATION_METHODS,
    ADMIN_CONSENT_REQUESTS,
    CROSS_TENANT_ACCESS,
    GROUP_SETTINGS,
    SIGN_INS,
)
