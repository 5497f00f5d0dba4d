"""Tenants made up by chance, in which few addresses and names are shared by many, and what happens to them."""

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from integrations.domain.ids import OrganizationId
from integrations.domain.sync.records import User
from integrations.domain.user_sync.links import CHOICES, QUESTION_OF, Choice, KnownEndUser, Question
from integrations.domain.user_sync.scope.mailbox_kinds import MailboxData
from integrations.domain.user_sync.settings import Authority, SyncedField, UserFilter, UserSyncSettings, UserType
from tests.domain.user_sync.worlds import (
    ACME,
    BRANCH,
    World,
    at_domain,
    department,
    end_user,
    group,
    in_group,
    into,
    sync,
)

ADDRESSES = [f"{it}@contoso.example" for it in "abcdefgh"]
MADE_UP = [f"o{it}#EXT#@contoso.example" for it in range(6)]
NAMES = ["Ann Lee", "Bob Fox", "Cy Day", " "]
OBJECTS = [f"o{it}" for it in range(6)]
END_USERS = [f"e{it}" for it in range(6)]
GROUP = "g1"
_AUTHORITIES = [*Authority, *[Authority.MICROSOFT] * 4]


def some(random: Random, values: list[Any], most: int = 2) -> list[Any]:
    return random.sample(values, random.randint(0, most))


