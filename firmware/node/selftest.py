"""The board's report on itself after a start, for who holds it: one line of JSON on the console, `make flash` reads it.

It is printed when the host has acknowledged the first set, when two connections have failed, or at the time limit,
whichever comes first (node.node). It holds what was found and no secret:
  sensors  metric -> value, null where a sensor said nothing
  faults   metric -> code, as over the wire
  link     kind, up, and rssi in dBm where it is known
  clock    where the time comes from (node.clock)
  broker   "" when it took us, else what went wrong
  ack      whether the host has stored something of ours
  heap     bytes free, with what Python could still take
  idf      bytes free and largest free block of the chip's own heap (node.health)
"""

import gc
import json

import machine

from node import VERSION
from node.health import idf_heap


def tell(node):
    """Print it, and then that the node is at work."""
    print(json.dumps({"selftest": report(node)}))
    ready = {
        "point": node.point,
        "boot": node.boot,
        "config": node.settings["version"],
        "fw": VERSION,
        "next": node.journal.next,
    }
    print(json.dumps({"ready": ready}))


def report(node):
    """What the console is told, as a dict."""
    uplink = node.uplink
    values, faults = node.last_set or ((), ())
    faults = dict(faults)
    sensors = {name: None for name in node.sampler.names if name not in faults}
    sensors.update(values)
    gc.collect()
    return {
        "board": "".join(["%02x" % byte for byte in machine.unique_id()]),
        "sensors": sensors,
        "faults": faults,
        "link": {
            "kind": node.settings["link"]["kind"],
            "up": uplink.link is not None and uplink.link.is_up,
            "rssi": uplink.rssi(),
        },
        "clock": node.clock.source,
        "broker": "not tried yet" if uplink.problem is None else uplink.problem,
        "ack": uplink.stored,
        "heap": gc.mem_free(),
        "idf": idf_heap(),
    }
