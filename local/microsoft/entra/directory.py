"""Who can sign in where: tenants by the segment of an address, and people by their sign-in name."""

from collections.abc import Iterator

from local.microsoft.entra.metadata import SHARED
from local.microsoft.entra.pages import Choice
from local.microsoft.entra.refusals import Refused
from local.microsoft.objects import Object
from local.microsoft.roles import ROLE_NAMES
from local.microsoft.seeds import GUEST_EVERY
from local.microsoft.tenants import Tenant
from local.microsoft.world import World

_FIRST_FEW = 3
_MOST_LISTED = 200


class Directory:
    """Looks tenants and people up for the pages and for token requests."""

    def __init__(self, world: World) -> None:
        self._world = world

    def tenant(self, segment: str) -> Tenant:
        found = self._world.find_tenant(segment)
        if found is None:
            raise Refused(
                "invalid_tenant", 90002, f"Tenant '{segment}' not found. Check that the tenant ID is correct."
            )
        return found

    def person(self, segment: str, username: str) -> tuple[Tenant, Object]:
        """Somebody who may sign in: in a named tenant its members and guests, otherwise anybody."""
        scope = None if segment in SHARED else self.tenant(segment)
        found = self._world.find_person(username, scope)
        if found is None:
            code = 50034 if scope is None else 50020
            raise Refused("invalid_grant", code, f"The user account {username} does not exist in this directory.")
        if not found[1]["accountEnabled"]:
            raise Refused("invalid_grant", 50057, "The user account is disabled.")
        return found

    def choices(self, segment: str, hint: str) -> list[Choice]:
        """Who the page offers: one who was hinted at, else a few of everybody."""
        if hint:
            tenant, person = self.person(segment, hint)
            return [_choice(tenant, person)]
        scopes = (
            [it for it in self._world.tenants.values() if it.exists] if segment in SHARED else [self.tenant(segment)]
        )
        listed = [_choice(tenant, person) for tenant in scopes for person in _notable(tenant)]
        return listed[:_MOST_LISTED]


def _choice(tenant: Tenant, person: Object) -> Choice:
    roles = [ROLE_NAMES[role] for role in tenant.roles_of(person["id"])]
    standing = ", ".join(roles) or ("guest" if person["userType"] == "Guest" else "user")
    state = "" if person["accountEnabled"] else ", blocked"
    return Choice(tenant.name, person["userPrincipalName"], f"{person['displayName']} · {standing}{state}")


def _notable(tenant: Tenant) -> Iterator[Object]:
    """The first few people, one guest, whoever holds a role, and whoever was added or changed."""
    places = [*range(min(_FIRST_FEW, tenant.users.seeded)), *range(GUEST_EVERY - 1, tenant.users.seeded)][
        : _FIRST_FEW + 1
    ]
    keys = [tenant.users.id_of(place) for place in places]
    keys += [it.principal_id for it in tenant.assignments]
    keys += [member for group in tenant.groups.values() for member in sorted(group.members)]
    keys += [person["id"] for person in tenant.users.own()]
    people = (tenant.users.get(key) for key in dict.fromkeys(keys))
    return (person for person in people if person is not None)
