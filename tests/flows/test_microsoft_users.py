"""What Microsoft knows of the user that an End User is: shown beside it, and written to none of its fields."""

from tests.flows.portal import Portal
from tests.flows.user_sync import with_user_sync

BUSINESS = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"  # Microsoft 365 Business Premium
NOBODYS = "00000000-0000-4000-8000-00000000beef"  # a product that the tenant does not list
NAMES = ("department", "office", "licenses", "mailbox", "mailbox_evidence", "mfa", "is_gone")


def test_department_licenses_mailbox_and_mfa_are_shown_beside_the_person(portal: Portal) -> None:
    sync = with_user_sync(portal)
    licenses = [{"skuId": it, "disabledPlans": []} for it in (BUSINESS, NOBODYS)]
    fields = {"department": "Sales", "officeLocation": "Oslo", "assignedLicenses": licenses}
    sync.has_user("Dana Desk", mail="dana@contoso.example", **fields)
    sync.sync()
    sync.turn_on()

    person = sync.person("Dana Desk")

    (user,) = person["microsoft"]
    assert {it: user[it] for it in NAMES} == {
        "department": "Sales",
        "office": "Oslo",
        "licenses": [NOBODYS, "Microsoft 365 Business Premium"],
        "mailbox": "person",
        "mailbox_evidence": "purpose",
        "mfa": "protected",
        "is_gone": False,
    }
    assert "Sales" not in {it for it in person.values() if isinstance(it, str)}

    sync.world.remove_user(sync.id, user["object_id"], permanently=True)
    sync.sync()
    (gone,) = sync.person("Dana Desk")["microsoft"]
    assert {it: gone[it] for it in NAMES} == dict.fromkeys(NAMES) | {"licenses": [], "is_gone": True}


def test_mfa_is_not_told_while_nobody_evaluates_it(portal: Portal) -> None:
    sync = with_user_sync(portal)
    sync.turn_on()
    assert None not in {it["microsoft"][0]["mfa"] for it in sync.people()}

    object.__setattr__(portal.services.settings, "evaluations_off", ("mfa",))

    assert {it["microsoft"][0]["mfa"] for it in sync.people()} == {None}
