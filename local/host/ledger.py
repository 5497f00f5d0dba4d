"""How this host relates to Azure's own; printed by ``python -m local.host --explain``."""

LEDGER = """\
The same as Azure's Functions host, by reading its sources; golden tests hold each rule:
  indexing and its refusals · settings, %NAME%, host.json and its overrides, connections · routing by function
  name, constraints, 404 for a wrong method · header, query, body and answer conversion · empty 500 · key levels ·
  admin API · CORS before routing · NCRONTAB, timer status, past due, one listener · queue batches, leases,
  dequeue counts, poison queues, base64 · queue output.

Different on purpose:
  no worker process: a function that runs too long fails, its thread is left behind (Azure restarts the worker);
  keys come from MASTER_KEY and HOST_KEY, and are asked for only with --enable-auth (as Core Tools does);
  polling pauses are those of Development (2 s), lease periods too (15 s).

Absent, refused at start with the function's name:
  every trigger and binding but HTTP, timer, queue trigger and queue output; Durable Functions.
Absent, silently:
  in-process retry policies, EasyAuth headers, scale-out, Application Insights, HTTPS, HTTP/2."""
