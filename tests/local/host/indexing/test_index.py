"""Indexing. Sources: azure-functions-runtime loader.py and functions.py (platform.md 2.2 lists the cases)."""

import azure.functions as func
import pytest

from local.host.indexing.index import index
from local.host.indexing.loading import IndexingError, load
from tests.local.host.apps import ACCEPTED, HEAD, OURS_ALONE, REFUSED


@pytest.mark.parametrize(("script", "what"), [*REFUSED, *OURS_ALONE])
def test_one_bad_function_fails_the_whole_app(write_app, script, what):
    root = write_app(f'{HEAD}\n{script}\n@app.route("good")\ndef good(req): ...\n')

    with pytest.raises(IndexingError, match=what):
        index(load(root), {})


def nothing(req):
    return func.HttpResponse()


@pytest.mark.parametrize("script", ACCEPTED)
def test_what_azure_accepts_is_accepted(write_app, script):
    assert list(index(load(write_app(script)), {})) == ["f"]


def test_an_app_without_functions_is_empty(write_app):
    assert index(load(write_app(HEAD)), {}) == {}


def test_a_folder_without_an_app_is_refused(tmp_path, write_app):
    with pytest.raises(IndexingError, match=r"there is no function_app\.py"):
        load(tmp_path)
    with pytest.raises(IndexingError, match="Could not find top level function app"):
        load(write_app("x = 1"))
    with pytest.raises(IndexingError, match="Invalid file name"):
        load(tmp_path, "../elsewhere.py")


def test_an_app_is_indexed_once(app):
    @app.route("x")
    def f(req): ...

    index(app, {})

    with pytest.raises(IndexingError, match="unique function name"):
        index(app, {})


def test_functions_come_by_name_whatever_their_case(app):
    for name in ("b", "C", "a"):
        app.function_name(name)(app.route(name)(nothing))

    assert list(index(app, {})) == ["a", "b", "C"]


def test_only_chosen_functions_are_loaded(app, make_host):
    """Source: core-tools StartHostAction.cs (--functions) and host.json's "functions"."""
    for name in ("a", "b", "c"):
        app.function_name(name)(app.route(name)(nothing))

    host = make_host(app, host_json={"functions": ["a", "c"]})

    assert list(host.functions) == ["a", "c"]
    assert host.call_http("GET", "/api/b").status == 404


def test_settings_are_put_into_bindings(app):
    @app.queue_trigger(arg_name="m", queue_name="%Q%-in", connection="S")
    @app.queue_output(arg_name="o", queue_name="%Q%-OUT", connection="S")
    def f(m, o): ...

    found = index(app, {"Q": "acme"})["f"]

    assert found.trigger_settings["queueName"] == "acme-in"
    assert found.outputs[0].queue == "acme-out"


def test_a_retry_policy_is_for_timers_only(app, caplog):
    """Source: webjobs:SupportsRetryAttribute.cs, FunctionIndexer.cs."""

    @app.queue_trigger(arg_name="m", queue_name="q", connection="S")
    @app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")
    def f(m): ...

    assert index(app, {})["f"].retry is None
    assert "f: a retry policy is not supported" in caplog.text
