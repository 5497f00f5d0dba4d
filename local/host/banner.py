"""What the host prints at its start: every function and its trigger, as ``func start`` does."""

from local.host.host import Host
from local.host.indexing.index import Function


def banner(host: Host, address: str) -> str:
    """One line for each function."""
    addresses = {route.function.name: f"{address}/{route.template}" for route in host.routes}
    methods = {route.function.name: ",".join(sorted(route.methods)) for route in host.routes}
    lines = ["", "Functions:", ""]
    for name, function in host.functions.items():
        what = f"[{methods[name]}] {addresses[name]}" if name in addresses else _trigger(host, function)
        lines.append(f"        {name}: {what}{' (disabled)' if function.is_disabled else ''}")
    return "\n".join([*lines, ""])


def _trigger(host: Host, function: Function) -> str:
    if function.trigger == "timerTrigger":
        next_run = host.next_run(function.name)
        return f"timer '{function.trigger_settings['schedule']}', next at {next_run:%Y-%m-%d %H:%M:%S} UTC"
    return f"queue '{str(function.trigger_settings['queueName']).lower()}'"
