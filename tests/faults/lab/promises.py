"""What a user sync may do, whatever its code says: told from what is stored before a run and after it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.domain.ids import EndUserId, OrganizationId, TenantId, end_user_id_for
from tests.faults.lab.links import partitions
from tests.faults.lab.people import people_of
from tests.stored import Store

Documents = dict[str, dict[str, Any]]

_FIELDS = ("name", "given_name", "surname", "mail", "phone", "mobile_phone", "job_title")
_IDENTITY = {
    "several_end_users",
    "several_microsoft_users",
    "already_linked",
    "name_only",
    "rehire_or_other_person",
}
_MOST_NUMBERS = 9


@dataclass(frozen=True)
class Told:
    """What is known beside what is stored.

    ``users`` are Microsoft's by their ids, ``settings`` as they are shown; ``purposes`` are all that a mailbox had.
    """

    tenant_id: str
    users: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    purposes: Mapping[str, Collection[str]]


class State:
    """End Users of all Organizations, and what is stored of one tenant's user sync."""

    def __init__(self, store: Store, tenant_id: str) -> None:
        self.people: Documents = {}
        for _, organization, kinds in people_of(store):
            self.people |= {
                key: {**it, "organization_id": organization} for key, it in kinds.get("end_user", {}).items()
            }
        kinds = next((it for _, tenant, it in partitions(store) if tenant == tenant_id), {})
        self.links: Documents = kinds.get("user_link", {})
        self.questions = [it["item"] for it in kinds.get("user_sync_question", {}).values()]
        self.decisions = {(it["object_id"], it["question"]): it for it in kinds.get("user_sync_decision", {}).values()}
        self.head = kinds.get("user_sync_head", {}).get("current", {})

    def link_of(self, person: str) -> dict[str, Any] | None:
        return next((it for it in self.links.values() if it.get("end_user_id") == person), None)


def broken_promises(before: State, after: State, told: Told) -> Iterator[str]:
    """What a run did that it may not have done."""
    if "failure" in after.head:
        yield f"the user sync failed: {after.head['failure']}"
    for key, person in before.people.items():
        now = after.people.get(key)
        if now is None:
            yield f"{key} is gone"
            continue
        blanked = [it for it in _FIELDS if person.get(it) and not now.get(it)]
        if blanked:
            yield f"{blanked} of {key} became blank"
        yield from _activity(person, now, before, told)
        yield from _move(person, now, before, told)
    for object_id, link in after.links.items():
        was = before.links.get(object_id)
        if link.get("end_user_id") and (was is None or was.get("end_user_id") != link["end_user_id"]):
            yield from _link(link, was, before, told)
    yield from _decided(before, after)
    if after.head.get("is_on") and not after.head.get("hold"):
        for it in after.questions:
            yield from (f"{it['kind']} is asked about {it['subject']}, {why}" for why in _answered(it, after, told))


def _answered(question: Mapping[str, Any], after: State, told: Told) -> Iterator[str]:
    """Why a question need not be asked, or not any more."""
    kind, subject = question["kind"], question["subject"]
    link = after.links.get(subject, {})
    linked = link.get("end_user_id")
    gone = [it["end_user_id"] for it in question.get("candidates", []) if it["end_user_id"] not in after.people]
    if gone:
        yield f"who may be {gone}, who are gone"
    if kind == "filter_broken":
        return
    if subject not in told.users:
        yield "who is gone"
    if kind in _IDENTITY and linked in after.people:
        yield f"who is {linked}"
    if kind in _IDENTITY and after.decisions.get((subject, "identity"), {}).get("choice") == "ignore":
        yield "whom somebody ignored"
    if kind == "would_move" and link.get("organization_id") == question["organization_id"]:
        yield "who is where it was accepted"
    if kind == "email_taken":
        others = (it for key, it in after.people.items() if key != linked)
        is_taken = any(question["mail"].lower() in _addresses_of_person(it) for it in others)
        if not is_taken and not question.get("rivals"):  # what two are to have nobody gets
            yield f"as nobody has {question['mail']}"


