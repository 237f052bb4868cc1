"""What main.py starts: shapes the chip's memory, then is the node for ever.

It and node.memory import nothing else of ours before that: what is loaded first decides where all the rest can lie.
"""

import asyncio
import sys

import machine
from micropython import const

_SAY_AGAIN_S = const(10)


async def main():
    """Make room, read the configuration, and be that node for ever."""
    from node import memory

    room = memory.shape()
    del sys.modules["node.memory"], memory
    delattr(sys.modules["node"], "memory")

    from node import node

    del room  # what stays lies in it by now
    wanted, secrets, boot, problem = _begin(node.lent)
    if wanted is None:
        await _tell_no_config(node.log, problem)
    try:
        found = node.Node(wanted, secrets, boot)
    except Exception as error:
        if wanted.on:  # pyright: ignore[reportOptionalMemberAccess]
            wanted.roll_back("%s %s" % (type(error).__name__, error))  # pyright: ignore[reportOptionalMemberAccess]
            machine.reset()
        raise
    await found.run()


def _begin(lent):
    with lent("node.startup", "node.config", "node.calibration", "node.desired_files", "paraat_wire.orders") as startup:
        return startup.begin()


async def _tell_no_config(log, problem):
    """No configuration, no point: say why on the console, for ever.

    The lamp stays dark: which pin it has is in the configuration, and another pin may be what a sensor drives.
    """
    while True:
        log("E", "config", problem)
        await asyncio.sleep(_SAY_AGAIN_S)
