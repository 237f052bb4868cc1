"""What main.py starts: shapes the chip's memory, then is the node for ever.

It and node.memory import nothing else of ours before that: what is loaded first decides where all the rest can lie.
"""

import asyncio
import sys

from micropython import const

_SAY_AGAIN_S = const(10)


async def main():
    """Make room, read the configuration, and be that node for ever."""
    from node import memory

    memory.shape()
    del sys.modules["node.memory"], memory
    delattr(sys.modules["node"], "memory")

    from node.lent import lent

    with lent("node.startup", "node.config", "node.calibration", "node.desired_files", "paraat_wire.orders") as startup:
        found, problem = startup.node()
    if found is None:
        await _tell_no_config(problem)
    await found.run()


async def _tell_no_config(problem):
    """No configuration, no point: say why on the console, for ever.

    The lamp stays dark: which pin it has is in the configuration, and another pin may be what a sensor drives.
    """
    from node.log import log

    while True:
        log("E", "config", problem)
        await asyncio.sleep(_SAY_AGAIN_S)
