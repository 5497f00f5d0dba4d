"""Queues. Sources: netsdk:QueueListener.cs, QueueProcessor.cs, QueuesOptions.cs,
RandomizedExponentialBackoffStrategy.cs; azure-functions queue.py."""

import base64
import json
import threading
import time
import typing
from dataclasses import replace

import azure.functions as func
import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueServiceClient

from local.host import SettingsError
from local.host.polling import Backoff
from local.host.queues import QueueOptions

Texts = typing.List[str]  # noqa: UP006 - Azure refuses list[str]


class Queues:
    """Queues of one storage account, as another program sees them."""

    def __init__(self, connection):
        self.env = {"AzureWebJobsStorage": connection}
        self.service = QueueServiceClient.from_connection_string(connection)

    def put(self, queue, *texts, encode=True):
        client = self.service.get_queue_client(queue)
        if queue not in {it.name for it in self.service.list_queues()}:
            client.create_queue()
        for text in texts:
            client.send_message(base64.b64encode(text.encode()).decode() if encode else text)

    def raw(self, queue):
        """Texts that are visible, as they lie there."""
        try:
            return [it.content for it in self.service.get_queue_client(queue).peek_messages(32)]
        except ResourceNotFoundError:
            return []

    def texts(self, queue):
        return [base64.b64decode(it).decode() for it in self.raw(queue)]

    def length(self, queue):
        return self.service.get_queue_client(queue).get_queue_properties().approximate_message_count


@pytest.fixture
def queues(storage):
    with_queues = Queues(storage)
    yield with_queues
    with_queues.service.close()


def host_json(**queues):
    return {"extensions": {"queues": queues}}


@pytest.fixture
def failing(app):
    """An app whose function fails on what begins with "bad", and notes what it saw."""
    seen = []

    @app.queue_trigger(arg_name="msg", queue_name="WORK", connection="AzureWebJobsStorage")
    def work(msg: func.QueueMessage) -> None:
        seen.append((msg.get_body().decode(), msg.dequeue_count))
        if msg.get_body().startswith(b"bad"):
            raise ValueError("bad message")

    return app, seen


def test_messages_are_run_and_deleted(failing, make_host, queues):
    queues.put("work", "one", "two", "drei ü")

    with make_host(failing[0], env=queues.env) as host:
        assert host.drain() == 3
        assert host.drain() == 0

    assert failing[1] == [("one", 1), ("two", 1), ("drei ü", 1)]
    assert queues.length("work") == 0


def test_a_missing_queue_is_no_error_and_is_not_created(failing, make_host, queues):
    assert make_host(failing[0], env=queues.env).drain("work") == 0
    assert list(queues.service.list_queues()) == []


def test_a_message_knows_its_own_story(app, make_host, queues):
    seen = []

    @app.queue_trigger(arg_name="msg", queue_name="work", connection="")
    def work(msg: func.QueueMessage) -> None:
        seen.append(msg)

    queues.put("work", '{"a": 1}')
    make_host(app, env=queues.env).drain("work")
    msg = seen[0]

    assert msg.get_json() == {"a": 1}
    assert len(msg.id) == 36
    assert msg.pop_receipt
    assert msg.insertion_time < msg.time_next_visible < msg.expiration_time
    assert msg.insertion_time.tzinfo is not None


@pytest.mark.parametrize(
    ("annotation", "data_type", "expected"),
    [
        (str, None, "hé"),
        (bytes, None, "hé"),  # the worker does not convert what the host sent as text
        (bytes, func.DataType.BINARY, "hé".encode()),
        (None, None, "QueueMessage"),
    ],
)
def test_the_annotation_decides_what_the_function_gets(app, make_host, queues, annotation, data_type, expected):
    seen = []

    def work(msg):
        seen.append(msg if annotation else type(msg).__name__)

    if annotation:
        work.__annotations__["msg"] = annotation
    app.queue_trigger(arg_name="msg", queue_name="work", connection="", data_type=data_type)(work)
    queues.put("work", "hé")
    make_host(app, env=queues.env).drain()

    assert seen == [expected]


def test_a_failing_message_comes_back_until_it_is_poison(failing, make_host, queues):
    app, seen = failing
    queues.put("work", "bad", "good")
    host = make_host(app, env=queues.env, host_json=host_json(maxDequeueCount=3))

    assert host.drain() == 4

    assert [it for it in seen if it[0] == "bad"] == [("bad", 1), ("bad", 2), ("bad", 3)]
    assert queues.texts("work-poison") == ["bad"]
    assert queues.length("work") == 0


