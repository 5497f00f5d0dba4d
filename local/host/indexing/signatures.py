"""What a function's Python signature must say about its bindings.

A mismatch is a bug that Azure answers with an empty app, so it is refused here with the same class of message.
Source: azure-functions-runtime functions.py.
"""

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import azure.functions as func
from azure.functions._thirdparty import typing_inspect

from local.host.indexing.loading import IndexingError
from local.host.invocation.conversion import GENERIC, converter

OUT = 1  # a binding's direction


@dataclass(frozen=True)
class Signature:
    """How a function is called: for each parameter its converter and annotation, and the same of what it returns."""

    parameters: Mapping[str, tuple[str, Any]]
    returned: tuple[str, Any] | None
    takes_context: bool


def check_signature(name: str, call: Callable[..., Any], bindings: Sequence[Any]) -> Signature:
    """The signature of a function, given the library's binding objects.

    Raises:
        IndexingError: naming the function and what does not fit.
    """
    parameters = set(inspect.signature(call).parameters)
    annotations = _annotations(name, call)
    bound = {it.name: it for it in bindings if it.name != "$return"}
    takes_context = "context" in parameters and "context" not in bound
    if takes_context:
        parameters.discard("context")
        _check_context(name, annotations)
    _check_names(name, parameters, set(bound))
    bound_parameters = {it: _parameter(name, bound[it], annotations) for it in bound}
    returned = next((it for it in bindings if it.name == "$return"), None)
    return Signature(bound_parameters, _returned(name, returned, annotations) if returned else None, takes_context)


def _refuse(name: str, what: str) -> NoReturn:
    raise IndexingError(f"cannot load the {name} function: {what}")


def _annotations(name: str, call: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(call)
    except NameError as error:
        _refuse(name, str(error))


def _check_context(name: str, annotations: Mapping[str, Any]) -> None:
    annotation = annotations.get("context", func.Context)
    if not isinstance(annotation, type) or annotation.__name__ != "Context":
        _refuse(name, f'"context" is expected to be of type azure.functions.Context, got "{annotation!r}"')


def _check_names(name: str, parameters: set[str], bound: set[str]) -> None:
    if parameters - bound:
        _refuse(name, f"declared in Python but not in the function decorators: {sorted(parameters - bound)}")
    if bound - parameters:
        _refuse(name, f"declared as bindings but not present in Python: {sorted(bound - parameters)}")


def _parameter(name: str, binding: Any, annotations: Mapping[str, Any]) -> tuple[str, Any]:
    """The converter and the annotation of one parameter; for ``Out[X]`` that is X."""
    if binding.name not in annotations:
        return binding.type, None
    annotation, is_out = annotations[binding.name], binding.direction == OUT
    if _is_out(annotation) != is_out:
        direction = "out" if is_out else "in"
        _refuse(name, f'binding {binding.name} has direction "{direction}" but its annotation says otherwise')
    value_type = _out_type(name, binding.name, annotation) if is_out else annotation
    if not isinstance(value_type, type) and not _is_generic(value_type):
        _refuse(name, f"binding {binding.name} has invalid non-type annotation {annotation!r}")
    kind = GENERIC if value_type in (str, bytes) else binding.type
    if not _accepts(kind, value_type, is_out=is_out):
        _refuse(name, f'type of {binding.name} binding "{binding.type}" does not match its annotation {value_type!r}')
    return kind, value_type


def _is_generic(annotation: Any) -> bool:
    """As the library sees it: List[str] is one, list[str] is none."""
    return bool(typing_inspect.is_generic_type(annotation))  # type: ignore[no-untyped-call] # the library's


def _is_out(annotation: Any) -> bool:
    return (typing.get_origin(annotation) or annotation) is func.Out


def _out_type(name: str, parameter: str, annotation: Any) -> Any:
    arguments = typing.get_args(annotation)
    if len(arguments) != 1:
        _refuse(name, f"binding {parameter} has invalid Out annotation {annotation!r}")
    return arguments[0]


def _returned(name: str, binding: Any, annotations: Mapping[str, Any]) -> tuple[str, Any]:
    if "return" not in annotations:
        return binding.type, None
    annotation = annotations["return"]
    if not isinstance(annotation, type):
        _refuse(name, f"has invalid non-type return annotation {annotation!r}")
    if not _accepts(binding.type, annotation, is_out=True):
        _refuse(name, f'return annotation "{annotation.__name__}" does not match binding type "{binding.type}"')
    return binding.type, annotation


def _accepts(kind: str, annotation: Any, *, is_out: bool) -> bool:
    binding_converter = converter(kind)
    check = binding_converter.check_output_type_annotation if is_out else binding_converter.check_input_type_annotation
    try:
        return bool(check(annotation))
    except TypeError:  # a generic where a class is wanted
        return False
