"""Commands from the host: each is carried out at most once, and answered once, by its id.

MQTT hands a message over twice when a connection breaks, or when the board restarts, before the broker has our PUBACK.
So the ids of the last commands are remembered; in flash those of commands that must not be done twice across a restart,
such as the restart itself. A command is refused after its expiry: a broker keeps them for a board that is away.
Lent by node.post, from the first command until none has come for a while.
"""

import asyncio

from micropython import const

from node import flash
from node.log import complain, log
from paraat_wire import orders

_FILE = "commands"
_REMEMBERED = const(16)
_IN_FLASH = const(8)
_QUEUE = const(4)
_REPLY_WAIT_S = const(10)
_KEEP_S = const(60)  # in memory after the last one: another often follows


class CommandError(Exception):
    """Raised by a handler that cannot do what was asked. str() is the reason, for the one who asked."""


class Commands:
    """clock: node.clock.Clock. reply: function(payload, on_sent), on_sent() when the broker has the answer.

    seen: the ids of earlier ones, the newest last; those that come are added to it.

    Others register what they can do. run() carries them out, one after the other.
    """

    def __init__(self, clock, reply, seen):
        self._clock = clock
        self._reply = reply
        self._handlers = {}  # name -> (handler, whether it is remembered in flash)
        self._queue = []
        self._arrived = asyncio.Event()
        self._seen = seen
        self._lasting = _load()  # [id, answered], the newest last
        self._afterwards = None
        self.is_busy = lambda: False  # whether more must come: an update is under way

    def register(self, name, handler, lasting=False):
        """handler(args): a dict in, a dict of results out; may be a coroutine; raises CommandError to refuse.

        lasting: not to be done again after a restart, so its id goes to flash before the handler is called.
        """
        self._handlers[name] = (handler, lasting)

    def afterwards(self, action):
        """For a handler: call action() when the answer is at the broker, or ten seconds later, such as a restart."""
        self._afterwards = action

    def on_message(self, payload):
        """A `command` message. Never waits. Raises codec.WireError for what is no command."""
        command = orders.read_command(payload)
        if command.id in self._seen:
            return  # it is in the queue, or answered
        self._seen.append(command.id)
        del self._seen[:-_REMEMBERED]
        if len(self._queue) >= _QUEUE:
            self._answer(orders.Reply(command.id, "busy: %d commands are waiting" % _QUEUE, {}))
            return
        self._queue.append(command)
        self._arrived.set()

    async def run(self):
        """Carry out what arrives, until nothing has come for a while."""
        while True:
            try:
                await asyncio.wait_for(self._arrived.wait(), _KEEP_S)
            except asyncio.TimeoutError:
                if self.is_busy():
                    continue
                if not self._queue:  # else it came in the very moment
                    return
            self._arrived.clear()
            while self._queue:
                await self._carry_out(self._queue.pop(0))

    async def _carry_out(self, command):
        for record in self._lasting:
            if record[0] == command.id:
                if not record[1]:
                    self._answer(
                        orders.Reply(command.id, "the board restarted before it could answer; see its state", {})
                    )
                return
        self._afterwards = None
        try:
            result = await self._do(command)
            error = ""
            log("I", "command", command.do)
        except CommandError as reason:
            result, error = {}, str(reason) or "refused"
            log("W", "command", "%s: %s" % (command.do, error))
        except Exception as mistake:  # the edge: a mistake of ours is an answer too
            result, error = {}, "%s %s" % (type(mistake).__name__, mistake)
            complain("command", mistake)
        sent = self._answer(orders.Reply(command.id, error[:200], result))
        action, self._afterwards = self._afterwards, None
        if action is not None:
            try:
                await asyncio.wait_for(sent.wait(), _REPLY_WAIT_S)
            except asyncio.TimeoutError:
                pass
            action()

    async def _do(self, command):
        """The handler's results. Raises CommandError."""
        if command.do not in self._handlers:
            raise CommandError("unknown command; known are " + ", ".join(sorted(self._handlers)))
        now, dated = self._clock.now()
        if not dated:
            raise CommandError("the board does not know the time yet, so it cannot tell whether this has expired")
        if now > command.expires:
            raise CommandError("expired %d s ago" % (now - command.expires))
        handler, lasting = self._handlers[command.do]
        if lasting:
            self._remember(command.id)
        result = handler(command.args)
        if hasattr(result, "send"):  # a coroutine
            result = await result
        return result or {}

    def _answer(self, reply):
        """Send it. Returns the event that it is at the broker."""
        sent = asyncio.Event()

        def on_sent():
            sent.set()
            for record in self._lasting:
                if record[0] == reply.id and not record[1]:
                    record[1] = 1
                    self._store()

        self._reply(orders.encode_reply(reply), on_sent)
        return sent

    def _remember(self, command_id):
        self._lasting.append([command_id, 0])
        del self._lasting[:-_IN_FLASH]
        if not self._store():
            del self._lasting[-1]
            raise CommandError("the flash takes nothing, so this could happen twice")

    def _store(self):
        """Write what is remembered. Returns whether the flash took it."""
        text = "".join(["%s %d\n" % (command_id, answered) for command_id, answered in self._lasting])
        return flash.keep(_FILE, text, "command")


def _load():
    rows = [line.split() for line in flash.read(_FILE).split("\n")]
    return [[row[0], int(row[1] == "1")] for row in rows if len(row) == 2]


def number(args, key, low, high, default=None):
    """A whole number of a command's args. Raises CommandError that names the key and the range."""
    value = args.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise CommandError("%s: found %s, expected a whole number from %d to %d" % (key, repr(value)[:40], low, high))
    return value