def test_a_failed_message_waits_for_the_visibility_timeout(failing, make_host, queues):
    app, seen = failing
    queues.put("work", "bad")
    host = make_host(app, env=queues.env, host_json=host_json(visibilityTimeout="00:00:01"))

    assert (host.drain(), host.drain(), queues.length("work")) == (1, 0, 1)
    time.sleep(1.2)
    assert host.drain() == 1
    assert seen == [("bad", 1), ("bad", 2)]


def test_a_message_taken_too_often_is_poison_unread(failing, make_host, queues):
    app, seen = failing
    queues.put("work", "good")
    client = queues.service.get_queue_client("work")
    for _ in range(2):
        client.update_message(next(iter(client.receive_messages())), visibility_timeout=0)

    make_host(app, env=queues.env, host_json=host_json(maxDequeueCount=2)).drain()

    assert (seen, queues.texts("work-poison")) == ([], ["good"])


@pytest.mark.parametrize("bad", ["plain text!", "bm8=x", "ÿ"])
def test_one_undecodable_message_is_poison_and_harms_no_other(failing, make_host, queues, bad):
    app, seen = failing
    queues.put("work", "before")
    queues.put("work", bad, encode=False)
    queues.put("work", "after")

    make_host(app, env=queues.env).drain()

    assert [it[0] for it in seen] == ["before", "after"]
    assert queues.raw("work-poison") == [bad]


def test_text_that_is_not_utf8_fails_the_function(failing, make_host, queues):
    app, seen = failing
    queues.put("work", base64.b64encode(b"\xff\xfe").decode(), encode=False)

    make_host(app, env=queues.env, host_json=host_json(maxDequeueCount=2)).drain()

    assert (seen, queues.raw("work-poison")) == ([], ["//4="])


def test_an_empty_message_is_an_empty_body(failing, make_host, queues):
    queues.put("work", "")
    make_host(failing[0], env=queues.env).drain()

    assert failing[1] == [("", 1)]


def test_plain_messages_are_a_setting_of_the_whole_app(failing, make_host, queues):
    queues.put("work", "plain <&> text", encode=False)
    make_host(failing[0], env=queues.env, host_json=host_json(messageEncoding="none")).drain()

    assert failing[1] == [("plain <&> text", 1)]


def test_a_poison_queue_has_no_poison_queue(app, make_host, queues):
    @app.queue_trigger(arg_name="msg", queue_name="work-poison", connection="AzureWebJobsStorage")
    def read_poison(msg: func.QueueMessage) -> None:
        raise ValueError("must never happen")

    queues.put("work-poison", "x")
    host = make_host(app, env=queues.env, host_json=host_json(maxDequeueCount=1))

    assert (host.drain(), host.drain()) == (1, 0)
    assert queues.length("work-poison") == 1
    assert [it.name for it in queues.service.list_queues()] == ["work-poison"]


def test_outputs_become_messages_after_the_function_returned(app, make_host, queues):
    @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
    @app.queue_output(arg_name="one", queue_name="ONE", connection="AzureWebJobsStorage")
    @app.queue_output(arg_name="many", queue_name="many", connection="AzureWebJobsStorage")
    @app.queue_output(arg_name="none", queue_name="none", connection="AzureWebJobsStorage")
    @app.queue_output(arg_name="$return", queue_name="returned", connection="AzureWebJobsStorage")
    def tick(timer: func.TimerRequest, one: func.Out[str], many: func.Out[Texts], none: func.Out[str]) -> str:
        one.set("first")
        one.set("ünique")
        many.set(["a", "b"])
        return "back"

    make_host(app, env=queues.env).fire_timer("tick")

    told = {it: queues.texts(it) for it in ("one", "many", "none", "returned")}
    assert told == {"one": ["ünique"], "many": ["a", "b"], "none": [], "returned": ["back"]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", ["text"]),
        (b"bytes", ["bytes"]),
        (func.QueueMessage(body=b"message"), ["message"]),
        ([func.QueueMessage(body=b"a"), "b"], ["a", "b"]),
        ([], []),
        ('["a", "b"]', ['["a", "b"]']),
    ],
)
def test_what_an_output_may_be(app, make_host, queues, value, expected):
    @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
    @app.queue_output(arg_name="out", queue_name="out", connection="AzureWebJobsStorage")
    def tick(timer: func.TimerRequest, out) -> None:
        out.set(value)

    make_host(app, env=queues.env).fire_timer("tick")

    assert queues.texts("out") == expected


