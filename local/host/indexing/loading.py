"""Loading: an app's script is imported, and the one FunctionApp in it is found.

Source: azure-functions-runtime loader.py and utils/validators.py.
"""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import azure.functions as func

_SCRIPT = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_\-]*\.py")


class IndexingError(Exception):
    """The app cannot be loaded; nothing of it runs."""


def load(root: Path, script: str = "function_app.py") -> func.FunctionRegister:
    """Import an app's script and find its one FunctionApp.

    Raises:
        IndexingError: no script, one that fails, none or more than one app in it.
    """
    if not _SCRIPT.fullmatch(script):
        raise IndexingError(f"Invalid file name: {script}")
    if not (root / script).exists():
        raise IndexingError(f"there is no {script} in {root.resolve().name}")
    module = _imported((root / script).resolve())
    apps = [value for value in vars(module).values() if isinstance(value, func.FunctionRegister)]
    if len(apps) > 1:  # two objects, or one under two names
        raise IndexingError(f"More than one {type(apps[0]).__name__} or other top level function app instances")
    if not apps:
        raise IndexingError(f"Could not find top level function app instances in {script}.")
    return apps[0]


def _imported(path: Path) -> ModuleType:
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise IndexingError(f"{path.name} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses and pickle look modules up by name
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the app's own code raises, nothing of it is loaded
        raise IndexingError(f"{path.name} cannot be imported: {type(error).__name__}: {error}") from error
    return module
