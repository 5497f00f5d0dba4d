"""How long tokens are cached, and who shares a request for one."""

import time
from concurrent.futures import ThreadPoolExecutor

from shared.microsoft.sign_in import (
    token_roles,
)
from shared.microsoft.sign_in.token_cache import TokenCache
from tests.shared.microsoft.sign_in.fake_entra import TENANT, Entra, signer, token
from tests.waiting import until


def test_threads_that_want_one_tenants_token_share_one_request() -> None:
    entra = Entra()
    client = signer(entra)
    entra.may_answer.clear()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(client.app_token, TENANT) for _ in range(8)]
        until(lambda: len(entra.posted) == 1)
        entra.may_answer.set()
        assert len({it.result() for it in waiting}) == 1
    assert len(entra.posted) == 1


def test_a_fresh_token_was_requested_later() -> None:
    """A token that was requested before a consent does not contain it."""
    entra = Entra()
    client = signer(entra)
    entra.may_answer.clear()
    with ThreadPoolExecutor(8) as pool:
        before = pool.submit(client.app_token, TENANT)
        until(lambda: len(entra.posted) == 1)
        after = [pool.submit(client.app_token, TENANT, fresh=True) for _ in range(6)]
        until(lambda: all(it.running() for it in after))
        time.sleep(0.2)  # until the last of them has come to where they wait
        entra.answer = {"access_token": token(roles=["User.Read.All"]), "expires_in": 3600}
        entra.may_answer.set()
        before.result()
        assert {token_roles(it.result()) for it in after} == {frozenset({"User.Read.All"})}
    assert len(entra.posted) == 2, "the six shared one"


def test_two_thousand_tenants_are_kept_and_the_one_unused_longest_goes_first() -> None:
    cache, fetched = TokenCache(lambda: 0.0), []

    def of(tenant_id: str) -> str:
        def fetch() -> tuple[str, float]:
            fetched.append(tenant_id)
            return f"token of {tenant_id}", 3600.0

        return cache.get(tenant_id, fetch, fresh=False)

    for number in range(2000):
        of(str(number))
    of("0")
    of("new")
    fetched.clear()

    assert of("0") == "token of 0"
    assert of("1") == "token of 1"
    assert fetched == ["1"]


def test_a_token_is_renewed_five_minutes_before_it_ends() -> None:
    now = [0.0]
    entra = Entra()
    client = signer(entra, monotonic=lambda: now[0])

    for moment, requests in ((0.0, 1), (3299.0, 1), (3301.0, 2)):
        now[0] = moment
        client.app_token(TENANT)
        assert len(entra.posted) == requests
