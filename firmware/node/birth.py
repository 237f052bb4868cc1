"""What a board tells of itself in `state`, when it is born and when something of it changes."""

from node import VERSION
from node.health import idf_heap
from node.lent import lent


def state_of(node):
    """The fields of the `state` message. node: node.node.Node."""
    trial, desired = node.trial, node.desired
    free, largest = idf_heap()
    state = {
        "online": True,
        "boot": node.boot,
        "reset": node.health.reset_cause,
        "error": node.health.last_error,
        "fw": VERSION,
        "build": node.build,
        "update": node.update if trial is None or trial.active else "",  # it has ended well
        "config": node.settings["version"],
        "board": node.settings["board"],
        "clock": node.clock.source,
        "next": node.journal.next,
        "idf_free": free,
        "idf_largest": largest,
    }
    if node.uplink.context is not None:
        with lent("node.pair", "paraat_wire.renewal") as pair:
            state.update(pair.told())
    if desired.on:
        state["config_trial"] = True
    if desired.error:
        state["config_refused"] = desired.refused
        state["config_error"] = desired.error
    return state
