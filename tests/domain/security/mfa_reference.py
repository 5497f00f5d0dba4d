"""The decision about MFA once more, slowly and obviously: every sign-in is tried with every policy.

It imports nothing of the product. True, False and None are yes, no and unknown.
"""

from itertools import product

TWO_FACTORS = {
    "windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor", "deviceBasedPush", "temporaryAccessPassOneTime",
    "temporaryAccessPassMultiUse", "federatedMultiFactor",
}  # fmt: skip
GUESTS = {"b2bCollaborationGuest", "b2bCollaborationMember", "internalGuest"}
SYNC_ROLE = "d29b2b05-8046-44ba-8758-1e26182fcf32"
CLIENTS = ["browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"]


def judge(world, person):
    """Whether MFA is required (True, False, None), and whether of all sign-ins, some, or none."""
    required, coverage = by_policies(world, person)
    results = [by_defaults(world, person), by_state(world, person), required]
    if True in results:
        return True, "full"
    return (None if None in results else False), coverage


def alone(world, person):
    """Whether one source, or one policy by itself, requires MFA for sure."""
    if True in {by_defaults(world, person), by_state(world, person)}:
        return True
    return any(by_policies(world._replace(policies=[it]), person)[0] is True for it in world.policies or ())


def by_defaults(world, person):
    if not world.security_defaults:
        return world.security_defaults
    return has_role(world, person, SYNC_ROLE) is not True


def by_state(world, person):
    if world.per_user is None:
        return None
    return {"enabled": True, "enforced": True, "disabled": False}.get(world.per_user.get(person.id, "disabled"))


def by_policies(world, person):
    if world.policies is None:
        return None, "none"
    relevant = [(it, certainty(world, it, person)) for it in world.policies]
    relevant = [(it, sure) for it, sure in relevant if sure is not False]
    results = [by_sign_in(world, relevant, cell) for cell in cells(world)]
    coverage = "conditional" if any(sure is True for _, sure in relevant) else "none"
    if all(it is True for it in results):
        return True, "full"
    return (False if False in results else None), coverage


def by_sign_in(world, relevant, cell):
    results = [both(sure, applies(world, it, cell)) for it, sure in relevant]
    return True if True in results else None if None in results else False


def both(one, other):
    return False if False in {one, other} else None if None in {one, other} else True


def certainty(world, policy, person):
    """Whether the policy asks this person for MFA at all."""
    if policy.state in {"disabled", "report only"}:
        return False
    conditions = policy.conditions
    if conditions is None:
        return both(None, demands(world, policy.grant))
    if conditions.workloads or conditions.service_principal_risks or conditions.agent_risks:
        return False
    applications = conditions.applications
    if applications.filter is None and not [it for it in applications.included if it != "None"]:
        return False
    switched_on = None if policy.state == "unknown" else True
    is_in = names(world, person, conditions.included)
    is_out = names(world, person, conditions.excluded)
    outside = {True: False, False: True, None: None}[is_out]
    return both(both(switched_on, demands(world, policy.grant)), both(is_in, outside))


def names(world, person, people):
    if "All" in people.users or person.id in people.users:
        return True
    results = [False]
    if "GuestsOrExternalUsers" in people.users:
        results.append(person.guest_kind in GUESTS)
    results += [in_group(world, person, it) for it in people.groups]
    results += [has_role(world, person, it) for it in people.roles]
    if people.external is not None and person.guest_kind in people.external.kinds:
        from_any = people.external.tenants is None
        home_known = person.home_tenant is not None
        results.append(True if from_any else person.home_tenant in people.external.tenants if home_known else None)
    return True if True in results else None if None in results else False


def in_group(world, person, group_id, seen=()):
    if world.groups is None:
        return None
    for group in world.groups:
        if group.id == group_id and group_id not in seen:
            inside = [in_group(world, person, it, (*seen, group_id)) for it in group.members]
            return person.id in group.members or True in inside
    return False


def has_role(world, person, role_id):
    if world.roles is None:
        return None
    results = [False]
    for it in world.roles:
        if it.role_id == role_id and it.kind == "user":
            results.append(it.member_id == person.id)
        if it.role_id == role_id and it.kind == "group":
            results.append(in_group(world, person, it.member_id))
    return True if True in results else None if None in results else False


def demands(world, grant):
    if grant is None:
        return False
    results = [it in {"mfa", "block"} for it in grant.controls]
    results += [False for _ in grant.custom_factors + grant.terms_of_use] + [None for _ in grant.other]
    if grant.strength is not None:
        results.append(two_factors(world, grant.strength))
    if grant.operator == "AND":
        return True if True in results else None if None in results else False
    return bool(results) and (False if False in results else None if None in results else True)


def two_factors(world, strength):
    combinations, word = strength.combinations, strength.satisfies
    for it in world.strengths:
        if it.id == strength.id:
            combinations, word = combinations or it.combinations, word or it.satisfies
    if not combinations:
        return {"mfa": True, "none": False}.get(word)
    return all("," in it or it in TWO_FACTORS for it in combinations)


def cells(world):
    """All sign-ins that some policy can tell from others."""
    conditions = [it.conditions for it in world.policies if it.conditions]
    applications, places, platforms, risks, user_risks = {"else"}, {"AllTrusted", "else"}, {"else"}, {"none"}, {"none"}
    for it in conditions:
        applications |= {*it.applications.included, *it.applications.excluded} - {"All", "None"}
        if it.locations:
            places |= {*it.locations.included, *it.locations.excluded} - {"All"}
        if it.platforms:
            platforms |= {*it.platforms.included, *it.platforms.excluded} - {"all"}
        risks |= {*it.sign_in_risks}
        user_risks |= {*it.user_risks}
    return product(*map(sorted, (applications, places, platforms, risks, user_risks)), CLIENTS)


def applies(world, policy, cell):
    if policy.conditions is None:
        return True
    conditions = policy.conditions
    application, place, platform, risk, user_risk, client = cell
    if conditions.devices or conditions.flows or conditions.insider_risks or conditions.other:
        return False
    applications = conditions.applications
    return both(
        at_place(world, conditions.locations, place),
        applications.filter is None
        and chosen(applications.included, applications.excluded, application, "All")
        and (conditions.platforms is None
             or chosen(conditions.platforms.included, conditions.platforms.excluded, platform, "all"))
        and (not conditions.sign_in_risks or risk in conditions.sign_in_risks)
        and (not conditions.user_risks or user_risk in conditions.user_risks)
        and (not conditions.client_apps or "all" in conditions.client_apps or client in conditions.client_apps),
    )  # fmt: skip


def chosen(included, excluded, value, everything):
    return (everything in included or value in included) and value not in excluded


def at_place(world, locations, place):
    if locations is None:
        return True
    inside = "All" in locations.included or listed(world, locations.included, place)
    outside = {True: False, False: True, None: None}[listed(world, locations.excluded, place)]
    return both(inside, outside)


def listed(world, places, place):
    if place in places:
        return True
    if "AllTrusted" not in places or place == "else":
        return False
    if world.locations is None:
        return None
    return any(it.id == place and it.is_trusted for it in world.locations)
