"""All data sets that a sync reads, in the order in which they are stored."""

from integrations.microsoft.dataset import Dataset
from integrations.microsoft.readers.app_management import APP_MANAGEMENT_POLICIES, DEFAULT_APP_MANAGEMENT_POLICY
from integrations.microsoft.readers.authentication_methods import AUTHENTICATION_METHODS, BETA_AUTHENTICATION_METHODS
from integrations.microsoft.readers.authentication_strengths import AUTHENTICATION_STRENGTHS
from integrations.microsoft.readers.conditional_access import AGENT_CONDITIONAL_ACCESS, CONDITIONAL_ACCESS
from integrations.microsoft.readers.cross_tenant_access import CROSS_TENANT_ACCESS
from integrations.microsoft.readers.device_users import DEVICE_USERS
from integrations.microsoft.readers.devices import DEVICES
from integrations.microsoft.readers.domains import DOMAINS
from integrations.microsoft.readers.group_settings import GROUP_SETTINGS
from integrations.microsoft.readers.groups import GROUPS
from integrations.microsoft.readers.licenses import LICENSES
from integrations.microsoft.readers.mailbox_purposes import MAILBOX_PURPOSES
from integrations.microsoft.readers.managed_devices import MANAGED_DEVICES
from integrations.microsoft.readers.named_locations import NAMED_LOCATIONS
from integrations.microsoft.readers.organization import ORGANIZATION
from integrations.microsoft.readers.per_user_mfa import PER_USER_MFA
from integrations.microsoft.readers.permission_classifications import PERMISSION_CLASSIFICATIONS
from integrations.microsoft.readers.policies import ADMIN_CONSENT_REQUESTS, AUTHORIZATION_POLICY, SECURITY_DEFAULTS
from integrations.microsoft.readers.registrations import REGISTRATIONS
from integrations.microsoft.readers.role_policies import GROUP_ROLE_POLICIES, ROLE_POLICIES
from integrations.microsoft.readers.role_schedules import ROLE_ASSIGNMENTS, ROLE_ELIGIBILITIES
from integrations.microsoft.readers.roles import ROLES
from integrations.microsoft.readers.rooms import ROOMS
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
    DEVICE_USERS,
    GROUPS,
    SECURE_SCORE,
    SECURE_SCORE_CONTROLS,
    REGISTRATIONS,
    PER_USER_MFA,
    ROLES,
    ROLE_ASSIGNMENTS,
    ROLE_ELIGIBILITIES,
    ROLE_POLICIES,
    GROUP_ROLE_POLICIES,
    CONDITIONAL_ACCESS,
    AUTHENTICATION_STRENGTHS,
    NAMED_LOCATIONS,
    SECURITY_DEFAULTS,
    AUTHORIZATION_POLICY,
    AUTHENTICATION_METHODS,
    ADMIN_CONSENT_REQUESTS,
    DEFAULT_APP_MANAGEMENT_POLICY,
    APP_MANAGEMENT_POLICIES,
    PERMISSION_CLASSIFICATIONS,
    CROSS_TENANT_ACCESS,
    GROUP_SETTINGS,
    SIGN_INS,
    ROOMS,
    MAILBOX_PURPOSES,
    AGENT_CONDITIONAL_ACCESS,
    BETA_AUTHENTICATION_METHODS,
)
BY_NAME = {it.name: it for it in DATASETS}


def readable(*, with_beta: bool) -> tuple[Dataset, ...]:
    """The data sets that are read; those of /beta only where the operator has switched them on."""
    return tuple(it for it in DATASETS if with_beta or not it.is_beta)
