"""The service plans that a tenant has, as its profile and its licences say. Silence is not "none"."""

from collections.abc import Collection, Iterable

from integrations.domain.sync.records import License, TenantProfile


def known_plans(
    profiles: Iterable[TenantProfile], licenses: Collection[License] | None = None
) -> frozenset[str] | None:
    """The ids of the service plans that can be used; None if nothing says which they are.

    ``licenses`` are None if they were not read; each of them must name its plans, or they say nothing as a whole.
    """
    known = [it.plans for it in profiles if isinstance(it.plans, list)]
    sold = [it.plans for it in licenses or () if isinstance(it.plans, list)]
    is_known = bool(known) or (licenses is not None and len(sold) == len(licenses))
    return frozenset(plan for plans in (*known, *sold) for plan in plans) if is_known else None
