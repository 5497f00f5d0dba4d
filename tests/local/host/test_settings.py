"""Settings. Sources: core-tools:StartHostAction.cs, AppSettingsFile.cs; webjobs:IConfigurationExtensions.cs."""

import json

import pytest

from local.host.settings import (
    Connection,
    SettingsError,
    connection,
    environment,
    host_json,
    host_section,
    resolved,
    seconds,
)

LOCAL = {
    "IsEncrypted": False,
    "Values": {"A": "file", "B": "file", "C": None, "N": 5},
    "ConnectionStrings": {"db": "one", "other": {"ConnectionString": "two", "ProviderName": "x"}},
    "Host": {"LocalHttpPort": 7072},
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "local.settings.json").write_text(json.dumps(LOCAL))
    return tmp_path


def test_local_settings_fill_what_the_environment_leaves_empty(folder):
    env = environment(folder, {"A": "process", "B": "", "D": ""})

    assert (env["A"], env["B"], env["D"], env["N"]) == ("process", "file", "", "5")
    assert "C" not in env
    assert (env["ConnectionStrings:db"], env["ConnectionStrings:other"]) == ("one", "two")
    assert env["AZURE_FUNCTIONS_ENVIRONMENT"] == "Development"
    assert env["FUNCTIONS_CORETOOLS_ENVIRONMENT"] == "true"
    assert host_section(folder) == {"LocalHttpPort": 7072}


def test_a_setting_that_is_already_set_is_told(folder, caplog):
    environment(folder, {"A": "process"})

    assert "'A' is already set" in caplog.text


def test_settings_may_hold_comments_and_slashes_in_values(tmp_path):
    (tmp_path / "local.settings.json").write_text(
        '{ // note\n"IsEncrypted": false, /* more\n */ "Values": {"U": "http://x/*y*/"}}'
    )

    assert environment(tmp_path, {})["U"] == "http://x/*y*/"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"Values": {}}', "is encrypted"),  # IsEncrypted is true when absent
        ('{"IsEncrypted": true}', "is encrypted"),
        ("[1]", "must hold an object"),
        ("{,}", "is not JSON"),
    ],
)
def test_settings_that_cannot_be_read_are_refused(tmp_path, text, what):
    (tmp_path / "local.settings.json").write_text(text)

    with pytest.raises(SettingsError, match=what):
        environment(tmp_path, {})


def test_a_variable_overrides_any_key_of_host_json(tmp_path):
    (tmp_path / "host.json").write_text('{"extensions": {"queues": {"batchSize": 4}}, "logging": "plain"}')

    told = host_json(
        tmp_path,
        {
            "AzureFunctionsJobHost__extensions__queues__batchSize": "9",
            "AzureFunctionsJobHost__logging__level": "x",
            "AzureFunctionsJobHost__functions__1": "b",
            "AzureFunctionsJobHost__functions__0": "a",
        },
    )

    assert told["extensions"]["queues"]["batchSize"] == "9"
    assert told["logging"] == {"level": "x"}
    assert told["functions"] == ["a", "b"]


def test_names_between_percent_signs_are_put_in():
    assert resolved("a-%X%-%Y%", {"X": "1", "Y": "2"}) == "a-1-2"
    with pytest.raises(SettingsError, match="'%X%' does not resolve to a value"):
        resolved("%X%", {"X": ""})


IDENTITY = {"S__queueServiceUri": "https://q", "S__credential": "managedidentity", "S__clientId": "me"}


@pytest.mark.parametrize(
    ("name", "env", "expected"),
    [
        pytest.param("S", {"AzureWebJobsS": "long", "S": "short"}, Connection(string="long"), id="AzureWebJobs first"),
        pytest.param("S", {"S": "short"}, Connection(string="short"), id="then the name"),
        pytest.param("S", {"S": "x", "ConnectionStrings:S": "y"}, Connection(string="y"), id="its section first"),
        pytest.param("", {"AzureWebJobsStorage": "z"}, Connection(string="z"), id="empty is AzureWebJobsStorage"),
        pytest.param("S", {**IDENTITY, "S": "v"}, Connection(string="v"), id="a value goes before a section"),
        pytest.param(
            "S",
            IDENTITY,
            Connection(queue_url="https://q", credential="managedidentity", client_id="me"),
            id="identity",
        ),
        pytest.param(
            "AzureWebJobsStorage",
            {"AzureWebJobsStorage__accountName": "acme"},
            Connection(queue_url="https://acme.queue.core.windows.net", blob_url="https://acme.blob.core.windows.net"),
            id="an account's name",
        ),
    ],
)
def test_a_connection_is_found_by_its_name(name, env, expected):
    assert connection(name, env) == expected


def test_a_connection_that_is_not_set_is_named():
    with pytest.raises(SettingsError, match="'S'"):
        connection("S", {"Other": "x"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:01:30", 90),
        ("1.02:00:00", 93600),
        ("00:00:00.5", 0.5),
        ("-1", -1),
        (5, 5),
        ("-00:00:01", -1),
        ("01:30", 5400),
    ],
)
def test_a_time_span_is_read(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "24:00:00", "00:60:00", "00:00:60", "1:2:3:4"])
def test_what_is_no_time_span_is_refused(text):
    with pytest.raises(SettingsError, match="time span"):
        seconds(text)