def home(row_id: str) -> str:
    """The address that a user or an End User mostly has: two of each have the same one."""
    return ADDRESSES[int(next(filter(str.isdigit, row_id))) // 2]


def any_user(random: Random, object_id: str) -> User:
    addresses = [home(object_id)] * 2 + random.sample(ADDRESSES, 1)
    if random.random() < 0.4:
        addresses = random.sample(ADDRESSES, 3)
    return User(
        id=object_id,
        name=random.choice(NAMES),
        username=addresses[0] if random.random() < 0.8 else MADE_UP[OBJECTS.index(object_id)],
        mail=addresses[1] if random.random() < 0.8 else None,
        aliases=addresses[2:] if random.random() < 0.2 else [],
        is_enabled=random.random() < 0.85,
        is_guest=random.random() < 0.1,
        department=random.choice(["Sales", "Post", None]),
        job_title=random.choice(["Chief", None]),
        mobile_phone=random.choice(["+49 30 1234567", None, None]),
        employee_id=random.choice(["1", "2", None]),
        immutable_id=random.choice([None, None, "m="]),
        license_ids=random.choice([[], ["paid"], ["paid"], ["free"]]),
    )


def any_end_user(random: Random, end_user_id: str) -> KnownEndUser:
    fields = {
        "name": random.choice(NAMES).strip(),
        "mail": random.choice([random.choice(ADDRESSES), home(end_user_id), home(end_user_id), None]),
        "job_title": random.choice(["Boss", None]),
        "mobile_phone": random.choice(["+49 30 1234567", None]),
    }
    return end_user(
        end_user_id,
        random.choice([ACME, BRANCH]),
        other_addresses=some(random, [*ADDRESSES, *MADE_UP], 1) if random.random() < 0.4 else [],
        is_active=random.random() < 0.9,
        keep_active=random.random() < 0.1,
        **{name: text for name, text in fields.items() if text},
    )


def any_settings(random: Random) -> UserSyncSettings:
    filters = [department("Sales"), in_group(GROUP), at_domain("contoso.example"), department()]
    filters += [in_group(exclude=(GROUP,)), UserFilter(user_types=[UserType.EXTERNAL_MEMBER, UserType.MEMBER])]
    everybody = UserFilter(user_types=random.choice([[UserType.MEMBER], list(UserType)]))
    organizations = [
        sync(ACME, random.choice(filters), is_on=random.random() < 0.9),
        sync(BRANCH, everybody, is_on=random.random() < 0.9),
    ]
    return into(
        *organizations[: random.choice([1, 2, 2])],
        enabled_only=random.random() < 0.8,
        licensed_only=random.random() < 0.2,
        mail_required=random.random() < 0.6,
        moves_by_itself=random.random() < 0.3,
        authority={it: random.choice(_AUTHORITIES) for it in (SyncedField.MAIL, SyncedField.JOB_TITLE)},
    )


def any_directory(random: Random) -> dict[str, Any]:
    groups = {GROUP: group(GROUP, *some(random, OBJECTS, 4))}
    return {
        "groups": random.choice([groups, groups, groups, {}, None]),
        "groups_are_current": random.random() < 0.8,
        "users_are_current": random.random() < 0.9,
        "verified_domains": random.choice([{"contoso.example"}, {"contoso.example"}, set()]),
        "paid_licenses": random.choice([None, {"paid"}]),
        "mailboxes": MailboxData(purposes={it: "shared" for it in OBJECTS if random.random() < 0.05}),
    }


def any_decision(random: Random, made: World) -> None:
    """Somebody decides about a user, mostly one in the queue."""
    object_id, question = random.choice(OBJECTS), random.choice(list(Question))
    organization_id, mail = random.choice([ACME, BRANCH]), random.choice(ADDRESSES)
    end_user_id = random.choice([*END_USERS, *made.end_users])
    items = [it for it in made.queue.values() if it.kind in QUESTION_OF]
    if items and random.random() < 0.7:
        item = random.choice(items)
        object_id, question = item.subject, QUESTION_OF[item.kind]
        organization_id, mail = item.organization_id or organization_id, item.mail or mail
        end_user_id = random.choice([it.end_user_id for it in item.candidates] or [end_user_id])
    choice = random.choice(sorted(CHOICES[question], key=str))
    more: dict[Question, dict[str, Any]] = {
        Question.IDENTITY: {"end_user_id": end_user_id} if choice is Choice.LINK else {},
        Question.MAIL: {"mail": mail},
        Question.ORGANIZATION: {"organization_id": organization_id},
    }
    made.decides(object_id, choice, question, **more[question])


def any_world(random: Random) -> World:
    """A world in which a sync was never run, or was run before everything changed."""
    made = World(settings=any_settings(random), directory=any_directory(random))
    made.has(*(any_user(random, it) for it in some(random, OBJECTS, 4)))
    made.has(*(any_end_user(random, it) for it in some(random, END_USERS, 4)))
    for _ in range(random.choice([0, 1, 2, 2])):
        made.run()
        for _ in range(random.randint(1, 5)):
            happens(random, made)
    for _ in range(random.choice([0, 1, 3])):
        any_decision(random, made)
    made.erased = {*made.erased, *(some(random, [*OBJECTS, *ADDRESSES], 1) if random.random() < 0.3 else [])}
    return made


def happens(random: Random, made: World) -> None:
    """Something changes."""
    random.choice(_HAPPENINGS)(random, made)


def _decides(random: Random, made: World) -> None:
    any_decision(random, made)


def _everything_changes(random: Random, made: World) -> None:
    made.settings, made.directory = any_settings(random), any_directory(random)


def _user_changes(random: Random, made: World) -> None:
    object_id = random.choice(OBJECTS)
    changed = any_user(random, object_id)
    if object_id in made.users and random.random() < 0.3:
        del made.users[object_id]
    elif object_id in made.users:
        names = random.sample(["name", "mail", "username", "is_enabled", "department", "job_title", "aliases"], 2)
        made.changes_user(object_id, **{it: getattr(changed, it) for it in names})
    else:
        made.has(changed)


def _addresses_pass_on(random: Random, made: World) -> None:
    """Two people exchange their addresses, or one gets that of an End User."""
    if len(made.users) < 2:
        return
    first, second = random.sample(sorted(made.users), 2)
    mails = [it.values[SyncedField.MAIL] for it in made.end_users.values() if SyncedField.MAIL in it.values]
    if random.random() < 0.5 and mails:
        made.changes_user(first, mail=random.choice(mails))
    else:
        mail = made.users[first].mail
        made.changes_user(first, mail=made.users[second].mail)
        made.changes_user(second, mail=mail)


def _has_new_account(random: Random, made: World) -> None:
    """Somebody's account is deleted, and another one has its address."""
    number = random.randrange(len(OBJECTS) // 2) * 2
    gone, new = random.sample(OBJECTS[number : number + 2], 2)
    before = made.users.pop(gone, None)
    changed = any_user(random, new)
    ids: dict[str, Any] = {"mail": before.mail, "username": before.username} if before else {}
    if before and random.random() < 0.5:
        ids["employee_id"] = before.employee_id
    made.has(msgspec.structs.replace(changed, **ids))


def _end_user_changes(random: Random, made: World) -> None:
    end_user_id = random.choice([*END_USERS, *made.end_users])
    changed = any_end_user(random, end_user_id)
    before = made.end_users.get(end_user_id)
    if before is None:
        made.has(changed)
    elif random.random() < 0.1:
        made.erases(end_user_id)
    else:
        because = None if changed.is_active != before.is_active or changed.is_active else before.inactive_because
        organization_id: OrganizationId = random.choice([before.organization_id, changed.organization_id])
        made.end_users[end_user_id] = msgspec.structs.replace(
            changed, organization_id=organization_id, inactive_because=because
        )


def _undoes(random: Random, made: World) -> None:
    if not made.links:
        return
    object_id = random.choice(sorted(made.links))
    made.undoes(object_id)


_HAPPENINGS: list[Callable[[Random, World], None]] = [
    *[_user_changes] * 3,
    *[_has_new_account, _addresses_pass_on, _end_user_changes, _decides] * 2,
    _undoes,
    _everything_changes,
]
