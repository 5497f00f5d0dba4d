"""``python -m local.host``. Sources: core-tools:StartHostAction.cs, docs/host-configuration.md (127.0.0.1:7071)."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.waiting import HANGS_S

REPOSITORY = Path(__file__).resolve().parents[3]
APP = """
import os, time
import azure.functions as func
app = func.FunctionApp()

@app.route("tell")
def tell(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(os.environ["GREETING"] + " " + os.path.basename(os.getcwd()))

@app.route("slow")
def slow(req: func.HttpRequest) -> func.HttpResponse:
    open("began", "w").close()
    time.sleep(float(req.params["s"]))
    return func.HttpResponse("done")

@app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *")
def nightly(timer: func.TimerRequest) -> None: ...

@app.queue_trigger(arg_name="msg", queue_name="Work", connection="AzureWebJobsStorage")
def work(msg: func.QueueMessage) -> None: ...
"""


@pytest.fixture
def start(tmp_path):
    """Start the command in a folder with an app; ends it at the end of the test."""
    started = []

    def start(*arguments, app=APP, settings=None, **env):
        (tmp_path / "function_app.py").write_text(app)
        if settings is not None:
            (tmp_path / "local.settings.json").write_text(json.dumps({"IsEncrypted": False, **settings}))
        command = [sys.executable, "-m", "local.host", "--root", str(tmp_path), "--port", "0", *arguments]
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AzureWebJobs")}
        started.append(
            subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env={**plain, **env},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait(HANGS_S)
        process.stdout.close()
        process.stderr.close()


def address_of(process):
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("Listening on "):
            return line.removeprefix("Listening on ").strip(), lines
    raise AssertionError(process.stderr.read())


def get(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=HANGS_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


def test_the_command_tells_what_runs_and_serves_it(start, storage, tmp_path):
    process = start(settings={"Values": {"GREETING": "hello from", "AzureWebJobsStorage": storage}})
    address, lines = address_of(process)
    told = "\n".join(lines)

    assert address.startswith("http://127.0.0.1:")
    assert f"{address}/api/tell" in told
    assert "nightly: timer '0 0 3 * * *'" in told
    assert "work: queue 'work'" in told
    assert get(f"{address}/api/tell") == (200, f"hello from {tmp_path.name}")

    process.send_signal(signal.SIGTERM)
    assert process.wait(HANGS_S) == 0


def test_a_stop_waits_for_a_request_and_then_ends(start, tmp_path):

    process = start("--functions", "slow", GREETING="x")
    address, lines = address_of(process)
    assert "nightly" not in "\n".join(lines)
    answers = []
    caller = threading.Thread(target=lambda: answers.append(get(f"{address}/api/slow?s=0.5")))
    caller.start()
    while not (tmp_path / "began").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)

    assert process.wait(HANGS_S) == 0
    caller.join(HANGS_S)
    assert answers == [(200, "done")]


def test_a_function_that_hangs_does_not_hold_the_end_up(start, tmp_path):
    process = start("--functions", "slow", "--grace", "0.3", GREETING="x")
    address, _ = address_of(process)
    caller = threading.Thread(target=get, args=(f"{address}/api/slow?s=1000",))
    caller.start()
    while not (tmp_path / "began").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)

    assert process.wait(HANGS_S) == 0
    caller.join(HANGS_S)
    assert "did not end in time" in process.stderr.read()


def test_keys_are_asked_for_when_wanted(start):
    keys = {"HOST_KEY": "h", "MASTER_KEY": "m", "FUNCTION_KEY_tell": "t"}
    address, _ = address_of(start("--functions", "tell", "--enable-auth", GREETING="hi", **keys))

    statuses = [get(f"{address}/api/tell?code={key}")[0] for key in ("", "x", "h", "t", "m")]
    assert statuses == [401, 401, 200, 200, 200]


@pytest.mark.parametrize(
    ("app", "settings", "what"),
    [
        ("import azure.functions as func\napp = func.FunctionApp()\nother = app", {}, "More than one FunctionApp"),
        (APP, {"IsEncrypted": True}, "encrypted"),
        (APP, {"Values": {"GREETING": "x"}}, "'AzureWebJobsStorage' is not set"),
    ],
)
def test_an_app_that_cannot_be_started_is_told_in_one_line(start, app, settings, what):
    process = start(app=app, settings=settings)

    assert process.wait(HANGS_S) == 1
    assert what in process.stderr.read()


def test_the_ledger_tells_what_is_different(start):
    process = start("--explain")

    assert process.wait(HANGS_S) == 0
    told = process.stdout.read()
    assert all(it in told for it in ("The same as", "Different on purpose", "Absent"))