def _activity(person: Mapping[str, Any], now: Mapping[str, Any], before: State, told: Told) -> Iterator[str]:
    key, was, is_now = person["id"], person.get("is_active", True), now.get("is_active", True)
    if not was and is_now and person.get("inactive_reason") == "portal":
        yield f"{key} became active, whom the portal had made inactive"
    if not was or is_now:
        return
    link, reason = before.link_of(key), now.get("inactive_reason")
    user = told.users.get(link["object_id"]) if link else None
    if person.get("keep_active") or link is None:
        yield f"{key} became inactive ({reason}), and is {'kept active' if link else 'linked to nobody'}"
    elif reason == "deleted":
        yield from [f"{key} became inactive as deleted, and is there"] if user else []
    elif user is None:
        yield f"{key} became inactive as {reason}, and is deleted"
    elif reason == "disabled":
        yield from [f"{key} became inactive as disabled, and is not"] if user["accountEnabled"] else []
    elif reason == "unrouted":
        yield from [f"{key} became inactive as unrouted"] if _takes_everybody(told) else []
    elif {"shared_mailbox": "shared"}.get(str(reason), reason) not in told.purposes.get(user["id"], ()):
        yield f"{key} became inactive as {reason}, and its mailbox never was one"


def _takes_everybody(told: Told) -> bool:
    filters = [it["filter"] for it in told.settings["organizations"]]
    return any(not it["department"]["include"] and not it["group"]["include"] for it in filters)


def _move(person: Mapping[str, Any], now: Mapping[str, Any], before: State, told: Told) -> Iterator[str]:
    source, target = person["organization_id"], now["organization_id"]
    if source == target:
        return
    link = before.link_of(person["id"])
    decision = before.decisions.get((link["object_id"], "organization"), {}) if link else {}
    is_decided = decision.get("choice") == "move" and decision.get("organization_id") == target
    follows = link is not None and told.settings["moves_by_itself"] and link["linked_by"] == "created"
    if not is_decided and not follows:
        yield f"{person['id']} moved to {target}, and nobody said so"
    if link is not None and link["organization_id"] == target:
        yield f"{person['id']} moved back to {target}"


def _link(link: Mapping[str, Any], was: Mapping[str, Any] | None, before: State, told: Told) -> Iterator[str]:
    object_id, key, by = link["object_id"], link["end_user_id"], link["linked_by"]
    decision = before.decisions.get((object_id, "identity"), {})
    user, person = told.users.get(object_id), before.people.get(key)
    if user is None:
        yield f"{object_id} was linked with {key}, and is gone"
        return
    if was is not None and not was.get("end_user_id") and decision.get("choice") not in {"link", "create"}:
        yield f"{object_id} was linked with {key}, and somebody had undone a link of it"
    if by == "created":
        yield from [] if key in set(_own_ids(object_id, told)) else [f"{key} was made for another than {object_id}"]
    elif by == "decision":
        is_decided = decision.get("end_user_id") == key
        yield from [] if is_decided else [f"{object_id} was linked with {key}, and decided is {decision}"]
    elif by == "rehire":
        yield from _rehired(key, user, before, told)
    elif person is None or not _addresses_of(user) & _addresses_of_person(person):
        yield f"{object_id} was linked by {by} with {key}, and they share no address"


def _rehired(key: str, user: Mapping[str, Any], before: State, told: Told) -> Iterator[str]:
    former = before.link_of(key) or {}
    ids = {former.get("employee_id"), former.get("immutable_id")} - {None}
    if former.get("object_id") in told.users or not ids & {user.get("employeeId"), user.get("onPremisesImmutableId")}:
        yield f"{user['id']} was linked with {key} of {former} as the same person"


def _decided(before: State, after: State) -> Iterator[str]:
    yield from (f"{it} was decided and is forgotten" for it in before.decisions.keys() - after.decisions.keys())


def _own_ids(object_id: str, told: Told) -> Iterator[str]:
    for it in told.settings["organizations"]:
        for number in range(_MOST_NUMBERS):
            organization = OrganizationId(it["organization_id"])
            made: EndUserId = end_user_id_for(organization, TenantId(told.tenant_id), object_id, str(number))
            yield made


def _addresses_of(user: Mapping[str, Any]) -> set[str]:
    aliases: Sequence[str] = user.get("proxyAddresses") or ()
    texts = [user.get("mail"), user.get("userPrincipalName"), *(it.partition(":")[2] for it in aliases)]
    return {it.lower() for it in texts if it}


def _addresses_of_person(person: Mapping[str, Any]) -> set[str]:
    texts = [person.get("mail"), person.get("username"), *person.get("aliases", [])]
    return {it.lower() for it in texts if it}
