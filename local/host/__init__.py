"""A thin Azure Functions host: runs the very same function_app.py on one machine, without the .NET host.

What it reproduces, does differently and lacks is listed in ``differences``; each rule it reproduces
has a golden test that names the source it was read from.
"""

from local.host.host import Host
from local.host.http.pipeline import Keys
from local.host.indexing.loading import IndexingError
from local.host.invocation.conversion import Response
from local.host.settings import SettingsError

__all__ = ["Host", "IndexingError", "Keys", "Response", "SettingsError"]
