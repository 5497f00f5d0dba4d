"""Whether the settings of a user sync make sense; everything that does not is named at once. Pure."""

from collections.abc import Collection, Iterable, Iterator

from integrations.domain.ids import is_tenant_id
from integrations.domain.text import clean, is_domain_name
from integrations.domain.user_sync.comparison import domain_key, text_key
from integrations.domain.user_sync.settings import (
    DomainFilter,
    GroupFilter,
    OrganizationSync,
    TextFilter,
    UserFilter,
    UserSyncSettings,
)
from shared.errors import Problem

MOST_ORGANIZATIONS = 100
MOST_VALUES = 200  # in a list of a filter


def problems_of(settings: UserSyncSettings, organization_ids: Collection[str]) -> list[Problem]:
    """Everything that is wrong; ``organization_ids`` are those under the tenant's Syncro Tenant."""
    return [*_problems_of_list(settings.organizations, organization_ids), *_problems_of_filters(settings)]


def _problems_of_list(organizations: list[OrganizationSync], known: Collection[str]) -> Iterator[Problem]:
    if len(organizations) > MOST_ORGANIZATIONS:
        yield Problem("/organizations", f"at most {MOST_ORGANIZATIONS} Organizations can be listed")
    listed: set[str] = set()
    for place, it in enumerate(organizations):
        pointer = f"/organizations/{place}"
        if it.organization_id not in known:
            yield Problem(f"{pointer}/organization_id", "the tenant's Syncro Tenant has no such Organization")
        if it.organization_id in listed:
            yield Problem(f"{pointer}/organization_id", "this Organization is listed twice")
        if it.filter.takes_everybody and place < len(organizations) - 1:
            yield Problem(f"{pointer}/filter", "an Organization without a filter must be the last one")
        listed.add(it.organization_id)


def _problems_of_filters(settings: UserSyncSettings) -> Iterator[Problem]:
    for place, it in enumerate(settings.organizations):
        yield from _problems_of_filter(f"/organizations/{place}/filter", it.filter)


def _problems_of_filter(pointer: str, user_filter: UserFilter) -> Iterator[Problem]:
    if not user_filter.user_types:
        yield Problem(f"{pointer}/user_types", "name at least one user type")
    yield from _problems_of_texts(f"{pointer}/department", user_filter.department)
    yield from _problems_of_texts(f"{pointer}/office", user_filter.office)
    yield from _problems_of_domains(f"{pointer}/domain", user_filter.domain)
    yield from _problems_of_groups(f"{pointer}/group", user_filter.group)


def _problems_of_texts(pointer: str, texts: TextFilter) -> Iterator[Problem]:
    include = [(it.operator.value, text_key(clean(it.value))) for it in texts.include]
    exclude = [(it.operator.value, text_key(clean(it.value))) for it in texts.exclude]
    for part, keys in (("include", include), ("exclude", exclude)):
        for place, (_, text) in enumerate(keys):
            if not text:
                yield Problem(
                    f"{pointer}/{part}/{place}/value", "the value is blank; use 'blank' for users without one"
                )
    yield from _problems_of_values(pointer, include, exclude)


def _problems_of_domains(pointer: str, domains: DomainFilter) -> Iterator[Problem]:
    for part, listed in (("include", domains.include), ("exclude", domains.exclude)):
        for place, text in enumerate(listed):
            if not is_domain_name(domain_key(text) or ""):
                yield Problem(f"{pointer}/{part}/{place}", "this is not a domain, such as contoso.example")
    yield from _problems_of_values(pointer, map(domain_key, domains.include), map(domain_key, domains.exclude))


def _problems_of_groups(pointer: str, groups: GroupFilter) -> Iterator[Problem]:
    for part, listed in (("include", groups.include), ("exclude", groups.exclude)):
        for place, group_id in enumerate(listed):
            if not is_tenant_id(group_id):
                yield Problem(f"{pointer}/{part}/{place}", "this is not a group's object id: a GUID in lower case")
    yield from _problems_of_values(pointer, groups.include, groups.exclude)


def _problems_of_values(pointer: str, include: Iterable[object], exclude: Iterable[object]) -> Iterator[Problem]:
    included, excluded = list(include), list(exclude)
    for part, keys in (("include", included), ("exclude", excluded)):
        if len(keys) > MOST_VALUES:
            yield Problem(f"{pointer}/{part}", f"at most {MOST_VALUES} values can be listed")
        yield from _problems_of_repeats(f"{pointer}/{part}", keys)
    both = set(included) & set(excluded)
    for place, key in enumerate(included):
        if key in both:
            yield Problem(f"{pointer}/include/{place}", "this value is excluded, too")


def _problems_of_repeats(pointer: str, keys: Iterable[object]) -> Iterator[Problem]:
    listed: set[object] = set()
    for place, key in enumerate(keys):
        if key in listed:
            yield Problem(f"{pointer}/{place}", "this value is listed twice")
        listed.add(key)
