"""How this host relates to Azure's own; printed by ``python -m local.host --explain``."""

DIFFERENCES = """\
The same as Azure's Functions host, by reading its sources; golden tests hold each rule:
  indexing and its refusals, checked against Microsoft's own library (make conformance) · settings, %NAME%,
  host.json and its overrides, connections · routing by function name, constraints, 404 for a wrong method ·
  conversion of headers, query, body and answer · empty 500 · key levels · disabled functions · admin API · CORS
  before routing · NCRONTAB, timer status, past due, one listener · queue batches, leases, dequeue counts, poison
  queues, base64, back-off · queue output, and the listener it wakes · retry policies of timers · functionTimeout.

Different on purpose:
  no worker process: a function that runs too long fails, and its thread is left behind (Azure restarts the worker,
  and every other call on it dies);
  keys come from MASTER_KEY, HOST_KEY and FUNCTION_KEY_<function>, not from a blob, and are asked for only with
  --enable-auth (Core Tools does the same);
  / leads to the address in LOCAL_HOST_HOME, if that is set;
  without maxPollingInterval queues are asked every 2 s, and leases last 15 s: the values of Development.

Absent, refused at start with the function's name:
  every trigger and binding but HTTP, timer, queue trigger and queue output; Durable Functions among them.
Absent, silently:
  EasyAuth and its headers, scale-out, Application Insights, HTTPS, HTTP/2, time zones other than UTC."""
