"""P9: importing function_app, against importing the libraries alone that no such app can do without."""

import resource
import subprocess
import sys

from benchmarks.measure import median, record
from local.processes import ROOT

_TIMES = 9
_LIBRARIES = "import azure.functions, azure.data.tables, msal, requests"


def cpu_s(statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    cpu_s("import function_app")  # so that everything is compiled
    bare, libraries, app = (
        median(lambda it=it: cpu_s(it), _TIMES)  # type: ignore[misc]
        for it in ("pass", _LIBRARIES, "import function_app")
    )
    ratio = (app - bare) / (libraries - bare)
    figures = {"app_s": round(app, 3), "libraries_s": round(libraries, 3), "interpreter_s": round(bare, 3)}
    record("P9-cold-start", "its libraries alone", ratio=ratio, goal="<= 2.5", met=ratio <= 2.5, **figures)


if __name__ == "__main__":
    main()
