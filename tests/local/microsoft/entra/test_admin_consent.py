"""Admin consent at the simulated Entra."""

import pytest

from local.microsoft import StoppedAtMicrosoft
from tests.local.microsoft.caller import CLIENT_ID, ROLES, Caller, code_of

PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"


@pytest.mark.parametrize("segment", ["organizations", "tenant"])
def test_an_administrator_accepts_all_that_the_registration_asks_for(caller: Caller, segment):
    tenant = caller.tenant(consented=False)
    with caller.person(tenant["admin"]) as admin:
        url = caller.consent_url(tenant["id"] if segment == "tenant" else segment)
        callback = admin.follow(url)

    assert (callback.method, callback.fields) == (
        "GET",
        {
            "admin_consent": "True",
            "tenant": tenant["id"],
            "scope": f"{caller.microsoft.graph_url}/.default",
            "state": "st",
        },
    )
    assert caller.as_app(tenant).claims["roles"] == sorted(ROLES)


def test_without_default_there_are_no_application_permissions(caller: Caller):
    tenant = caller.tenant(consented=False)
    with caller.person(tenant["admin"]) as admin:
        admin.follow(caller.consent_url(tenant["id"], scope="User.Read Directory.Read.All"))

    principal = caller.world.service_principal(tenant["id"], CLIENT_ID)
    assert (principal["app_roles"], principal["scopes"]) == ([], ["Directory.Read.All", "User.Read"])


@pytest.mark.parametrize(
    ("role", "through_group", "scope", "may"),
    [
        pytest.param(PRIVILEGED_ROLE_ADMINISTRATOR, False, "/", True, id="privileged role administrator"),
        pytest.param(PRIVILEGED_ROLE_ADMINISTRATOR, True, "/", True, id="through a group"),
        pytest.param(USER_ADMINISTRATOR, False, "/", False, id="user administrator"),
        pytest.param(
            PRIVILEGED_ROLE_ADMINISTRATOR, False, "/administrativeUnits/a1", False, id="over a part of the tenant"
        ),
        pytest.param(None, False, "/", False, id="no role"),
    ],
)
def test_only_some_administrators_may_accept(caller: Caller, role, through_group, scope, may):
    tenant = caller.tenant(consented=False)
    if role:
        caller.world.give_role(tenant["id"], tenant["member"], role, through_group=through_group, scope=scope)
    with caller.person(tenant["member"]) as member:
        fields = member.follow(caller.consent_url(tenant["id"])).fields

    assert ("error" not in fields) is may
    assert (caller.world.service_principal(tenant["id"], CLIENT_ID) is not None) is may
    if not may:
        assert (fields["error"], "AADSTS90094" in fields["error_description"]) == ("access_denied", True)


@pytest.mark.parametrize("word", ["access_denied", "consent_required", "permission_denied"])
@pytest.mark.parametrize("both", [False, True])
def test_declining_is_told_in_each_way_microsoft_may_choose(caller: Caller, word, both):
    caller.world.switch(declined_consent=word, error_with_admin_consent=both)
    tenant = caller.tenant(consented=False)
    with caller.person(tenant["admin"]) as admin:
        fields = admin.follow(caller.consent_url(tenant["id"]), accept=False).fields

    assert (fields["error"], "AADSTS65004" in fields["error_description"]) == (word, True)
    assert ("admin_consent" in fields) is both
    assert caller.world.service_principal(tenant["id"], CLIENT_ID) is None


@pytest.mark.parametrize(
    ("segment", "scope", "code"),
    [("common", "x", 90023), ("organizations", None, 900144)],
)
def test_a_malformed_request_for_consent_goes_back(caller: Caller, segment, scope, code):
    tenant = caller.tenant(consented=False)
    with caller.person(tenant["admin"]) as admin:
        fields = admin.follow(caller.consent_url(segment, scope=scope)).fields

    assert f"AADSTS{code}" in fields["error_description"]


def test_somebody_elses_tenant_is_not_ones_own(caller: Caller):
    mine, other = caller.tenant("Mine"), caller.tenant("Other", consented=False)
    with caller.person(mine["admin"]) as person, pytest.raises(StoppedAtMicrosoft, match="AADSTS50020"):
        person.follow(caller.consent_url(other["id"]))


@pytest.mark.parametrize(
    ("shows", "status", "code"),
    [("700016", 400, 700016), ("7000229", 401, 7000229), ("65001", 400, 65001)],
)
def test_a_consent_takes_a_while_to_be_known(caller: Caller, shows, status, code):
    caller.world.switch(propagation_s=60, propagation_shows=shows)
    tenant = caller.tenant()

    early = caller.app_token(tenant)
    caller.world.switch(clock_offset_s=61)

    assert (early.status_code, code_of(early)) == (status, code)
    assert caller.as_app(tenant).claims["roles"] == sorted(ROLES)


def test_roles_can_be_what_comes_late(caller: Caller):
    caller.world.switch(propagation_s=60, propagation_shows="roles")
    tenant = caller.tenant()

    early = caller.as_app(tenant)
    caller.world.switch(clock_offset_s=61)

    assert "roles" not in early.claims
    assert early.get("/organization").status_code == 403
    assert caller.as_app(tenant).get("/organization").status_code == 200
