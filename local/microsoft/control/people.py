"""Users, guests, directory roles and groups."""

import random
from collections.abc import Sequence
from typing import Any

from local.microsoft.control.call import ControlCalls, call
from local.microsoft.graph.directory.roles import group_object
from local.microsoft.world import seeds
from local.microsoft.world.collection import Object
from local.microsoft.world.roles import GLOBAL_ADMINISTRATOR, ROLE_NAMES
from local.microsoft.world.tenants import Group, RoleAssignment, TenantState


class PeopleCalls(ControlCalls):
    """Users are Graph's objects: ``change_user(tenant_id, id, jobTitle=None)``. ``username`` may be an id, too."""

    @call
    def users(self, tenant_id: str) -> list[Object]:
        return list(self._world.tenant(tenant_id).users.all())

    @call
    def add_user(self, tenant_id: str, **properties: Any) -> Object:
        tenant = self._world.tenant(tenant_id)
        key = str(properties.get("id") or self._world.new_id("0e0e"))
        username = str(properties.get("userPrincipalName") or f"new{key[:8]}@{tenant.domain}")
        given, family = properties.get("givenName", "New"), properties.get("surname", "Person")
        user = seeds.user(key, given_name=given or "", family=family or "", username=username, mail=username)
        return tenant.users.add({**user, **properties, "id": key}, tenant.step())

    @call
    def change_user(self, tenant_id: str, user_id: str, **properties: Any) -> Object:
        tenant = self._world.tenant(tenant_id)
        return tenant.users.change(user_id, properties, tenant.step())

    @call
    def remove_user(self, tenant_id: str, user_id: str, *, permanently: bool = False, in_delta: bool = True) -> None:
        """Delete a user; with ``in_delta=False`` lists no longer hold the user, and no delta ever reports it."""
        tenant = self._world.tenant(tenant_id)
        if in_delta:
            tenant.users.remove(user_id, "deleted" if permanently else "changed", tenant.step())
        else:
            tenant.users.vanish(user_id)

    @call
    def restore_user(self, tenant_id: str, user_id: str) -> Object:
        tenant = self._world.tenant(tenant_id)
        return tenant.users.restore(user_id, tenant.step())

    @call
    def touch_users(self, tenant_id: str, count: int, *, seed: int = 1) -> list[str]:
        """Give ``count`` different users another job title; returns their ids."""
        tenant = self._world.tenant(tenant_id)
        positions = random.Random(seed).sample(range(tenant.users.positions()), count)
        keys = [user["id"] for position in positions if (user := tenant.users.at(position))]
        for key in keys:
            tenant.users.change(key, {"jobTitle": f"Title {tenant.sequence}"}, tenant.step())
        return keys

    @call
    def make_guest(self, tenant_id: str, username: str) -> Object:
        """Invite somebody: a person of another simulated tenant, or any mail address."""
        tenant = self._world.tenant(tenant_id)
        home = self._world.find_person(username)
        mail = str(home[1]["mail"]) if home else username
        name = f"{mail.replace('@', '_')}#EXT#@{tenant.initial_domain}"
        guest = seeds.user(self._world.new_id("9e57"), given_name="Guest", family="Person", username=name, mail=mail)
        guest |= {"userType": "Guest", "externalUserState": "Accepted", "displayName": mail.partition("@")[0]}
        if home:
            guest |= {part: home[1][part] for part in ("displayName", "givenName", "surname")}
            tenant.home_of[guest["id"]] = home[0].id
        return tenant.users.add(guest, tenant.step())

    @call
    def sign_out(self, tenant_id: str, username: str) -> None:
        """Revoke the person's refresh tokens."""
        tenant = self._world.tenant(tenant_id)
        tenant.signed_out_at[self._user_id(tenant, username)] = self._world.now()

    @call
    def give_role(
        self,
        tenant_id: str,
        username: str,
        role: str = GLOBAL_ADMINISTRATOR,
        *,
        through_group: bool = False,
        scope: str = "/",
    ) -> None:
        """Assign a role template over the whole tenant, or over a unit ("/administrativeUnits/{id}")."""
        if role not in ROLE_NAMES:
            raise KeyError(f"there is no role {role}")
        tenant = self._world.tenant(tenant_id)
        holder = self._user_id(tenant, username)
        if through_group:
            group = Group(self._world.new_id("6709"), f"{ROLE_NAMES[role]}s", is_assignable=True, members={holder})
            tenant.add_group(group)
            holder = group.id
        tenant.activated += [role] if role not in tenant.activated else []
        tenant.assignments.append(RoleAssignment(role, holder, scope))

    @call
    def take_role(self, tenant_id: str, username: str, role: str = GLOBAL_ADMINISTRATOR) -> None:
        """However it is held: by the user directly, or through a group that the user then leaves."""
        tenant = self._world.tenant(tenant_id)
        holder = self._user_id(tenant, username)
        tenant.assignments = [it for it in tenant.assignments if (it.role, it.principal_id) != (role, holder)]
        for group in tenant.groups.values():
            if role in tenant.direct_roles(group.id):
                tenant.change_member(group.id, holder, joins=False)

    # Groups. A member is a person by sign-in name or id, or another group by its id.

    @call
    def groups(self, tenant_id: str) -> list[Object]:
        return [group_object(it) for it in self._world.tenant(tenant_id).groups.values()]

    @call
    def add_group(self, tenant_id: str, name: str, members: Sequence[str] = ()) -> str:
        """A plain security group; returns its id."""
        tenant = self._world.tenant(tenant_id)
        group = Group(self._world.new_id("6708"), name, members={self._user_id(tenant, it) for it in members})
        tenant.add_group(group)
        return group.id

    @call
    def rename_group(self, tenant_id: str, group_id: str, name: str) -> None:
        self._world.tenant(tenant_id).rename_group(group_id, name)

    # Mailboxes.

    @call
    def set_mailbox(self, tenant_id: str, user_id: str, purpose: str | None) -> None:
        """What somebody's mailbox is for, in Exchange's words: user, shared, room, ...; None: there is none."""
        self._world.tenant(tenant_id).mailbox_purposes[user_id] = purpose

    @call
    def put_room(self, tenant_id: str, room_id: str, **properties: Any) -> None:
        """Add or change a room that can be booked: properties of a place."""
        rooms = self._world.tenant(tenant_id).rooms
        rooms[room_id] = rooms.get(room_id, {"id": room_id, "displayName": room_id}) | properties

    @call
    def remove_room(self, tenant_id: str, room_id: str) -> None:
        del self._world.tenant(tenant_id).rooms[room_id]

    def _user_id(self, tenant: TenantState, username: str) -> str:
        if tenant.users.get(username) is not None:
            return username
        match = self._world.find_person(username, tenant)
        if match is None:
            raise KeyError(f"nobody is called {username}")
        return str(match[1]["id"])
