"""The rules of a user sync once more: slow, without any index, one after another. It shares no rule with the app."""

from typing import Any

from integrations.domain.sync.records import User
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.links import Choice, KnownEndUser, Question
from integrations.domain.user_sync.settings import Authority, OrganizationSync, SyncedField, TextFilter
from tests.domain.user_sync.worlds import ACME


class Reference:
    """What becomes of each user, and each End User afterwards."""

    def __init__(self, inputs: UserSyncInputs) -> None:
        self.i, self.d, self.s = inputs, inputs.directory, inputs.settings
        self.users, self.people = inputs.directory.users, inputs.end_users
        self.linked: dict[str, str] = {}
        self.new: set[str] = set()
        self.outcomes: dict[str, Any] = {}
        self.link()
        self.match()

    def verdict(self, user: User, organization: OrganizationSync) -> str:
        """yes, no, maybe (a group is not known), or "stale yes" and "stale no"."""
        f = organization.filter
        kind = "guest" if user.is_guest else "external_member" if "#EXT#" in user.username else "member"
        if kind not in [it.value for it in f.user_types]:
            return "no"
        if not text_allows(user.department, f.department) or not text_allows(user.office, f.office):
            return "no"
        if f.domain.include or f.domain.exclude:
            domain = ((user.mail or user.username) or "").lower().partition("@")[2]
            if (f.domain.include and domain not in f.domain.include) or domain in f.domain.exclude:
                return "no"
        if not f.group.include and not f.group.exclude:
            return "yes"
        if any(self.d.groups is None or it not in self.d.groups for it in [*f.group.include, *f.group.exclude]):
            return "maybe"
        is_in = any(self.is_member(user.id, it, set()) for it in f.group.include) or not f.group.include
        is_out = any(self.is_member(user.id, it, set()) for it in f.group.exclude)
        return ("" if self.d.groups_are_current else "stale ") + ("yes" if is_in and not is_out else "no")

    def is_member(self, object_id: str, group_id: str, seen: set[str]) -> bool:
        if group_id in seen or group_id not in (self.d.groups or {}):
            return False
        seen.add(group_id)
        members = (self.d.groups or {})[group_id].members
        return object_id in members or any(self.is_member(object_id, it, seen) for it in members)

    def route(self, user: User) -> tuple[str | None, bool, bool]:
        """The Organization, whether that is sure, and whether it can be known at all."""
        sure = True
        for organization in self.s.organizations:
            verdict = self.verdict(user, organization)
            if verdict == "maybe":
                return None, False, False
            sure = sure and "stale" not in verdict
            if "yes" in verdict:
                return organization.organization_id, sure, True
        return None, sure, True

    def is_off(self, organization_id: str | None) -> bool:
        return any(it.organization_id == organization_id and not it.is_on for it in self.s.organizations)

    def reasons(self, user: User) -> list[str]:
        found = []
        if self.s.people_only and self.d.mailboxes.purposes.get(user.id) == "shared":
            found.append("shared_mailbox")
        if self.s.enabled_only and user.is_enabled is False:
            found.append("disabled")
        paid = [it for it in user.license_ids if self.d.paid_licenses is None or it in self.d.paid_licenses]
        if self.s.licensed_only and not paid:
            found.append("unlicensed")
        organization_id, sure, _ = self.route(user)
        if organization_id is None and sure:
            found.append("unrouted")
        return found

    def is_possible(self, user: User) -> bool:
        """Whether a user may get an End User that exists."""
        organization_id = self.route(user)[0]
        is_in = organization_id is not None and not [it for it in self.reasons(user) if it != "disabled"]
        return is_in and not self.is_off(organization_id) and not self.is_frozen_by_link(user.id)

    def is_frozen_by_link(self, object_id: str) -> bool:
        person = self.people.get(self.linked.get(object_id, ""))
        return person is not None and self.is_frozen(object_id, person)

    def link(self) -> None:
        for object_id, link in sorted(self.i.links.items()):
            taken = self.linked.values()
            if object_id in self.users and link.end_user_id in self.people and link.end_user_id not in taken:
                self.linked[object_id] = link.end_user_id  # type: ignore[assignment]
        self.refused: dict[str, str] = {}
        if not self.d.users_are_current:
            return
        self.link_decided()
        for object_id, user in self.users.items():
            if object_id in self.linked or object_id in self.refused or not self.is_possible(user):
                continue
            own = self.i.new_end_user_id(ACME, object_id, self.times_undone(object_id))
            if own in self.people and own not in self.linked.values() and not self.is_ignored(object_id):
                self.linked[object_id] = own
            elif self.choice(object_id) is Choice.CREATE and self.can_be_made(user):
                self.create(object_id)

    def can_be_made(self, user: User) -> bool:
        return not self.reasons(user) and not self.is_erased(user) and self.first_name(user) is not None

    def link_decided(self) -> None:
        wanted = {}
        for decision in self.i.decisions.values():
            object_id, end_user_id = decision.object_id, decision.end_user_id
            if decision.choice is not Choice.LINK or end_user_id not in self.people or object_id not in self.users:
                continue
            if self.linked.get(object_id) != end_user_id and self.is_possible(self.users[object_id]):
                wanted[object_id] = end_user_id
        granted = exchange(wanted, self.linked, {})
        self.refused = {it: wanted[it] for it in wanted if it not in granted}
        for object_id in granted:
            self.linked[object_id] = wanted[object_id]

    def create(self, object_id: str) -> None:
        undone = self.times_undone(object_id)
        while self.i.new_end_user_id(ACME, object_id, undone) in self.people:
            undone += 1
        self.linked[object_id] = self.i.new_end_user_id(ACME, object_id, undone)
        self.new.add(object_id)

    def times_undone(self, object_id: str) -> int:
        return len(self.i.links[object_id].undone) if object_id in self.i.links else 0

    def choice(self, object_id: str, question: Question = Question.IDENTITY) -> Choice | None:
        decision = self.i.decision(object_id, question)
        return decision.choice if decision else None

    def is_ignored(self, object_id: str) -> bool:
        choice = self.choice(object_id)
        return choice is Choice.IGNORE or (choice is None and self.times_undone(object_id) > 0)

    def is_erased(self, user: User) -> bool:
        return self.i.is_erased(user.id, set(addresses(user)))

    def holder(self, end_user_id: str) -> str | None:
        return next((it for it, linked in self.linked.items() if linked == end_user_id), None)

    def known_by(self, end_user_id: str) -> set[str]:
        """The addresses that an End User is known by."""
        holder, person = self.holder(end_user_id), self.people.get(end_user_id)
        mine = set(addresses(self.users[holder])) if holder else set()
        if person:
            mine |= {lower(it) for it in person.other_addresses}
            if not (holder and self.wish(holder)):
                mine |= {lower(person.values.get(SyncedField.MAIL) or "")}
        return mine - {""}

    def everybody(self) -> list[str]:
        return [*self.people, *(self.linked[it] for it in self.new)]

    def waits(self, object_id: str) -> str | None:
        """Why a user without End User is not looked at."""
        user = self.users[object_id]
        organization_id, _, is_known = self.route(user)
        if not self.d.users_are_current:
            return "users_not_current"
        if reasons := [it for it in self.reasons(user) if it != "disabled"]:
            return self.reasons(user)[0] if reasons else None
        if organization_id is None:
            return "unrouted" if is_known else "filter_broken"
        if self.is_off(organization_id):
            return "sync_off"
        if self.is_ignored(object_id):
            return "ignored"
        return "erased" if self.is_erased(user) else None

    def wanted(self, object_id: str) -> set[str]:
        mine = set(addresses(self.users[object_id]))
        found = {it for it in self.everybody() if self.known_by(it) & mine}
        there = {it for it in found if self.organization_after(it) == self.route(self.users[object_id])[0]}
        return there if len(there) == 1 else found

    def rivals(self, object_id: str) -> set[str]:
        mine, wanted = set(addresses(self.users[object_id])), self.wanted(object_id)
        others = [it for it in self.users if it not in self.linked and it != object_id and self.waits(it) is None]
        return {it for it in others if mine & set(addresses(self.users[it])) or wanted & self.wanted(it)}

    def match(self) -> None:
        open_ones = [it for it in self.users if it not in self.linked]
        found = {it: self.by_address(it) for it in open_ones}
        matched = {it[1] for it in found.values() if it and it[0] == "linked"}
        self.outcomes = {it: found[it] or self.otherwise(it, matched) for it in open_ones}
        for object_id, outcome in self.outcomes.items():
            if outcome[0] == "linked":
                self.linked[object_id] = outcome[1]
            elif outcome[0] == "created":
                self.create(object_id)

    def by_address(self, object_id: str) -> Any:
        if reason := self.waits(object_id):
            return "skipped", reason
        if object_id in self.refused:
            return self.refusal(object_id)
        wanted = self.wanted(object_id)
        question = self.question(object_id, wanted)
        if question:
            return "question", question, wanted
        return ("linked", *wanted) if wanted else None

    def question(self, object_id: str, wanted: set[str]) -> str | None:
        if len(wanted) > 1:
            return "several_end_users"
        if any(self.holder(it) for it in wanted):
            return "already_linked"
        if self.rivals(object_id):
            return "several_microsoft_users"
        gone = [it for it in map(self.gone_link, wanted) if it]
        is_other = any(not is_same_person(self.users[object_id], it) for it in gone)
        return "rehire_or_other_person" if is_other else None

    def refusal(self, object_id: str) -> Any:
        wanted = self.refused[object_id]
        return "question", "already_linked" if self.holder(wanted) else "several_microsoft_users", {wanted}

    def gone_link(self, end_user_id: str) -> Any:
        links = [it for it in self.i.links.values() if it.end_user_id == end_user_id]
        gone = [it for it in links if it.object_id not in self.users]
        return max(gone, key=lambda it: (it.since, it.object_id), default=None)

    def otherwise(self, object_id: str, matched: set[str]) -> Any:
        user = self.users[object_id]
        if "disabled" in self.reasons(user):
            return "skipped", "disabled"
        if self.s.mail_required and not self.mail(user):
            return "skipped", "no_email"
        if not self.first_name(user):
            return "skipped", "no_name"
        alike = {it for it in self.people if not self.holder(it) and it not in matched and self.is_alike(user, it)}
        return ("question", "name_only", alike) if alike else ("created",)

    def is_alike(self, user: User, end_user_id: str) -> bool:
        values, gone = self.people[end_user_id].values, self.gone_link(end_user_id)
        has_name = user.name.strip() and values.get(SyncedField.NAME, "").lower() == user.name.lower()
        has_number = user.mobile_phone and user.mobile_phone == values.get(SyncedField.MOBILE_PHONE)
        return bool(has_name or has_number or (gone and user.employee_id and gone.employee_id == user.employee_id))

    def mail(self, user: User) -> str | None:
        name = user.username
        is_likely = "#EXT#" not in name and name.partition("@")[2] in self.d.verified_domains
        return user.mail or (name if is_likely else None)

    def first_name(self, user: User) -> str | None:
        return user.name.strip() or self.mail(user)

    def accepted(self, object_id: str, person: KnownEndUser) -> str:
        link = self.i.links.get(object_id)
        return link.organization_id if link and link.end_user_id == person.id else person.organization_id

    def is_frozen(self, object_id: str, person: KnownEndUser) -> bool:
        user = self.users.get(object_id)
        return self.is_off(self.accepted(object_id, person)) or bool(user and self.is_off(self.route(user)[0]))

    def wish(self, object_id: str) -> str | None:
        """The address that an End User is to get."""
        person, user = self.people.get(self.linked[object_id]), self.users[object_id]
        mail, decision = self.mail(user), self.i.decision(object_id, Question.MAIL)
        if not mail:
            return None
        if decision and decision.choice is Choice.IGNORE and lower(decision.mail or "") == lower(mail):
            return None
        if person is None:
            return mail
        if self.is_frozen(object_id, person) or [it for it in self.reasons(user) if it != "disabled"]:
            return None
        return mail if self.is_written(SyncedField.MAIL, mail, object_id, person) else None

    def is_written(self, field: SyncedField, value: str, object_id: str, person: KnownEndUser) -> bool:
        before = person.values.get(field)
        link = self.i.links.get(object_id)
        last = link.last_values.get(field) if link and link.end_user_id == person.id else None
        authority = self.s.authority.get(field, Authority.MICROSOFT)
        if before is not None and (before == value or (field is SyncedField.MAIL and lower(before) == lower(value))):
            return False
        if authority is Authority.MICROSOFT:
            return True
        if authority is Authority.FILL_BLANK or (authority is Authority.ON_CHANGE and last is None):
            return before is None
        return authority is Authority.ON_CHANGE and value != last

    def mails(self) -> dict[str, str]:
        """The address of each End User afterwards."""
        now = {
            it.id: lower(it.values[SyncedField.MAIL]) for it in self.people.values() if SyncedField.MAIL in it.values
        }
        fixed = {it.id: {lower(other) for other in it.other_addresses} for it in self.people.values()}
        wishes = {self.linked[it]: lower(wish) for it in self.linked if (wish := self.wish(it))}
        granted = exchange(wishes, now, fixed)
        return now | {it: wishes[it] for it in granted}

    def titles(self) -> dict[str, str]:
        """The title of each End User afterwards."""
        titles = {it.id: it.values.get(SyncedField.JOB_TITLE) for it in self.people.values()}
        for object_id, end_user_id in self.linked.items():
            title, person = self.users[object_id].job_title, self.people.get(end_user_id)
            if title and self.is_title_written(object_id, title, person):
                titles[end_user_id] = title
        return {it: title for it, title in titles.items() if title}

    def is_title_written(self, object_id: str, title: str, person: KnownEndUser | None) -> bool:
        if person is None:
            return self.s.authority.get(SyncedField.JOB_TITLE) is not Authority.PORTAL
        is_out = [it for it in self.reasons(self.users[object_id]) if it != "disabled"]
        is_kept_up = not is_out and not self.is_frozen(object_id, person)
        return is_kept_up and self.is_written(SyncedField.JOB_TITLE, title, object_id, person)

    def organization_after(self, end_user_id: str) -> str | None:
        holder, person = self.holder(end_user_id), self.people.get(end_user_id)
        if person is None or holder is None:
            return person.organization_id if person else self.route(self.users[holder or ""])[0]
        there, is_sure, _ = self.route(self.users[holder])
        is_stuck = not self.d.users_are_current or not is_sure or self.reasons(self.users[holder])
        if there is None or is_stuck or self.is_frozen(holder, person) or there == self.accepted(holder, person):
            return person.organization_id
        decision = self.i.decision(holder, Question.ORGANIZATION)
        if decision and decision.organization_id == there:
            return there if decision.choice is Choice.MOVE else person.organization_id
        link = self.i.links.get(holder)
        is_linked = link is not None and link.end_user_id == end_user_id
        is_own = link.linked_by.value == "created" if link and is_linked else self.is_own(holder)
        return there if self.s.moves_by_itself and is_own else person.organization_id

    def is_own(self, object_id: str) -> bool:
        own = self.i.new_end_user_id(ACME, object_id, self.times_undone(object_id))
        is_decided = self.choice(object_id) is Choice.LINK and object_id not in self.refused
        return self.linked[object_id] == own and not is_decided

    def active(self) -> dict[str, tuple[bool, str | None]]:
        """Whether each End User is active afterwards, and why the sync keeps it inactive."""
        return {it: self.activity(it) for it in self.everybody()}

    def activity(self, end_user_id: str) -> tuple[bool, str | None]:
        person = self.people.get(end_user_id)
        if person is None:
            return True, None
        now = person.is_active, person.inactive_because.value if person.inactive_because else None
        holder, gone = self.holder(end_user_id), self.gone_link(end_user_id)
        object_id = holder or (gone.object_id if gone else None)
        if object_id is None or not self.d.users_are_current or self.is_frozen(object_id, person):
            return now
        reasons = self.reasons(self.users[holder]) if holder else ["deleted"]
        if holder and not reasons and self.route(self.users[holder])[0] is None:
            return now
        if person.keep_active or not reasons:
            return (True, None) if person.is_active or now[1] else now
        return (False, reasons[0]) if person.is_active or now[1] else now


