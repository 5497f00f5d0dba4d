"""Queue triggers. Sources: netsdk:QueueListener.cs, QueueProcessor.cs, QueuesOptions.cs; azure-functions queue.py."""

import base64
import time
from dataclasses import replace

import azure.functions as func
import pytest

from local.host import SettingsError
from local.host.triggers.queues import QueueOptions
from tests.local.host.triggers.queue_options import host_json
from tests.waiting import until


def test_messages_are_run_and_deleted(failing, make_host, queues):
    queues.put("work", "one", "two", "drei ü")

    with make_host(failing[0], env=queues.env) as host:
        assert host.drain() == 3
        assert host.drain() == 0

    assert failing[1] == [("one", 1), ("two", 1), ("drei ü", 1)]
    assert queues.length("work") == 0


def test_a_name_that_no_queue_and_no_function_has_is_refused(failing, make_host, queues):
    with pytest.raises(KeyError, match="nobody"):
        make_host(failing[0], env=queues.env).drain("nobody")


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
    host = make_host(app, env=queues.env, host_json=host_json(visibilityTimeout="00:00:03"))

    assert (host.drain(), host.drain(), queues.length("work")) == (1, 0, 1)
    until(lambda: host.drain() == 1)
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
        reader.process(message)

    assert seen == [1, 0]
    assert queues.length("work") == 0


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
