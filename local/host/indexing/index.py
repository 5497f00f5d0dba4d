"""Indexing: which functions an app has, by the rules of Microsoft's own Python library.

One bad function fails the whole app, as it does in Azure. A trigger or binding that this host does not run
is refused by name.
Sources: azure-functions-runtime loader.py and functions.py; azure-functions-host FunctionMetadataManager.cs.
"""

import inspect
import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import azure.functions as func

from local.host.indexing.loading import IndexingError
from local.host.indexing.retries import RetryPolicy
from local.host.indexing.signatures import check_signature
from local.host.settings import SettingsError, is_true, resolved

log = logging.getLogger("local.host")

_TRIGGERS = frozenset({"httpTrigger", "timerTrigger", "queueTrigger"})
_OUTPUTS = frozenset({"http", "queue"})
_BINARY = 2  # DataType.BINARY


@dataclass(frozen=True)
class Output:
    """A binding a function writes to. ``name`` is a parameter, or ``$return``."""

    name: str
    type: str
    kind: str
    annotation: Any = None
    queue: str = ""
    connection: str = ""


@dataclass(frozen=True)
class Function:
    """One function, ready to be called."""

    name: str
    trigger: str
    parameter: str
    kind: str  # the converter of what it is given
    call: Callable[..., Any]
    trigger_settings: Mapping[str, Any]  # the trigger's settings, with %NAME% put in
    outputs: tuple[Output, ...]
    takes_context: bool
    is_async: bool
    retry: RetryPolicy | None
    is_disabled: bool
    bindings: tuple[Mapping[str, Any], ...]  # as declared

    @property
    def takes_bytes(self) -> bool:
        return self.trigger_settings.get("dataType") in {_BINARY, "BINARY"}


def index(app: func.FunctionRegister, env: Mapping[str, str], chosen: Collection[str] = ()) -> dict[str, Function]:
    """Every function by name, in the order of names; only the chosen ones, if some are.

    An app can be indexed once: the library counts names, and a second reading finds each of them twice.

    Raises:
        IndexingError: naming the function and what is wrong with it.
    """
    try:
        built_functions = app.get_functions()
    except ValueError as error:
        raise IndexingError(str(error)) from error
    functions = [_function(built, env) for built in built_functions]
    chosen_functions = [it for it in functions if not chosen or it.name in chosen]
    return {it.name: it for it in sorted(chosen_functions, key=lambda it: it.name.upper())}


def _function(built: Any, env: Mapping[str, str]) -> Function:
    name, call, declared = built.get_function_name(), built.get_user_function(), built.get_bindings()
    bindings = tuple(json.loads(settings) for settings in built.get_raw_bindings())
    trigger = _trigger(name, bindings)
    signature = check_signature(name, call, declared)
    try:
        settings = {key: resolved(value, env) if isinstance(value, str) else value for key, value in trigger.items()}
        kinds = {**signature.parameters, "$return": signature.returned or ("", None)}
        outputs = tuple(_output(it, kinds[it["name"]], env) for it in bindings if it is not trigger)
    except SettingsError as error:
        raise IndexingError(f"{name}: {error}") from error
    return Function(
        name=name,
        trigger=trigger["type"],
        parameter=trigger["name"],
        kind=signature.parameters[trigger["name"]][0],
        call=call,
        trigger_settings=settings,
        outputs=outputs,
        takes_context=signature.takes_context,
        is_async=inspect.iscoroutinefunction(call),
        retry=_retry(name, trigger["type"], built),
        is_disabled=is_true(env.get(f"AzureWebJobs.{name}.Disabled", "")),
        bindings=bindings,
    )


def _trigger(name: str, bindings: tuple[Mapping[str, Any], ...]) -> Mapping[str, Any]:
    for binding in bindings:
        if binding["type"] not in _TRIGGERS | _OUTPUTS:
            raise IndexingError(f"{name}: the binding '{binding['type']}' is not supported by this host")
    triggers = [it for it in bindings if it["type"] in _TRIGGERS]
    if len(triggers) != 1:
        raise IndexingError(f"{name}: a function has one trigger, this one has {len(triggers)}")
    return triggers[0]


def _output(binding: Mapping[str, Any], kind: tuple[str, Any], env: Mapping[str, str]) -> Output:
    return Output(
        name=binding["name"],
        type=binding["type"],
        kind=kind[0],
        annotation=kind[1],
        queue=resolved(str(binding.get("queueName") or ""), env).lower(),
        connection=str(binding.get("connection") or ""),
    )


def _retry(name: str, trigger: str, built: Any) -> RetryPolicy | None:
    settings = built.get_settings_dict("retry_policy")
    if settings is None:
        return None
    if trigger != "timerTrigger":  # SupportsRetryAttribute: queues count dequeues, HTTP answers its caller
        log.warning("%s: a retry policy is not supported by '%s' and is ignored", name, trigger)
        return None
    try:
        return RetryPolicy.read(settings)
    except (SettingsError, KeyError, ValueError) as error:
        raise IndexingError(f"{name}: the retry policy cannot be read: {error}") from error