def text_allows(text: str | None, f: TextFilter) -> bool:
    value = " ".join((text or "").lower().split())
    included = [it.value.lower() for it in f.include]
    if not value:
        return not included
    return (not included or value in included) and value not in [it.value.lower() for it in f.exclude]


def lower(text: str) -> str:
    return text.strip().lower()


def addresses(user: User) -> list[str]:
    name = [] if "#EXT#" in user.username else [user.username]
    return [lower(it) for it in [user.mail or "", *name, *user.aliases] if it]


def is_same_person(user: User, gone: Any) -> bool:
    pairs = ((user.employee_id, gone.employee_id), (user.immutable_id, gone.immutable_id))
    return any(isinstance(it, str) and it == other for it, other in pairs)


def exchange(wishes: dict[str, str], now: dict[str, str], fixed: dict[str, set[str]]) -> set[str]:
    """Those whose wish is granted: at first all, then fewer until nobody gets what another has."""
    granted = set(wishes)
    while True:
        refused = {it for it in granted if not _is_free(it, wishes, granted, now, fixed)}
        if not refused:
            return granted
        granted -= refused


def _is_free(
    it: str, wishes: dict[str, str], granted: set[str], now: dict[str, str], fixed: dict[str, set[str]]
) -> bool:
    thing = wishes[it]
    has_rival = any(other != it and wishes[other] == thing for other in wishes)
    is_kept = any(other != it and has == thing and other not in granted for other, has in now.items())
    is_fixed = any(other != it and thing in things for other, things in fixed.items())
    return not (has_rival or is_kept or is_fixed)
