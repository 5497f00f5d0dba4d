"""Whether an Organization's filter allows a user. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from integrations.domain.ids import OrganizationId
from integrations.domain.security.certainty import Certainty, all_of, any_of
from integrations.domain.security.policy_people import EXTERNAL_MEMBER, Directory, guest_kind_of
from integrations.domain.sync.records import User
from integrations.domain.user_sync.comparison import domain_key, main_domain, text_key
from integrations.domain.user_sync.settings import (
    BlankRule,
    DomainFilter,
    GroupFilter,
    OrganizationSync,
    TextCondition,
    TextFilter,
    TextOperator,
    UserType,
)

Check = Callable[[User], bool]


class FilterVerdict(NamedTuple):
    """Whether a filter allows a user. ``is_current``: it does not depend on groups that were not read lately."""

    allows: Certainty
    is_current: bool = True


_ALLOWED, _NOT_ALLOWED = FilterVerdict(Certainty.YES), FilterVerdict(Certainty.NO)


class CompiledFilter:
    """The filter of one Organization; ``directory`` holds the groups, None where they were never read."""

    def __init__(self, sync: OrganizationSync, directory: Directory, *, groups_are_current: bool) -> None:
        self.organization_id: OrganizationId = sync.organization_id
        self.is_on = sync.is_on
        self._groups = sync.filter.group
        self._uses_groups = self._groups != GroupFilter()
        self._directory = directory
        self._groups_are_current = groups_are_current
        types = tuple(sync.filter.user_types)
        self._checks: list[Check] = [
            lambda user: user_type_of(user) in types,
            *_check_of_text(sync.filter.department, lambda user: user.department),
            *_check_of_text(sync.filter.office, lambda user: user.office),
            *_check_of_domain(sync.filter.domain),
        ]

    def verdict(self, user: User) -> FilterVerdict:
        """What holds without groups is sure; groups may leave it open."""
        for check in self._checks:
            if not check(user):
                return _NOT_ALLOWED
        if not self._uses_groups:
            return _ALLOWED
        return FilterVerdict(self._allowed_by_groups(user.id), self._groups_are_current)

    def missing_groups(self) -> list[str]:
        """Groups that the filter names and the directory does not have; all of them if groups were never read."""
        named = [*self._groups.include, *self._groups.exclude]
        return [it for it in named if self._directory.groups is None or self._directory.is_missing(it)]

    @property
    def is_broken(self) -> bool:
        """Whether the filter depends on a group that is not known, or on groups that were not read lately."""
        return self._uses_groups and (not self._groups_are_current or bool(self.missing_groups()))

    def _allowed_by_groups(self, user_id: str) -> Certainty:
        included = any_of(self._is_member(user_id, it) for it in self._groups.include)
        excluded = any_of(self._is_member(user_id, it) for it in self._groups.exclude)
        not_excluded = {Certainty.YES: Certainty.NO, Certainty.NO: Certainty.YES}.get(excluded, Certainty.UNKNOWN)
        return all_of([included if self._groups.include else Certainty.YES, not_excluded])

    def _is_member(self, user_id: str, group_id: str) -> Certainty:
        if self._directory.groups is None or self._directory.is_missing(group_id):
            return Certainty.UNKNOWN
        return Certainty.YES if user_id in self._directory.members(group_id) else Certainty.NO


def user_type_of(user: User) -> UserType:
    """How the user belongs to the tenant; Microsoft's words for it are None for members of old tenants."""
    kind = guest_kind_of(user)
    if kind is None:
        return UserType.MEMBER
    return UserType.EXTERNAL_MEMBER if kind == EXTERNAL_MEMBER else UserType.GUEST


def _check_of_text(texts: TextFilter, value: Callable[[User], str | None]) -> Iterable[Check]:
    if texts == TextFilter():
        return
    included, excluded = _matcher(texts.include), _matcher(texts.exclude)
    takes_blank = _takes_blank(texts.blank, has_includes=bool(texts.include))

    def check(user: User) -> bool:
        text = text_key(value(user))
        if not text:
            return takes_blank
        return (not texts.include or included(text)) and not excluded(text)

    yield check


def _check_of_domain(domains: DomainFilter) -> Iterable[Check]:
    if not (domains.include or domains.exclude or domains.blank):
        return
    included, excluded = _domain_matcher(domains.include, domains), _domain_matcher(domains.exclude, domains)
    takes_blank = _takes_blank(domains.blank, has_includes=bool(domains.include))

    def check(user: User) -> bool:
        domain = main_domain(user)
        if domain is None:
            return takes_blank
        return (not domains.include or included(domain)) and not excluded(domain)

    yield check


def _takes_blank(rule: BlankRule | None, *, has_includes: bool) -> bool:
    return not has_includes if rule is None else rule is BlankRule.INCLUDE


def _matcher(conditions: Sequence[TextCondition]) -> Callable[[str], bool]:
    equal = frozenset(text_key(it.value) for it in conditions if it.operator is TextOperator.EQUALS)
    starts = tuple(text_key(it.value) for it in conditions if it.operator is TextOperator.STARTS_WITH)
    return lambda text: text in equal or text.startswith(starts)


def _domain_matcher(listed: Sequence[str], domains: DomainFilter) -> Callable[[str], bool]:
    names = frozenset(filter(None, map(domain_key, listed)))
    if not domains.also_subdomains:
        return lambda domain: domain in names
    endings = tuple(f".{it}" for it in names)
    return lambda domain: domain in names or domain.endswith(endings)
