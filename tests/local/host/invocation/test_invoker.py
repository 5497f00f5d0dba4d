"""Calls. Sources: azure-functions-runtime threadpool.py, context.py; webjobs:FunctionExecutorExtensions.cs;
host:ScriptJobHostOptionsSetup.cs (functionTimeout)."""

import asyncio
import threading
import time

import azure.functions as func
import pytest

from local.host.indexing.retries import RetryPolicy
from local.host.invocation.invoker import TimedOut
from tests.waiting import HANGS_S

HOURLY = "0 0 * * * *"


def test_a_function_that_runs_too_long_fails(app, make_host):
    release = threading.Event()

    @app.timer_trigger(arg_name="timer", schedule=HOURLY)
    def slow(timer: func.TimerRequest) -> None:
        release.wait(10)

    @app.timer_trigger(arg_name="timer", schedule=HOURLY)
    async def slow_too(timer: func.TimerRequest) -> None:
        await asyncio.sleep(10)

    host = make_host(app, host_json={"functionTimeout": "00:00:00.1"})

    for name in ("slow", "slow_too"):
        with pytest.raises(TimedOut, match=f"exceeded by function: {name}"):
            host.fire_timer(name)
    release.set()


def test_a_call_that_was_given_up_is_over_when_the_host_is(app, make_host):
    over = threading.Event()

    @app.timer_trigger(arg_name="timer", schedule=HOURLY)
    async def slow(timer: func.TimerRequest) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.05)
            over.set()

    host = make_host(app, host_json={"functionTimeout": "00:00:00.1"})
    with pytest.raises(TimedOut):
        host.fire_timer("slow")
    host.stop(2)

    assert over.is_set()


def test_a_functions_own_timeout_is_its_own(app, make_host):
    @app.timer_trigger(arg_name="timer", schedule=HOURLY)
    def f(timer: func.TimerRequest) -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        make_host(app).fire_timer("f")


def test_as_many_functions_run_at_once_as_there_are_threads(app, make_host):
    most, now, lock, three = [0], [0], threading.Lock(), threading.Barrier(3, timeout=HANGS_S)

    @app.route("x")
    def x(req):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        three.wait()
        with lock:
            now[0] -= 1
        return func.HttpResponse()

    host = make_host(app, env={"PYTHON_THREADPOOL_THREAD_COUNT": "3"})
    callers = [threading.Thread(target=host.call_http, args=("GET", "/api/x")) for _ in range(9)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert most[0] == 3


def test_a_function_may_ask_for_its_context(app, make_host):
    seen = []

    @app.timer_trigger(arg_name="timer", schedule=HOURLY)
    def f(timer: func.TimerRequest, context: func.Context) -> None:
        seen.append((context.function_name, context.invocation_id, context.thread_local_storage.invocation_id))

    host = make_host(app)
    host.fire_timer("f")
    host.fire_timer("f")

    assert seen[0][0] == "f"
    assert seen[0][1] == seen[0][2]
    assert seen[0][1] != seen[1][1]


def test_a_return_without_a_binding_fails_the_call(app, make_host):
    @app.timer_trigger(arg_name="timer", schedule=HOURLY)
    def f(timer: func.TimerRequest):
        return "nobody wants it"

    with pytest.raises(TypeError, match="without a \\$return binding"):
        make_host(app).fire_timer("f")


@pytest.mark.parametrize(("most", "calls"), [("2", 3), ("0", 1)])
def test_a_timer_is_repeated_as_its_policy_says(app, make_host, most, calls):
    seen = []

    @app.timer_trigger(arg_name="timer", schedule=HOURLY)
    @app.retry(strategy="fixed_delay", max_retry_count=most, delay_interval="00:00:00")
    def f(timer: func.TimerRequest, context: func.Context) -> None:
        retry = context.retry_context
        seen.append((retry.retry_count, retry.max_retry_count, str(retry.exception)))
        raise ValueError("again")

    with pytest.raises(ValueError, match="again"):
        make_host(app).fire_timer("f")
    assert seen == [(n, int(most), "again" if n else "None") for n in range(calls)]


def test_a_repetition_that_works_ends_it(app, make_host):
    seen = []

    @app.timer_trigger(arg_name="timer", schedule=HOURLY)
    @app.retry(
        strategy="exponential_backoff", max_retry_count="-1", minimum_interval="00:00:00", maximum_interval="00:00:01"
    )
    def f(timer: func.TimerRequest) -> None:
        seen.append(1)
        if len(seen) < 4:
            raise ValueError

    make_host(app).fire_timer("f")

    assert len(seen) == 4


def test_pauses_are_fixed_or_double_up_to_a_limit():
    assert [RetryPolicy(3, 5, 5).pause_s(n) for n in range(3)] == [5, 5, 5]
    growing = [RetryPolicy(-1, 1, 60).pause_s(n) for n in range(9)]
    assert all(0.8 * 2**n <= pause <= 1.2 * 2**n for n, pause in enumerate(growing[:5]))
    assert growing[7:] == [60, 60]


def test_stopping_ends_a_wait_for_the_next_repetition(app, make_host):
    @app.timer_trigger(arg_name="timer", schedule=HOURLY)
    @app.retry(strategy="fixed_delay", max_retry_count="-1", delay_interval="01:00:00")
    def f(timer: func.TimerRequest) -> None:
        raise ValueError("again")

    host, raised = make_host(app), []

    def fire():
        with pytest.raises(ValueError, match="again"):
            host.fire_timer("f")
        raised.append(True)

    caller = threading.Thread(target=fire)
    caller.start()
    time.sleep(0.05)
    host.stop()
    caller.join(HANGS_S)

    assert raised == [True]
