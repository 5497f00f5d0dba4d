"""All data sets a sync reads, in the order they are stored."""

from integrations.microsoft.conditional_access import CONDITIONAL_ACCESS
from integrations.microsoft.cross_tenant_access import CROSS_TENANT_ACCESS
from integrations.microsoft.dataset import Dataset
from integrations.microsoft.devices import DEVICES
from integrations.microsoft.domains import DOMAINS
from integrations.microsoft.group_settings import GROUP_SETTINGS
from integrations.microsoft.groups import GROUPS
from integrations.microsoft.licenses import LICENSES
from integrations.microsoft.managed_devices import MANAGED_DEVICES
from integrations.microsoft.named_locations import NAMED_LOCATIONS
from integrations.microsoft.organization import ORGANIZATION
from integrations.microsoft.policies import (
    ADMIN_CONSENT_REQUESTS,
    AUTHENTICATION_METHODS,
    AUTHORIZATION_POLICY,
    SECURITY_DEFAULTS,
)
from integrations.microsoft.registrations import REGISTRATIONS
from integrations.microsoft.roles import ROLES
from integrations.microsoft.secure_score import SECURE_SCORE, SECURE_SCORE_CONTROLS
from integrations.microsoft.sign_ins import SIGN_INS
from integrations.microsoft.subscriptions import SUBSCRIPTIONS
from integrations.microsoft.users import USERS

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
