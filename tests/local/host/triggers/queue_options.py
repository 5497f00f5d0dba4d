"""host.json for tests of queues."""


def host_json(**queues):
    return {"extensions": {"queues": queues}}
