"""Who can sign in where: tenants by the segment of an address, and people by their sign-in name."""

from collections.abc import Iterator

from local.microsoft.entra.errors import EntraError
from local.microsoft.entra.metadata import SHARED
from local.microsoft.entra.sign_in.pages import AccountChoice
from local.microsoft.world.collection import Object
from local.microsoft.world.roles import ROLE_NAMES
from local.microsoft.world.seeds import GUEST_EVERY
from local.microsoft.world.state import WorldState
from local.microsoft.world.tenants import TenantState

_FIRST_USERS = 3
_MAX_LISTED = 1000


class Accounts:
    """Looks up tenants and users for the pages and for token requests."""

    def __init__(self, world: WorldState) -> None:
        self._world = world

    def tenant(self, segment: str) -> TenantState:
        tenant = self._world.find_tenant(segment)
        if tenant is None:
            raise EntraError(
                "invalid_tenant", 90002, f"Tenant '{segment}' not found. Check that the tenant ID is correct."
            )
        return tenant

    def person(self, segment: str, username: str) -> tuple[TenantState, Object]:
        """Somebody who may sign in: in a named tenant its members and guests, otherwise anybody."""
        scope = None if segment in SHARED else self.tenant(segment)
        match = self._world.find_person(username, scope)
        if match is None:
            code = 50034 if scope is None else 50020
            raise EntraError("invalid_grant", code, f"The user account {username} does not exist in this directory.")
        if not match[1]["accountEnabled"]:
            raise EntraError("invalid_grant", 50057, "The user account is disabled.")
        return match

    def choices(self, segment: str, hint: str, client_id: str = "") -> list[AccountChoice]:
        """Who the page offers: one who was hinted at, else a few of everybody.

        Administrators come first, beginning with those of tenants where the application is not known yet.
        """
        if hint:
            tenant, person = self.person(segment, hint)
            return [_account_choice(tenant, person)]
        scopes = (
            [it for it in self._world.tenants.values() if it.exists] if segment in SHARED else [self.tenant(segment)]
        )
        scopes.sort(key=lambda tenant: client_id in tenant.principals)
        listed = [_account_choice(tenant, person) for tenant in scopes for person in _suggested(tenant)]
        return sorted(listed, key=lambda choice: not choice.is_admin)[:_MAX_LISTED]


def _account_choice(tenant: TenantState, person: Object) -> AccountChoice:
    roles = [ROLE_NAMES[role] for role in tenant.roles_of(person["id"])]
    role = ", ".join(roles) or ("guest" if person["userType"] == "Guest" else "user")
    state = "" if person["accountEnabled"] else ", blocked"
    text = f"{person['displayName']} · {tenant.name} · {role}{state}"
    return AccountChoice(person["userPrincipalName"], text, is_admin=bool(roles) and person["accountEnabled"])


def _suggested(tenant: TenantState) -> Iterator[Object]:
    """The first few people, one guest, whoever holds a role, and whoever was added or changed."""
    positions = [*range(min(_FIRST_USERS, tenant.users.seeded)), *range(GUEST_EVERY - 1, tenant.users.seeded)][
        : _FIRST_USERS + 1
    ]
    keys = [tenant.users.id_of(place) for place in positions]
    keys += [it.principal_id for it in tenant.assignments]
    keys += [member for group in tenant.groups.values() for member in sorted(group.members)]
    keys += [person["id"] for person in tenant.users.modified()]
    people = (tenant.users.get(key) for key in dict.fromkeys(keys))
    return (person for person in people if person is not None)
