"""Questions of a user sync that only a person can answer, as the API shows them."""

from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.ids import OrganizationId
from integrations.domain.sync.records import User
from integrations.domain.user_sync.links import CHOICES, QUESTION_OF, Choice, Question, QueueKind
from integrations.domain.user_sync.stored.state import OpenQuestion
from integrations.views.people.end_users import EndUserView
from integrations.views.tenant_details import OrganizationName
from shared.http.schemas import one_of

_ORDER = list(Choice)


class QuestionedUser(msgspec.Struct, frozen=True, kw_only=True):
    """The user that a question is about.

    Attributes:
        object_id: The user's object id at Microsoft.
        name: The name that Microsoft shows.
        username: The user principal name.
        mail: The mail address. Null if there is none.
        department: The department. Null if it is not set.
        office: The office. Null if it is not set.
        job_title: The job title. Null if it is not set.
        phone: The mobile phone number, or else the first of the business. Null if there is none.
        is_enabled: Whether the user can sign in. Null if Microsoft does not say.
        created_at: When the account was made. Null if Microsoft does not say.
    """

    object_id: str
    name: str
    username: str
    mail: str | None
    department: str | None
    office: str | None
    job_title: str | None
    phone: str | None
    is_enabled: bool | None
    created_at: datetime | None


class UserName(msgspec.Struct, frozen=True, kw_only=True):
    """A user, in short.

    Attributes:
        object_id: The user's object id at Microsoft.
        name: The name that Microsoft shows. Empty if the user is gone.
        username: The user principal name. Null if the user is gone.
        mail: The mail address. Null if there is none.
        is_gone: Whether the user does not exist any more.
    """

    object_id: str
    name: str
    username: str | None
    mail: str | None
    is_gone: bool


class CandidateView(msgspec.Struct, frozen=True, kw_only=True):
    """An End User that a user may be, or that has the address.

    Attributes:
        end_user: Who it may be.
        organization_name: The Organization that the End User is in.
        because: What both have in common, such as mail or name.
        linked_to: The user that the End User is linked to. Null if there is none.
    """

    end_user: EndUserView
    organization_name: str
    because: list[str]
    linked_to: UserName | None


class QuestionView(msgspec.Struct, frozen=True, kw_only=True):
    """A question that only a person can answer. Nothing is changed until somebody has.

    Attributes:
        id: The question.
        kind: What is not clear.
        question: What a decision is about. Null where there is nothing to decide, but a filter to repair.
        since: Since when it has been open.
        is_later: Whether somebody put it off.
        user: The user. Null for a filter.
        candidates: End Users that the user may be, or that have the address.
        rivals: Other users that may be the same End User.
        organization: Where the user belongs now, or whose filter it is. Null if that is not known.
        mail: The address that somebody else has. Null for other questions.
        missing_groups: Groups that a filter names and that do not exist, by object id.
        choices: What can be decided.
    """

    id: str
    kind: Annotated[str, one_of(QueueKind)]
    question: Annotated[str, one_of(Question)] | None
    since: datetime
    is_later: bool
    user: QuestionedUser | None
    candidates: list[CandidateView]
    rivals: list[UserName]
    organization: OrganizationName | None
    mail: str | None
    missing_groups: list[str]
    choices: list[Annotated[str, one_of(Choice)]]


class QuestionPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of questions.

    Attributes:
        items: The questions, by kind and then by user.
        next_cursor: The cursor of the next page. Null on the last one.
        total: How many questions there are on all pages.
        counts: How many there are of each kind.
    """

    items: list[QuestionView]
    next_cursor: str | None
    total: int
    counts: dict[str, int]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a question.

    Attributes:
        item: The question, if it is still open. Null once it is decided.
    """

    item: QuestionView | None


def user_name(object_id: str, user: User | None) -> UserName:
    return UserName(
        object_id=object_id,
        name=user.name if user else "",
        username=user.username if user else None,
        mail=user.mail if user else None,
        is_gone=user is None,
    )


def question_view(
    question: OpenQuestion,
    user: User | None,
    candidates: list[CandidateView],
    rivals: list[UserName],
    organization_names: dict[OrganizationId, str],
) -> QuestionView:
    item = question.item
    about = QUESTION_OF.get(item.kind)
    choices = [it for it in _ORDER if about and it in CHOICES[about]]
    organization_id = OrganizationId(item.subject) if about is None else item.organization_id
    name = organization_names.get(organization_id, "") if organization_id else ""
    return QuestionView(
        id=question.id,
        kind=item.kind.value,
        question=about.value if about else None,
        since=question.since,
        is_later=item.is_later,
        user=_questioned_user(user) if user else None,
        candidates=candidates,
        rivals=rivals,
        organization=OrganizationName(id=organization_id, name=name) if organization_id else None,
        mail=item.mail,
        missing_groups=item.missing_groups,
        choices=[it.value for it in choices],
    )


def _questioned_user(user: User) -> QuestionedUser:
    return QuestionedUser(
        object_id=user.id,
        name=user.name,
        username=user.username,
        mail=user.mail,
        department=user.department,
        office=user.office,
        job_title=user.job_title,
        phone=user.mobile_phone or next(iter(user.business_phones), None),
        is_enabled=user.is_enabled,
        created_at=user.created_at,
    )
