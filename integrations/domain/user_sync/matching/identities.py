"""Who is whom before addresses are compared: by links, by decisions, and by the id of an End User. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from integrations.domain.ids import EndUserId, OrganizationId
from integrations.domain.user_sync.comparison import mail_key
from integrations.domain.user_sync.fields import first_name, wished_mail
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.links import Choice, KnownEndUser, LinkedBy, Question, UserLink
from integrations.domain.user_sync.matching.grants import grants
from integrations.domain.user_sync.matching.known_users import known_user
from integrations.domain.user_sync.scope.routing import Router
from integrations.domain.user_sync.settings import SyncedField


class Identities:
    """The users that have an End User, and the addresses by which End Users are known.

    Attributes:
        users: The users that exist, by object id.
        end_user_of: End Users by the object ids of users that exist.
        holder_of: The same, the other way around.
        linked_now: By what links are made that do not exist yet, by object id.
        created: Object ids of those whose End User is yet to be made, because somebody decided so.
        refused: End Users by the object ids of users that were to be linked with them, where that is impossible.
        former: Links of users that do not exist, by the End User.
        gone: Those of End Users that no other user has.
    """

    def __init__(self, inputs: UserSyncInputs, router: Router) -> None:
        self._inputs, self._router = inputs, router
        self._users = inputs.directory.users
        verified = inputs.directory.verified_domains
        self.users = {object_id: known_user(it, router, verified) for object_id, it in self._users.items()}
        self._new_ids: dict[tuple[str, int], EndUserId] = {}
        self.end_user_of = self._linked()
        self.linked_now: dict[str, LinkedBy] = {}
        self.created: set[str] = set()
        self.refused: dict[str, EndUserId] = {}
        if inputs.directory.users_are_current:
            self._add_decided_links()
            self._add_own()
        self.holder_of = {end_user: object_id for object_id, end_user in self.end_user_of.items()}
        self.former = self._former()
        self.gone = {it: link for it, link in self.former.items() if it not in self.holder_of}
        self._by_mail: defaultdict[str, list[EndUserId]] = defaultdict(list)
        self._by_other_address: defaultdict[str, list[EndUserId]] = defaultdict(list)
        self._by_address_of_user: defaultdict[str, list[EndUserId]] = defaultdict(list)
        self._index()
        self._known = self._by_mail.keys() | self._by_other_address.keys() | self._by_address_of_user.keys()

    def link(self, object_id: str, end_user_id: EndUserId) -> UserLink | None:
        """The link of a user with this End User, unless it is yet to be made."""
        link = self._inputs.links.get(object_id)
        return link if link and link.end_user_id == end_user_id else None

    def accepted_organization(self, object_id: str, end_user: KnownEndUser) -> OrganizationId:
        """Where a linked user belonged when that was last accepted."""
        link = self.link(object_id, end_user.id)
        return link.organization_id if link else end_user.organization_id

    def is_frozen(self, object_id: str, end_user: KnownEndUser) -> bool:
        """Whether the sync is off for the Organization that a linked user belongs to, or would now."""
        if not self._router.is_any_off:
            return False
        is_off = self._router.is_off(self.accepted_organization(object_id, end_user))
        return is_off or (object_id in self._users and not self.users[object_id].standing.route.is_on)

    def is_kept_up(self, object_id: str, end_user: KnownEndUser) -> bool:
        """Whether fields of the End User follow the user."""
        return not self.users[object_id].standing.is_left_out and not self.is_frozen(object_id, end_user)

    def mail_wish(self, object_id: str, end_user: KnownEndUser) -> str | None:
        """The address that a linked user's End User is to get, if nobody else has it."""
        if not self.is_kept_up(object_id, end_user):
            return None
        link = self.link(object_id, end_user.id)
        last = link.last_values if link else {}
        mail = wished_mail(self._inputs.settings, self.users[object_id].values, end_user, last)
        return None if mail is None or self._is_mail_ignored(object_id, mail) else mail

    def first_mail(self, object_id: str) -> str | None:
        """The address that an End User is to get that is made for a user."""
        mail = self.users[object_id].values.get(SyncedField.MAIL)
        return None if mail is None or self._is_mail_ignored(object_id, mail) else mail

    def _is_mail_ignored(self, object_id: str, mail: str) -> bool:
        decision = self._inputs.decision(object_id, Question.MAIL)
        is_ignored = decision is not None and decision.choice is Choice.IGNORE
        return is_ignored and mail_key(decision.mail if decision else None) == mail_key(mail)

    def _linked(self) -> dict[str, EndUserId]:
        """Links of users that exist with End Users that exist; the first of two with one End User."""
        linked: dict[EndUserId, str] = {}
        for object_id, link in sorted(self._inputs.links.items()):
            if object_id in self._users and link.end_user_id and link.end_user_id in self._inputs.end_users:
                linked.setdefault(link.end_user_id, object_id)
        return {object_id: end_user_id for end_user_id, object_id in linked.items()}

    def _add_decided_links(self) -> None:
        wishes = dict(self._decided_links())
        granted = grants(wishes, self.end_user_of, {})
        self.refused = {it: end_user for it, end_user in wishes.items() if it not in granted}
        self.end_user_of |= {it: wishes[it] for it in granted}
        self.linked_now |= dict.fromkeys(granted, LinkedBy.DECISION)

    def _decided_links(self) -> Iterator[tuple[str, EndUserId]]:
        for (object_id, question), decision in self._inputs.decisions.items():
            end_user_id = decision.end_user_id
            if question is not Question.IDENTITY or end_user_id is None or end_user_id not in self._inputs.end_users:
                continue
            if self._can_be_linked(object_id) and self.end_user_of.get(object_id) != end_user_id:
                yield object_id, end_user_id

    def _can_be_linked(self, object_id: str) -> bool:
        if object_id not in self._users:
            return False
        end_user_id, standing = self.end_user_of.get(object_id), self.users[object_id].standing
        is_frozen = end_user_id is not None and self.is_frozen(object_id, self._inputs.end_users[end_user_id])
        return standing.can_be_matched and standing.route.is_on and not is_frozen

    def _add_own(self) -> None:
        """End Users that were made earlier and have lost their link, or are made because somebody decided so."""
        held = set(self.end_user_of.values())
        for object_id in self._users:
            if object_id in self.end_user_of or object_id in self.refused or not self._can_be_linked(object_id):
                continue
            own = self._new_id(object_id, self._undone(object_id))
            if own in self._inputs.end_users and own not in held and not self.is_ignored(object_id):
                self.end_user_of[object_id] = own
                self.linked_now[object_id] = LinkedBy.CREATED
            elif self._is_created_by_decision(object_id):
                self.end_user_of[object_id] = self.free_id(object_id)
                self.created.add(object_id)

    def _undone(self, object_id: str) -> int:
        link = self._inputs.links.get(object_id)
        return len(link.undone) if link else 0

    def free_id(self, object_id: str) -> EndUserId:
        """The id of the End User that is made for a user: the first that none has."""
        number = self._undone(object_id)
        while (end_user_id := self._new_id(object_id, number)) in self._inputs.end_users:
            number += 1
        return end_user_id

    def _new_id(self, object_id: str, number: int) -> EndUserId:
        key = object_id, number
        new_id = self._new_ids.get(key)
        if new_id is None:
            organization_id = self.users[object_id].organization_id or OrganizationId("")
            new_id = self._new_ids[key] = self._inputs.new_end_user_id(organization_id, object_id, number)
        return new_id

    def is_ignored(self, object_id: str) -> bool:
        """Whether a user without End User stays so: by decision, or since a link was undone and nothing decided."""
        decision = self._inputs.decision(object_id, Question.IDENTITY)
        link = self._inputs.links.get(object_id)
        return decision.choice is Choice.IGNORE if decision else bool(link and link.undone)

    def _is_created_by_decision(self, object_id: str) -> bool:
        decision = self._inputs.decision(object_id, Question.IDENTITY)
        if decision is None or decision.choice is not Choice.CREATE:
            return False
        can_be_made = not self.users[object_id].standing.reasons and self.has_name(object_id)
        return can_be_made and not self.is_erased(object_id)

    def is_erased(self, object_id: str) -> bool:
        """Whether a user's data was erased on request: then no End User is made or looked for."""
        return self._inputs.is_erased(object_id, self.users[object_id].keys)

    def has_name(self, object_id: str) -> bool:
        return first_name(self.users[object_id].values) is not None

    def _former(self) -> dict[EndUserId, UserLink]:
        """Links of users that do not exist; of several with one End User the latest."""
        links = [it for it in self._inputs.links.values() if it.object_id not in self._users]
        gone = {it.end_user_id: it for it in sorted(links, key=lambda it: (it.since, it.object_id))}
        return {it: link for it, link in gone.items() if it and it in self._inputs.end_users}

    def are_new(self, keys: AbstractSet[str]) -> bool:
        """Whether no End User was ever known by any of these addresses."""
        return self._known.isdisjoint(keys)

    def known_by(self, key: str) -> set[EndUserId]:
        """Ids of End Users that are known by an address: their own, or one of their users.

        Not by a mail address that is to be replaced: it may belong to somebody else by now.
        """
        by_mail = {it for it in self._by_mail.get(key, ()) if not self._is_mail_replaced(it)}
        return by_mail.union(self._by_other_address.get(key, ()), self._by_address_of_user.get(key, ()))

    def _is_mail_replaced(self, end_user_id: EndUserId) -> bool:
        holder = self.holder_of.get(end_user_id)
        return holder is not None and self.mail_wish(holder, self._inputs.end_users[end_user_id]) is not None

    def _index(self) -> None:
        for end_user in self._inputs.end_users.values():
            if key := mail_key(end_user.values.get(SyncedField.MAIL)):
                self._by_mail[key].append(end_user.id)
            for key in filter(None, map(mail_key, end_user.other_addresses)):
                self._by_other_address[key].append(end_user.id)
        for object_id, end_user_id in self.end_user_of.items():
            for key in self.users[object_id].keys:
                self._by_address_of_user[key].append(end_user_id)
