"""Queue outputs. Sources: netsdk:QueueBindingsConfiguration; azure-functions queue.py; the worker's queue tests."""

import json
import typing

import azure.functions as func
import pytest

from tests.local.host.triggers.queue_options import host_json

Texts = typing.List[str]  # noqa: UP006 - Azure refuses list[str]


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
