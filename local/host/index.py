"""Indexing: which functions an app has, by the rules of Microsoft's own Python library.

One bad function fails the whole app, as it does in Azure.
Source: azure-functions-runtime loader.py and functions.py.
"""

import importlib.util
import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import azure.functions as func

from local.host.settings import SettingsError, resolved

_TRIGGERS = frozenset({"httpTrigger", "timerTrigger", "queueTrigger"})
_OUTPUTS = frozenset({"http", "queue"})
_OUT = 1
_IN_ANNOTATION = {
    "httpTrigger": (func.HttpRequest,),
    "timerTrigger": (func.TimerRequest,),
    "queueTrigger": (func.QueueMessage, str, bytes),
}


class IndexingError(Exception):
    """The app cannot be loaded; nothing of it runs."""


@dataclass(frozen=True)
class Output:
    """A binding a function writes to. ``name`` is a parameter, or ``$return``."""

    name: str
    type: str
    queue: str = ""
    connection: str = ""


@dataclass(frozen=True)
class Function:
    """One function, ready to be called."""

    name: str
    trigger: str
    parameter: str
    call: Callable[..., Any]
    told: Mapping[str, Any]
    outputs: tuple[Output, ...]
    annotations: Mapping[str, Any]
    takes_context: bool
    is_async: bool
    bindings: tuple[Mapping[str, Any], ...] = field(default=())


def load(root: Path, script: str = "function_app.py") -> func.FunctionApp:
    """Import an app's script and find its one FunctionApp.

    Raises:
        IndexingError: no script, none, or more than one.
    """
    path = root / script
    if not path.exists():
        raise IndexingError(f"there is no {script} in {root.name}")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise IndexingError(f"{script} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    apps = [value for value in vars(module).values() if isinstance(value, func.FunctionApp)]
    if len(apps) > 1:
        raise IndexingError("More than one FunctionApp or other top level function app instances are defined.")
    if not apps:
        raise IndexingError("Could not find top level function app instances in function_app.py.")
    return apps[0]


def index(app: func.FunctionApp, env: Mapping[str, str]) -> dict[str, Function]:
    """Every enabled function by name.

    Raises:
        IndexingError: naming the function and what is wrong with it.
    """
    try:
        found = app.get_functions()
    except ValueError as error:
        raise IndexingError(str(error)) from error
    functions = [_function(built, env) for built in found]
    disabled = {name for name in (it.name for it in functions) if _is_disabled(name, env)}
    return {it.name: it for it in sorted(functions, key=lambda it: it.name.upper()) if it.name not in disabled}


def _is_disabled(name: str, env: Mapping[str, str]) -> bool:
    return env.get(f"AzureWebJobs.{name}.Disabled", "").lower() in {"1", "true"}


def _function(built: Any, env: Mapping[str, str]) -> Function:
    name = built.get_function_name()
    bindings = [dict(binding.get_dict_repr()) for binding in built.get_bindings()]
    triggers = [it for it in bindings if it["type"] in _TRIGGERS]
    unknown = [it["type"] for it in bindings if it["type"] not in _TRIGGERS | _OUTPUTS]
    if unknown or len(triggers) != 1:
        what = f"the binding '{unknown[0]}'" if unknown else "no trigger, or more than one,"
        raise IndexingError(f"{name}: {what} is not supported by this host")
    trigger, call = triggers[0], built.get_user_function()
    try:
        told = {key: resolved(value, env) if isinstance(value, str) else value for key, value in trigger.items()}
        outputs = tuple(_output(it, env) for it in bindings if it is not trigger)
    except SettingsError as error:
        raise IndexingError(f"{name}: {error}") from error
    annotations = _checked(name, call, trigger, bindings)
    return Function(
        name=name,
        trigger=trigger["type"],
        parameter=trigger["name"],
        call=call,
        told=told,
        outputs=outputs,
        annotations=annotations,
        takes_context="context" in inspect.signature(call).parameters,
        is_async=inspect.iscoroutinefunction(call),
        bindings=tuple(bindings),
    )


def _output(binding: Mapping[str, Any], env: Mapping[str, str]) -> Output:
    queue = resolved(str(binding.get("queueName") or ""), env).lower()
    return Output(str(binding["name"]), str(binding["type"]), queue, str(binding.get("connection") or ""))


def _checked(
    name: str, call: Callable[..., Any], trigger: Mapping[str, Any], bindings: list[dict[str, Any]]
) -> dict[str, Any]:
    """Parameters, bindings and annotations must agree; the messages are the library's."""
    parameters = dict(inspect.signature(call).parameters)
    parameters.pop("context", None)
    bound = {it["name"] for it in bindings if it["name"] != "$return"}
    if set(parameters) - bound:
        extra = sorted(set(parameters) - bound)
        where = "declared in Python but not in the function definition (function.json or function decorators)"
        raise IndexingError(f"cannot load the {name} function: the following parameters are {where}: {extra}")
    if bound - set(parameters):
        lost = sorted(bound - set(parameters))
        where = "declared in the function definition (function.json or function decorators) but not in Python"
        raise IndexingError(f"cannot load the {name} function: the following parameters are {where}: {lost}")
    annotations = _annotations(name, call)
    _check_annotations(name, trigger, bindings, annotations)
    return annotations


def _annotations(name: str, call: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(call)
    except NameError as error:
        raise IndexingError(f"cannot load the {name} function: {error}") from error


def _check_annotations(
    name: str, trigger: Mapping[str, Any], bindings: list[dict[str, Any]], annotations: Mapping[str, Any]
) -> None:
    wanted, given = _IN_ANNOTATION[trigger["type"]], annotations.get(trigger["name"])
    if given is not None and given not in wanted:
        raise IndexingError(f"cannot load the {name} function: type of {trigger['name']} binding in function "
                            f"definition \"{trigger['type']}\" does not match its Python annotation")  # fmt: skip
    if "context" in annotations and annotations["context"] is not func.Context:
        raise IndexingError(f"cannot load the {name} function: the 'context' parameter is expected to be of type "
                            "azure.functions.Context")  # fmt: skip
    for binding in bindings:
        if binding.get("direction") == _OUT and binding["name"] != "$return":
            _check_out(name, binding["name"], annotations.get(binding["name"]))
    returned = annotations.get("return")
    is_http = any(it["name"] == "$return" and it["type"] == "http" for it in bindings)
    if is_http and "return" in annotations and returned not in {func.HttpResponse, str}:
        raise IndexingError(f'cannot load the {name} function: Python return annotation "{returned}" does not match '
                            'binding type "http"')  # fmt: skip


def _check_out(name: str, parameter: str, annotation: Any) -> None:
    if annotation is None:
        return
    if typing.get_origin(annotation) is not func.Out:
        what = 'is declared to have the "out" direction, but its annotation in Python is not a subclass of'
        raise IndexingError(f"cannot load the {name} function: binding {parameter} {what} azure.functions.Out")
    inner = typing.get_args(annotation)[0]
    if isinstance(inner, type) and typing.get_origin(inner) is list:
        raise IndexingError(f"cannot load the {name} function: {parameter} has an unsupported annotation in Out")
