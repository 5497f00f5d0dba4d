"""Timers. Sources: ext:TimerListener.cs, ScheduleMonitor.cs, StorageScheduleMonitor.cs; webjobs:SingletonManager.cs."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import azure.functions as func
import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobLeaseClient, BlobServiceClient

from local.host import IndexingError
from local.host.storage import SingletonLease, Storage
from local.host.triggers.timers import TimerListener, utc_now
from tests.waiting import HANGS_S, until

HALF_HOURLY = "0 */30 * * * *"


@pytest.fixture
def env(storage):
    return {"AzureWebJobsStorage": storage, "WEBSITE_SITE_NAME": "Acme-Site"}


@pytest.fixture
def status(storage):
    """The status blob of a timer, as it lies in storage; it can be put there too."""
    service = BlobServiceClient.from_connection_string(storage)

    def status(name, told=None):
        blob = service.get_blob_client("azure-webjobs-hosts", f"timers/acme-site/Host.Functions.{name}/status")
        if told is not None:
            service.create_container("azure-webjobs-hosts")
            blob.upload_blob(told if isinstance(told, bytes) else json.dumps(told).encode())
            return None
        try:
            return json.loads(blob.download_blob().readall())
        except ResourceNotFoundError:
            return None

    yield status
    service.close()


@pytest.fixture
def timer(app):
    """An app with one timer, and what it was given."""
    given = []

    def timer(schedule=HALF_HOURLY, **options):
        @app.timer_trigger(arg_name="timer", schedule=schedule, **options)
        def tick(timer: func.TimerRequest) -> None:
            given.append(timer)

        return app

    timer.given = given
    return timer


def runner_of(host):
    return host._timers["tick"]


def moment(text):
    return datetime.fromisoformat(f"2026-11-23T{text}+00:00")


NEVER = "0001-01-01T00:00:00+00:00"


def test_a_new_timer_waits_for_its_first_occurrence(timer, make_host, env, status, clock):
    due, past_due = runner_of(make_host(timer(), env=env, clock=clock)).first_due()

    assert (due, past_due) == (moment("07:30:00"), False)
    assert status("tick") == {
        "Last": NEVER, "Next": "2026-11-23T07:30:00+00:00", "LastUpdated": "2026-11-23T07:10:00+00:00"
    }  # fmt: skip


def test_a_run_is_written_down_after_it(timer, make_host, env, status, clock):
    runner = runner_of(make_host(timer(), env=env, clock=clock))
    runner.first_due()
    clock.pass_by(minutes=20, seconds=1)

    assert runner.run() == moment("08:00:00")
    assert status("tick") == {
        "Last": "2026-11-23T07:30:01+00:00",
        "Next": "2026-11-23T08:00:00+00:00",
        "LastUpdated": "2026-11-23T07:30:01+00:00",
    }
    assert timer.given[0].schedule_status["Next"] == "2026-11-23T07:30:00+00:00"
    assert (timer.given[0].schedule, timer.given[0].past_due) == ({"AdjustForDST": True}, False)


def test_missed_occurrences_are_one_run_past_due(timer, make_host, env, status, clock):
    status("tick", {"Last": "2026-11-23T03:30:00+00:00", "Next": "2026-11-23T04:00:00+00:00",
                    "LastUpdated": "2026-11-23T03:30:00+00:00"})  # fmt: skip
    runner = runner_of(make_host(timer(), env=env, clock=clock))

    assert runner.first_due() == (clock.now, True)
    assert runner.run(past_due=True) == moment("07:30:00")
    assert timer.given[0].past_due


def test_an_occurrence_that_was_promised_and_never_ran_is_past_due(timer, make_host, env, status, clock):
    status("tick", {"Last": NEVER, "Next": "2026-11-23T07:00:00+00:00", "LastUpdated": "2026-11-23T06:50:00+00:00"})

    assert runner_of(make_host(timer(), env=env, clock=clock)).first_due() == (clock.now, True)


@pytest.mark.parametrize("next_due", ["07:15:00", "05:00:00"])
def test_a_schedule_that_has_changed_is_not_past_due(timer, make_host, env, status, clock, next_due):
    status("tick", {"Last": "2026-11-23T03:30:00+00:00", "Next": f"2026-11-23T{next_due}+00:00",
                    "LastUpdated": "2026-11-23T03:30:00+00:00"})  # fmt: skip

    due = runner_of(make_host(timer(), env=env, clock=clock)).first_due()

    assert due == (moment("07:30:00"), False)
    assert status("tick")["Next"] == "2026-11-23T07:30:00+00:00"


@pytest.mark.parametrize("told", [b"", b"{", b"[]", b'{"Last": "soon"}'])
def test_a_status_that_cannot_be_read_is_begun_anew(timer, make_host, env, status, clock, told):
    status("tick", told)

    assert runner_of(make_host(timer(), env=env, clock=clock)).first_due() == (moment("07:30:00"), False)


def test_run_on_startup_runs_once_and_is_not_past_due(timer, make_host, env, clock):
    runner = runner_of(make_host(timer(run_on_startup=True), env=env, clock=clock))

    assert runner.first_due() == (clock.now, False)
    assert runner.run() == moment("07:30:00")


def test_a_run_a_little_early_does_not_happen_twice(timer, make_host, env, clock):
    runner = runner_of(make_host(timer(), env=env, clock=clock))
    due, _ = runner.first_due()
    clock.now = due - timedelta(milliseconds=5)

    assert runner.run(early_until=due) == moment("08:00:00")


def test_a_run_longer_than_its_schedule_is_followed_at_once(timer, make_host, env, clock, app):
    seen = []

    @app.timer_trigger(arg_name="timer", schedule=HALF_HOURLY)
    def tick(timer: func.TimerRequest) -> None:
        seen.append(clock.now)
        clock.pass_by(minutes=40)

    runner = runner_of(make_host(app, env=env, clock=clock))
    clock.now = moment("07:30:00")

    assert runner.run() == moment("08:00:00") < clock.now


def test_a_failing_function_does_not_stop_its_schedule(app, make_host, env, status, clock, caplog):
    @app.timer_trigger(arg_name="timer", schedule=HALF_HOURLY)
    def tick(timer: func.TimerRequest) -> None:
        raise ValueError("told to the log")

    host = make_host(app, env=env, clock=clock)

    assert runner_of(host).run() == moment("07:30:00")
    assert status("tick")["Last"] == "2026-11-23T07:10:00+00:00"
    assert "told to the log" in caplog.text
    with pytest.raises(ValueError, match="told to the log"):
        host.fire_timer("tick")


@pytest.mark.parametrize(
    ("schedule", "options"),
    [("*/20 * * * * *", {}), ("00:00:30", {}), (HALF_HOURLY, {"use_monitor": False})],
)
def test_a_timer_without_monitor_is_never_past_due(timer, make_host, env, status, clock, schedule, options):
    runner = runner_of(make_host(timer(schedule, **options), env=env, clock=clock))
    runner.first_due()
    runner.run()

    assert status("tick") is None
    assert timer.given[0].schedule_status == {}


def test_a_timer_fired_by_hand_needs_no_storage(timer, make_host):
    host = make_host(timer())
    host.fire_timer("tick", past_due=True)
    host.fire_timer("tick")

    assert [it.past_due for it in timer.given] == [True, False]


@pytest.mark.parametrize("schedule", ["0 0 * *", "0 0 0 30 2 *", "soon"])
def test_a_schedule_that_is_none_is_refused_by_the_functions_name(timer, make_host, schedule):
    with pytest.raises(IndexingError, match="tick: "):
        make_host(timer(schedule))


def test_a_timer_runs_by_the_clock_and_its_runs_never_overlap(app, make_host, env):
    began, running, overlapped = [], [], []

    @app.timer_trigger(arg_name="timer", schedule="* * * * * *")
    def tick(timer: func.TimerRequest) -> None:
        began.append(datetime.now(UTC))
        overlapped.extend(running)
        running.append(1)
        time.sleep(1.3 if len(began) == 1 else 0)
        running.pop()

    served = datetime.now(UTC)
    make_host(app, env=env).serve()
    until(lambda: len(began) == 2)

    assert overlapped == []
    seconds = [it.replace(microsecond=0) for it in (served, *began)]
    assert seconds == sorted(set(seconds))  # each in a second of its own, the first not before the next whole one


@pytest.fixture
def listen(env):
    """Listen to the timer of a host, with pauses short enough for a test."""
    started = []

    def listen(host, **pauses):
        lease = SingletonLease(Storage(env), "acme-site", "tick", renew_s=pauses.pop("renew_s", 5))
        started.append(TimerListener(runner_of(host), lease, utc_now, **pauses))
        started[-1].start()
        return started[-1], lease

    yield listen
    for listener in started:
        listener.stop()
        listener.join(2)


def test_of_two_hosts_one_listens_and_the_other_takes_over(make_host, env, listen):
    runs = []

    def host(number):
        app = func.FunctionApp()

        @app.timer_trigger(arg_name="timer", schedule="* * * * * *")
        def tick(timer: func.TimerRequest) -> None:
            runs.append(number)

        return make_host(app, env=env)

    first, _ = listen(host(1))
    until(lambda: runs)
    listen(host(2), retry_s=0.1)
    time.sleep(1.2)
    alone = set(runs)
    first.stop()
    assert first.join(HANGS_S)
    until(lambda: 2 in runs)

    assert alone == {1}


def test_a_lease_is_renewed_while_a_function_runs(make_host, app, env, listen):
    seen = threading.Event()

    @app.timer_trigger(arg_name="timer", schedule="* * * * * *")
    def tick(timer: func.TimerRequest) -> None:
        good_until = lease._good_until
        until(lambda: lease._good_until > good_until)
        seen.set()

    _, lease = listen(make_host(app, env=env), renew_s=0.2)

    assert seen.wait(HANGS_S)


def test_a_lease_that_is_released_while_it_is_renewed_leaves_no_traceback(env, monkeypatch):
    """The SDK refuses a lease without an id, which a released one is."""
    renewing, released, renew = threading.Event(), threading.Event(), BlobLeaseClient.renew

    def slow_renew(lease: BlobLeaseClient) -> None:
        renewing.set()
        released.wait(HANGS_S)
        lease.id = None
        renew(lease)

    monkeypatch.setattr(BlobLeaseClient, "renew", slow_renew)
    lease = SingletonLease(Storage(env), "acme-site", "tick", renew_s=0.01)
    assert lease.acquire()
    assert renewing.wait(HANGS_S)
    thread = next(it for it in threading.enumerate() if it.name == "renew-lease")
    lease.release()
    released.set()
    thread.join(HANGS_S)

    assert not lease.is_held


def test_a_lost_lease_ends_the_schedule_until_it_is_held_again(timer, make_host, env, clock):
    host = make_host(timer("* * * * * *"), env=env)
    host.serve()
    until(lambda: timer.given)
    listener = host._timing[0]
    listener._lease._good_until = 0.0

    assert not listener._wait_until(datetime.now(UTC) - timedelta(seconds=1))


def test_a_host_that_stops_while_storage_is_slow_leaves_no_traceback(timer, make_host, env):
    """Its clients are closed then, under the thread that still waits for them."""
    asked, closed = threading.Event(), threading.Event()

    class SlowLease(SingletonLease):
        def acquire(self) -> bool:
            asked.set()
            closed.wait(HANGS_S)
            raise ValueError("HTTP transport has already been closed.")

    lease = SlowLease(Storage(env), "acme-site", "tick")
    listener = TimerListener(runner_of(make_host(timer("* * * * * *"), env=env)), lease, utc_now)
    listener.start()
    assert asked.wait(HANGS_S)
    listener.stop()
    closed.set()

    assert listener.join(HANGS_S)


def test_a_stop_lets_a_run_end(app, make_host, env):
    began, ended = threading.Event(), []

    @app.timer_trigger(arg_name="timer", schedule="* * * * * *")
    def tick(timer: func.TimerRequest) -> None:
        began.set()
        time.sleep(0.3)
        ended.append(1)

    host = make_host(app, env=env)
    host.serve()
    assert began.wait(HANGS_S)

    assert host.stop(HANGS_S)
    assert ended == [1]
