"""The CSP's kept refresh token: sealed to its place, renewed at each use, never in clear outside memory."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from azure.storage.queue import QueueServiceClient

from integrations.actions.account import Account
from integrations.actions.csp.partner import open_partner
from integrations.domain.ids import AccountId
from integrations.domain.integrations import Credential
from integrations.services import Services
from integrations.storage.control import Control
from integrations.storage.documents import Stored
from shared.crypto.envelopes import SealBroken, new_key, sealed_with
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import CLIENT_SECRET, Portal, with_keys
from tests.flows.routes import ABSENT, DOORS, path_of

PERIOD = {"minutes": 34}
ALICE, BOB = "acct_northwind", "acct_southridge"


@pytest.fixture
def csp(portal: Portal) -> Csp:
    found = has_csp(portal)
    found.has("Contoso")
    return found.integrate()


def control(portal: Portal, account: str = ALICE) -> Control:
    return portal.services.control(account)  # type: ignore[arg-type]


def stored(portal: Portal, account: str = ALICE) -> Stored[Credential]:
    (only,) = control(portal, account).credentials.list()
    return only


def token_in(portal: Portal, account: str = ALICE) -> str:
    kept = stored(portal, account).value
    return portal.services.envelopes.open(kept.sealed, place=kept.place(account)).decode()  # type: ignore[arg-type]


def replace_row(portal: Portal, kept: Stored[Credential], account: str = ALICE, **changes: Any) -> None:
    changed = msgspec.structs.replace(kept.value, **changes)
    rows = Account(portal.services, AccountId(account))
    with rows.change() as change:
        change.write(rows.control.credentials.saved(kept.now(changed)))


def test_the_token_is_renewed_with_each_use_and_its_version_grows(csp: Csp) -> None:
    before, token = stored(csp.portal).value, token_in(csp.portal)
    csp.later(**PERIOD)
    after = stored(csp.portal).value

    assert after.version > before.version
    assert after.kept_at > before.kept_at
    assert token_in(csp.portal) != token
    assert after.epoch == before.epoch == 1


def test_a_csp_with_nothing_mapped_redeems_its_token_all_the_same(csp: Csp) -> None:
    before = stored(csp.portal).value.kept_at
    csp.later(days=6)

    assert (stored(csp.portal).value.kept_at - before).days >= 5


def test_a_slower_worker_never_puts_an_older_token_in_place_of_a_newer_one(csp: Csp) -> None:
    services = csp.portal.services
    integration = control(csp.portal).integrations.find(csp.id)
    assert integration is not None
    slow = open_partner(Account(services, AccountId(ALICE)), integration.value)
    csp.complete(csp.reauthorize())
    renewed = stored(csp.portal).value
    token = token_in(csp.portal)

    slow.partner_center_token()  # redeems the old token, and is given a newer one of the old authorization

    assert stored(csp.portal).value == renewed
    assert token_in(csp.portal) == token
    assert renewed.epoch == 2


def test_workers_side_by_side_leave_one_token_that_opens(csp: Csp) -> None:
    services = csp.portal.services
    integration = control(csp.portal).integrations.find(csp.id)
    assert integration is not None

    def use(_: int) -> None:
        open_partner(Account(services, AccountId(ALICE)), integration.value).partner_center_token()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(24)))
    assert token_in(csp.portal)
    csp.later(**PERIOD)
    assert csp.status() == "Success"


def test_keys_rotate_twice_while_tokens_are_used(portal: Portal) -> None:
    first, second, third = new_key("k1"), new_key("k2"), new_key("k3")
    with_keys(portal, first)
    csp = has_csp(portal)
    csp.has("Contoso")
    csp.integrate()
    for ring, newest in ((f"{second},{first}", "k2"), (f"{third},{second}", "k3")):
        with_keys(portal, ring)
        csp.later(**PERIOD)
        assert csp.status() == "Success"
        assert sealed_with(stored(portal).value.sealed) == newest
    with_keys(portal, third)
    assert token_in(portal)


def test_swapped_secrets_of_two_accounts_fail_closed(csp: Csp) -> None:
    """A30: each row is whole and well sealed, only at the wrong place."""
    other = has_csp(csp.portal.called_by("bob"), "Southwind Partner")
    other.has("Adatum")
    other.integrate()
    ours, theirs = stored(csp.portal), stored(csp.portal, BOB)
    replace_row(csp.portal, ours, sealed=theirs.value.sealed)
    replace_row(csp.portal, theirs, BOB, sealed=ours.value.sealed)
    csp.world.forget_requests()
    csp.later(**PERIOD)

    for one in (csp, other):
        status = one.row()["sync_status"]
        assert (status["label"], status["cause"]) == ("Error", "csp_secret_broken")
        assert one.checks()["token"] == "failed"
    assert csp.world.requests() == []


@pytest.mark.parametrize("change", ["text", "version", "epoch", "integration", "key", "empty"])
def test_a_tampered_secret_fails_closed_with_no_call_to_microsoft(csp: Csp, change: str) -> None:
    kept = stored(csp.portal)
    key_id, wrapped, text = kept.value.sealed.split("|")
    sealed = {
        "text": f"{key_id}|{wrapped}|{text[:-6]}{'AAAA' if text[-6:-2] != 'AAAA' else 'BBBB'}{text[-2:]}",
        "key": f"k9|{wrapped}|{text}",
        "integration": csp.portal.services.envelopes.seal(b"another's token", place="another place"),
        "empty": "",
    }
    changes: dict[str, Any] = {
        "version": {"version": kept.value.version + 1},
        "epoch": {"epoch": kept.value.epoch + 1},
    }.get(change, {"sealed": sealed.get(change, kept.value.sealed)})
    replace_row(csp.portal, kept, **changes)
    csp.world.forget_requests()
    csp.later(**PERIOD)

    assert csp.row()["sync_status"]["cause"] == "csp_secret_broken"
    assert csp.world.requests() == []
    csp.complete(csp.reauthorize())
    assert csp.status() == "Success"


def test_a_key_that_is_gone_opens_nothing(csp: Csp) -> None:
    with_keys(csp.portal, new_key("k2"))

    with pytest.raises(SealBroken):
        token_in(csp.portal)


def test_no_secret_is_anywhere_but_in_memory(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    """A29: the whole life of a CSP, then a scan of tables, queues, logs and answers for every token there was."""
    caplog.set_level(logging.DEBUG)
    secrets = _Secrets(portal.services)
    csp = has_csp(portal)
    csp.has("Contoso")
    csp.has("Fabrikam", relationship={"roles": []})
    csp.onboarded()
    portal.map(csp.customers["Contoso"])
    portal.run_queues()
    csp.later(**PERIOD)
    csp.complete(csp.reauthorize())
    csp.start()
    portal.services.queues.send("check-csp-poison", b'{"nonsense": true}')
    known = {**ABSENT, "tenant_id": csp.customers["Contoso"]["id"], "integration_id": csp.id}
    answers = [portal.call("GET", path_of(route, known)).body for route in DOORS if "GET" in route.methods]
    haystacks = {
        "tables": "\n".join(_rows(portal.services)),
        "queues": "\n".join(_messages(portal.services)),
        "logs": caplog.text,
        "answers": b"\n".join(answers).decode(),
    }

    assert len(secrets.seen) > 12
    found = {(where, secret[:9]) for where, text in haystacks.items() for secret in secrets.seen if secret in text}
    assert found == set()
    assert all(len(text) > 200 for name, text in haystacks.items() if name != "queues")


class _Secrets:
    """Every secret value that passes through our hands, listened in on at the way to Entra and at the seals."""

    def __init__(self, services: Services) -> None:
        self.seen: set[str] = {CLIENT_SECRET}
        renew, redeem, app_token = services.sign_in.renew, services.sign_in.redeem, services.sign_in.app_token

        def renewing(refresh_token: str, **told: Any) -> Any:
            renewed = renew(refresh_token, **told)
            self.seen |= {refresh_token, renewed.access_token, renewed.refresh_token}
            return renewed

        def redeeming(**told: Any) -> Any:
            signed_in = redeem(**told)
            self.seen |= {told["code"], told["verifier"], told["nonce"], signed_in.access_token}
            self.seen |= {signed_in.refresh_token} if signed_in.refresh_token else set()
            return signed_in

        def for_the_app(tenant_id: str, **told: Any) -> str:
            token = app_token(tenant_id, **told)
            self.seen.add(token)
            return token

        for name, way in (("renew", renewing), ("redeem", redeeming), ("app_token", for_the_app)):
            setattr(services.sign_in, name, way)


def _rows(services: Services) -> list[str]:
    found = []
    for table in services.tables._service.list_tables():
        with services.tables._service.get_table_client(table.name) as client:
            found += [str(dict(row)) for row in client.list_entities()]
    return found


def _messages(services: Services) -> list[str]:
    with QueueServiceClient.from_connection_string(services.settings.storage) as client:
        queues = [it.name for it in client.list_queues()]
        return [
            str(message.content)
            for name in queues
            for message in client.get_queue_client(name).peek_messages(max_messages=32)
        ]
