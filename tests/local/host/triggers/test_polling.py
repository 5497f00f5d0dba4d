"""Polling. Sources: netsdk:QueueListener.cs, RandomizedExponentialBackoffStrategy.cs."""

import threading
import time

import azure.functions as func
import pytest

from local.host import SettingsError
from local.host.triggers.polling import Backoff, QueueListener
from local.host.triggers.queues import QueueOptions
from tests.local.host.triggers.queue_options import host_json
from tests.waiting import HANGS_S, until


def test_a_listener_keeps_to_its_batch_and_its_threshold(app, make_host, queues):
    done, taken, lock = [], [], threading.Lock()

    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    def work(msg: func.QueueMessage) -> None:
        with lock:
            taken.append(8 - len(queues.raw("work")) - len(done))  # fetched, and not done yet
        time.sleep(0.25)
        with lock:
            done.append(1)

    queues.put("work", *map(str, range(8)))
    options = host_json(batchSize=2, newBatchThreshold=1)
    host = make_host(app, env={**queues.env, "PYTHON_THREADPOOL_THREAD_COUNT": "16"}, host_json=options)
    host.serve()
    until(lambda: len(done) == 8)

    assert 2 <= max(taken) <= 3


def test_an_output_to_its_own_host_wakes_the_listener(app, make_host, queues, monkeypatch):
    arrived, looked = [], threading.Event()

    def long_pause(*_, **__):
        looked.set()
        return 10 * HANGS_S

    monkeypatch.setattr(Backoff, "after", long_pause)

    @app.route("send")
    @app.queue_output(arg_name="out", queue_name="work", connection="AzureWebJobsStorage")
    def send(req: func.HttpRequest, out: func.Out[str]) -> func.HttpResponse:
        out.set("x")
        return func.HttpResponse()

    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    def work(msg: func.QueueMessage) -> None:
        arrived.append(1)

    host = make_host(app, env=queues.env, host_json=host_json(maxPollingInterval="00:10:00"))
    host.serve()
    assert looked.wait(HANGS_S)
    host.call_http("POST", "/api/send")

    until(lambda: arrived)


def test_a_stop_lets_a_message_end_and_takes_no_other(app, make_host, queues):
    began, ended = [], []

    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    def work(msg: func.QueueMessage) -> None:
        began.append(1)
        time.sleep(0.3)
        ended.append(1)

    queues.put("work", *map(str, range(5)))
    host = make_host(app, env=queues.env, host_json=host_json(batchSize=1, newBatchThreshold=0))
    host.serve()
    until(lambda: began)

    assert host.stop(HANGS_S)
    assert began == ended == [1]
    assert queues.length("work") == 4


@pytest.mark.parametrize("stops", [True, False])
def test_a_question_cut_off_by_the_hosts_end_is_no_fault(monkeypatch, stops):
    """The host closes its storage while its listeners still ask; while it runs, the same error is a bug and is told."""
    asked, cut_off, faults = threading.Event(), threading.Event(), []

    class Reader:
        queue = "work"

        def fetch(self, _most):
            asked.set()
            assert cut_off.wait(HANGS_S)
            raise ValueError("the pool is closed")

    monkeypatch.setattr(threading, "excepthook", lambda told: faults.append(told.exc_type))
    listener = QueueListener(Reader(), QueueOptions())
    listener.start()
    assert asked.wait(HANGS_S)
    if stops:
        listener.stop()
    cut_off.set()

    assert listener.join(HANGS_S)
    assert faults == ([] if stops else [ValueError])


def test_a_disabled_function_does_not_listen(failing, make_host, queues):
    queues.put("work", "x")
    host = make_host(failing[0], env={**queues.env, "AzureWebJobs.work.Disabled": "1"})
    host.serve()
    time.sleep(0.3)

    assert (failing[1], queues.texts("work")) == ([], ["x"])


def test_listening_needs_its_connection(failing, make_host):
    host = make_host(failing[0])

    with pytest.raises(SettingsError, match="AzureWebJobsStorage"):
        host.serve()
    assert host.serve(listeners=False).startswith("http://127.0.0.1:")


def test_pauses_grow_while_a_queue_is_empty():
    backoff = Backoff(1.0, randomize=lambda *_: 1.0)

    assert [backoff.after(has_work=False) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert [backoff.after(has_work=it) for it in (True, False, False)] == [0.1, 0.1, 0.2]
