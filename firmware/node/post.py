"""Where commands from the host arrive. What reads and carries them out is lent for it: most days bring none."""

import asyncio

from node.lent import lent


class Post:
    """node: node.node.Node, on which node.actions works."""

    def __init__(self, node):
        self._node = node
        self._seen = []  # ids of the last commands: the broker may hand one over again, much later
        self._commands = None  # node.commands.Commands, while it is here
        self._loan = None
        self._arrived = asyncio.Event()

    def on_message(self, payload):
        """A `command` message. Never waits. Raises codec.WireError for what is no command, MemoryError without room."""
        if self._commands is None:
            # The names of all that node.actions may load on the way.
            loan = lent(
                "node.actions", "node.commands", "node.calibration", "node.update", "node.signature", "node.slots",
                "paraat_wire.orders", "paraat_wire.bundle",
            )  # fmt: skip
            try:
                self._commands = loan.__enter__().commands_of(self._node, self._seen)
            except MemoryError:
                loan.__exit__()  # else it stays, and the next loan finds it there and never gives it back
                raise
            self._loan = loan
        self._commands.on_message(payload)
        self._arrived.set()

    async def run(self):
        """Have done what arrives, for ever."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if self._commands is None:  # it came while others were carried out, and was so with them
                continue
            try:
                await self._commands.run()
            finally:
                self._commands = None
                self._loan.__exit__()  # pyright: ignore[reportOptionalMemberAccess]