def test_an_object_for_a_text_output_travels_as_json(app, make_host, queues):
    @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
    @app.queue_output(arg_name="out", queue_name="out", connection="AzureWebJobsStorage")
    def tick(timer: func.TimerRequest, out: func.Out[str]) -> None:
        out.set({"a": 1})

    make_host(app, env=queues.env).fire_timer("tick")

    assert [json.loads(it) for it in queues.texts("out")] == [{"a": 1}]


def test_an_output_that_fails_fails_the_call(app, make_host, queues):
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    @app.queue_output(arg_name="out", queue_name="out", connection="AzureWebJobsStorage")
    def work(msg: func.QueueMessage, out: func.Out[str]) -> None:
        out.set("x" * (48 * 1024 + 1))  # 48 KiB are 64 KiB in base64

    queues.put("work", "x")
    make_host(app, env=queues.env, host_json=host_json(maxDequeueCount=2)).drain()

    assert (queues.texts("work-poison"), queues.texts("out")) == (["x"], [])


def test_what_functions_send_is_run_in_the_same_drain(app, make_host, queues):
    @app.queue_trigger(arg_name="msg", queue_name="count", connection="AzureWebJobsStorage")
    @app.queue_output(arg_name="out", queue_name="count", connection="AzureWebJobsStorage")
    def count(msg: func.QueueMessage, out: func.Out[str]) -> None:
        left = int(msg.get_body())
        if left:
            out.set(str(left - 1))

    queues.put("count", "4")
    host = make_host(app, env=queues.env)

    assert host.drain("count") == 5
    queues.put("count", "1000")
    with pytest.raises(TimeoutError):
        host.drain(within_s=0.05)


def test_a_lease_is_renewed_while_the_function_runs(app, make_host, queues):
    seen = []

    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    def work(msg: func.QueueMessage) -> None:
        seen.append(msg.dequeue_count)
        time.sleep(2.3)
        seen.append(len(list(queues.service.get_queue_client("work").receive_messages())))

    queues.put("work", "x")
    host = make_host(app, env=queues.env)
    reader = host._readers["work"]
    reader._options = replace(reader._options, lease_s=2)
    for message in reader.fetch():
        reader.settle(message)

    assert seen == [1, 0]
    assert queues.length("work") == 0


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
    _until(lambda: len(done) == 8)

    assert 2 <= max(taken) <= 3


def test_an_output_to_its_own_host_wakes_the_listener(app, make_host, queues):
    arrived = []

    @app.route("send")
    @app.queue_output(arg_name="out", queue_name="work", connection="AzureWebJobsStorage")
    def send(req: func.HttpRequest, out: func.Out[str]) -> func.HttpResponse:
        out.set("x")
        return func.HttpResponse()

    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    def work(msg: func.QueueMessage) -> None:
        arrived.append(time.monotonic())

    host = make_host(app, env=queues.env, host_json=host_json(maxPollingInterval="00:10:00"))
    host.serve()
    time.sleep(1.5)  # by now the pause has grown to more than a second
    sent = time.monotonic()
    host.call_http("POST", "/api/send")
    _until(lambda: arrived)

    assert arrived[0] - sent < 0.5


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
    _until(lambda: began)

    assert host.stop(5)
    assert began == ended == [1]
    assert queues.length("work") == 4


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


def test_options_have_the_extensions_defaults():
    plain, told = QueueOptions.from_host_json({}), QueueOptions.from_host_json(host_json(batchSize="4"))

    assert (plain.batch_size, plain.max_dequeue_count, plain.visibility_s, plain.max_poll_s) == (16, 5, 0, 2)
    assert plain.base64
    assert plain.lease_s == 600
    assert (plain.new_batch_threshold % 8, told.batch_size, told.new_batch_threshold % 2) == (0, 4, 0)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("batchSize", 33),
        ("batchSize", 0),
        ("maxDequeueCount", 0),
        ("messageEncoding", "utf7"),
        ("visibilityTimeout", "x"),
    ],
)
def test_an_option_out_of_its_bounds_is_refused(option, value):
    with pytest.raises(SettingsError):
        QueueOptions.from_host_json(host_json(**{option: value}))


def test_pauses_grow_while_a_queue_is_empty():
    backoff = Backoff(1.0, chance=lambda *_: 1.0)

    assert [backoff.after(found=False) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert [backoff.after(found=it) for it in (True, False, False)] == [0.1, 0.1, 0.2]


def _until(is_so, within_s=10.0):
    give_up_at = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
