import sys

from bench import raises
from node.post import Post


class FullNode:
    """A node whose heap has no room for the commands."""

    clock = None

    @property
    def uplink(self):
        raise MemoryError


def test_what_had_no_room_for_commands_is_given_back():
    post = Post(FullNode())
    for _ in range(2):
        raises(MemoryError, post.on_message, b"{}")
        assert not [name for name in sys.modules if name in ("node.actions", "node.commands", "paraat_wire.orders")]
