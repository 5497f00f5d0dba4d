"""Functions of every kind we use, for both hosts to index and to call."""

import json
import typing

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route("things/{name}", methods=["GET", "POST"])
def echo(req: func.HttpRequest) -> func.HttpResponse:
    told = {
        "method": req.method,
        "name": req.route_params["name"],
        "query": dict(req.params),
        "header": req.headers.get("X-Test"),
        "body": req.get_body().decode(),
    }
    return func.HttpResponse(json.dumps(told), status_code=201, headers={"X-Back": "1"}, mimetype="application/json")


@app.route("text")
def text(req: func.HttpRequest) -> str:
    return "plain"


@app.route("nothing")
def nothing(req: func.HttpRequest):
    return None


@app.route("mapping")
def mapping(req: func.HttpRequest):
    return {"a": 1}


@app.route("fails")
def fails(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("no")


@app.timer_trigger(arg_name="timer", schedule="0 */30 * * * *", use_monitor=True)
@app.queue_output(arg_name="out", queue_name="put-out", connection="AzureWebJobsStorage")
def tick(timer: func.TimerRequest, out: func.Out[typing.List[str]]) -> None:  # noqa: UP006 - list[str] is refused
    out.set(["one", "late" if timer.past_due else "on time"])


@app.queue_trigger(arg_name="msg", queue_name="taken", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="$return", queue_name="put-out", connection="AzureWebJobsStorage")
def take(msg: func.QueueMessage) -> str:
    return json.dumps({"body": msg.get_body().decode(), "id": msg.id, "count": msg.dequeue_count})


@app.queue_trigger(arg_name="msg", queue_name="taken-as-text", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="out", queue_name="put-out", connection="AzureWebJobsStorage")
def take_text(msg: str, out: func.Out[str]) -> None:
    out.set(msg.upper())
