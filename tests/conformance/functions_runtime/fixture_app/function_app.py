"""Functions that tell what they were given, and answer in every way a function can."""

import json
import typing

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
Texts = typing.List[str]  # noqa: UP006 - Azure refuses list[str]

ANSWERS = {
    "response": lambda: func.HttpResponse("hé", status_code=201, headers={"X-One": "1"}),
    "json": lambda: func.HttpResponse(b'{"a":1}', mimetype="application/json"),
    "bytes": lambda: func.HttpResponse(b"\x00\xff", headers={"Content-Type": "application/octet-stream"}),
    "cookie": lambda: func.HttpResponse(headers={"Set-Cookie": "a=1; Path=/; HttpOnly"}),
    "empty": lambda: func.HttpResponse(status_code=204),
    "text": lambda: "plain",
    "like": lambda: '{"status": 418, "body": "tea"}',
    "none": lambda: None,
    "dict": lambda: {"a": 1},
    "tuple": lambda: ("x", 200),
    "number": lambda: 5,
}


@app.route("seen/{id?}")
def seen(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    told = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "params": dict(req.params),
        "route": dict(req.route_params),
        "body": list(req.get_body()),
        "trace": context.trace_context.trace_parent,
        "function": context.function_name,
    }
    return func.HttpResponse(json.dumps(told))


@app.route("answers/{kind}")
def answers(req: func.HttpRequest):
    return ANSWERS[req.route_params["kind"]]()


@app.route("later")
async def later(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.method)


@app.timer_trigger(arg_name="timer", schedule="0 */30 * * * *")
@app.queue_output(arg_name="$return", queue_name="told", connection="AzureWebJobsStorage")
def tick(timer: func.TimerRequest) -> str:
    return json.dumps([timer.past_due, timer.schedule_status, timer.schedule])


@app.timer_trigger(arg_name="timer", schedule="0 0 * * * *", run_on_startup=False, use_monitor=True)
@app.retry(strategy="exponential_backoff", max_retry_count="2")
def stray(timer: func.TimerRequest):
    return "there is nowhere to put this"


@app.queue_trigger(arg_name="msg", queue_name="messages", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="one", queue_name="one", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="many", queue_name="many", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="quiet", queue_name="quiet", connection="AzureWebJobsStorage")
def message(
    msg: func.QueueMessage, one: func.Out[str], many: func.Out[Texts], quiet: func.Out[func.QueueMessage]
) -> None:
    times = [str(it) for it in (msg.insertion_time, msg.expiration_time, msg.time_next_visible)]
    one.set(json.dumps([msg.id, msg.get_body().decode(), msg.dequeue_count, msg.pop_receipt, *times]))
    many.set(["a", "b"])


@app.queue_trigger(arg_name="msg", queue_name="texts", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="out", queue_name="out", connection="AzureWebJobsStorage")
def text(msg: str, out: func.Out[str]) -> None:
    out.set({"type": type(msg).__name__, "value": msg})


@app.queue_trigger(arg_name="msg", queue_name="bytes", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="out", queue_name="out", connection="AzureWebJobsStorage")
def raw(msg: bytes, out: func.Out[bytes]) -> None:
    out.set(msg if isinstance(msg, bytes) else msg.encode())


@app.queue_trigger(arg_name="msg", queue_name="bare", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="out", queue_name="out", connection="AzureWebJobsStorage")
def bare(msg, out) -> None:
    values = {"message": func.QueueMessage(body=b"m"), "list": [func.QueueMessage(body=b"m"), "s"], "number": 5}
    out.set(values[msg.get_body().decode()])


@app.queue_trigger(arg_name="msg", queue_name="broken", connection="AzureWebJobsStorage")
def broken(msg: func.QueueMessage) -> None:
    raise LookupError("told by the function")
