"""What somebody may ask of a user sync and its people: each can be asked for again by whoever got no answer."""

import json
import random
from collections.abc import Mapping
from typing import Any

from tests.faults.lab.courses import Course, Ends, Request
from tests.faults.lab.lab import Lab
from tests.faults.lab.user_sync_outcomes import People, people_in
from tests.flows.portal import Portal

NAMES = ("Ann Lee", "Bob Fox", "Cy Day")
_MAILS = tuple(f"{it}@shared.example" for it in "abcd")
_ANSWERS = frozenset({200, 201, 202, 204, 404, 409, 412})


class UserSyncRequests(Course):
    """Requests about one tenant and two Organizations, drawn by chance from what is there."""

    lasting, head = "usersync", "user_sync_head"

    def __init__(self, lab: Lab, portal: Portal, tenant: dict[str, str], chance: random.Random, ends: Ends) -> None:
        super().__init__(lab, portal, tenant, chance, ends)
        self._organizations: tuple[str, ...] = ()
        self._group = ""
        self._erased: set[str] = set()

    def _decide(self, question: Mapping[str, Any]) -> Request:
        choice = self._chance.choice(question["choices"] or ["later"])
        body = {"choice": choice}
        if choice == "link" and question["candidates"]:
            body["end_user_id"] = self._chance.choice(question["candidates"])["end_user"]["id"]
        path = f"{self._path}/user-sync/queue/{question['id']}/decision"
        return lambda portal: _call(portal, "POST", path, body, {400})

    def _undo(self, object_id: str) -> Request:
        return lambda portal: _call(portal, "DELETE", f"{self._path}/user-sync/links/{object_id}")

    def _edited(self) -> Request:
        department = {"department": {"include": [{"value": self._chance.choice(["Sales", "Nowhere"])}]}}
        filters: tuple[dict[str, Any], ...] = ({}, department, {"group": {"include": [self._group]}})
        first, second = self._chance.sample(self._organizations, 2)
        organizations = [{"organization_id": first, "filter": self._chance.choice(filters)}]
        if organizations[0]["filter"] and self._chance.random() < 0.7:
            organizations.append({"organization_id": second})
        settings = {"organizations": organizations, "moves_by_itself": self._chance.random() < 0.5}
        return lambda portal: self._edit(portal, settings)

    def _edit(self, portal: Portal, settings: Mapping[str, Any]) -> None:
        plan = portal.ask("POST", f"{self._path}/user-sync/plan", {"settings": settings})
        body = {"settings": settings, "plan_hash": plan["plan_hash"]}
        _call(portal, "PUT", f"{self._path}/user-sync", body, headers={"if-match": "*"})

    def _off(self, portal: Portal) -> None:
        _call(portal, "DELETE", f"{self._path}/user-sync", headers={"if-match": "*"})

    def _release(self, portal: Portal) -> None:
        hold = portal.ask("GET", f"{self._path}/user-sync")["hold"]
        if hold:
            _call(portal, "POST", f"{self._path}/user-sync/release", {"plan_hash": hold["plan"]["plan_hash"]})

    def _push(self, external_id: str) -> Request:
        holders = [it for it in self._people(self._portal).values() if it["external_id"] == external_id]
        organization = holders[0]["organization_id"] if holders else self._organization()
        items = [{"external_id": external_id, "name": self._chance.choice(NAMES), "mail": self._mail()}]
        path = f"/organizations/{organization}/end-users/bulk"
        return lambda portal: _call(portal, "POST", path, {"items": items})

    def _erase(self, person: str) -> Request:
        self._erased.add(person)
        return lambda portal: _call(portal, "DELETE", f"/end-users/{person}")

    def _merge(self, person: str, other: str) -> Request:
        self._erased.add(other)
        return lambda portal: _call(portal, "POST", f"/end-users/{person}/merge", {"end_user_id": other})

    def _move(self, person: Mapping[str, Any]) -> Request:
        source = person["organization_id"]
        body = {
            "organization_id": next(it for it in self._organizations if it != source),
            "end_user_ids": [person["id"]],
        }
        return lambda portal: _call(portal, "POST", f"/organizations/{source}/end-users/move", body)

    def _keep(self, person: str) -> Request:
        return self._edit_person(person, keep_active=self._chance.random() < 0.7)

    def _let_go(self, person: str) -> Request:
        """The portal says that somebody does not belong to the Organization any more."""
        return self._edit_person(person, is_active=False)

    def _edit_person(self, person: str, **changes: Any) -> Request:
        def edit(portal: Portal) -> None:
            answer = portal.call("GET", f"/end-users/{person}")
            if answer.status == 200:
                values = json.loads(answer.body)
                names = ("name", "mail", "username", "aliases", "external_id", "is_active")
                _call(portal, "PUT", f"/end-users/{person}", {it: values[it] for it in names} | changes)

        return edit

    @property
    def _path(self) -> str:
        return f"/tenants/{self._tenant['id']}"

    def _organization(self) -> str:
        return self._chance.choice(self._organizations)

    def _mail(self) -> str | None:
        return self._chance.choice([*_MAILS, f"{self._chance.randrange(10**6)}@{self._tenant['domain']}", None])

    def _people(self, portal: Portal) -> People:
        return {key: it for organization in self._organizations for key, it in people_in(portal, organization).items()}


def nothing(_portal: Portal) -> None:
    """A sync, and nothing else."""


def _call(
    portal: Portal,
    method: str,
    path: str,
    body: object = None,
    more: frozenset[int] | set[int] = frozenset(),
    *,
    headers: Mapping[str, str] | None = None,
) -> None:
    answer = portal.call(method, path, body, headers=headers)
    assert answer.status in _ANSWERS | more, (method, path, answer.status, answer.body)
