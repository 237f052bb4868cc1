"""What a board is told to do, and what it answers, wire version 1: configuration and commands. They come seldom."""

import json
from collections import namedtuple

from . import codec

MAX_VERSION = 1000000000  # of a configuration

# id: made by the host, never used twice. do: what to do. expires: unix seconds, after which it must not be done any
# more. args: a dict.
Command = namedtuple("Command", ("id", "do", "expires", "args"))

# error: why it was not done, "" when it was. result: a dict, empty when it was not done.
Reply = namedtuple("Reply", ("id", "error", "result"))


def read_config(payload, loads=json.loads):
    """The dict of a `config` payload; all that is checked here is its version. Raises codec.WireError."""
    check_board_size(payload)
    message = codec.read_object(payload, loads)
    version = message.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= MAX_VERSION:
        raise codec.WireError(
            codec.BAD_MESSAGE, "version is " + codec.short(version) + ", expected 1 to %d" % MAX_VERSION
        )
    return message


def check_board_size(payload):
    if len(payload) > codec.MAX_BOARD_BYTES:
        raise codec.WireError(codec.TOO_LARGE, "%d bytes, at most %d" % (len(payload), codec.MAX_BOARD_BYTES))


def read_command(payload, loads=json.loads):
    """The Command of a `command` payload; "args" may be left out. Raises codec.WireError."""
    check_board_size(payload)
    message = codec.read_object(payload, loads)
    expires = message.get("expires")
    if not isinstance(expires, int) or isinstance(expires, bool) or not codec.RELATIVE_BELOW <= expires < 100000000000:
        raise codec.WireError(codec.BAD_TIME, "expires is " + codec.short(expires) + ", expected unix seconds")
    args = message.get("args", {})
    if not isinstance(args, dict):
        raise codec.WireError(codec.BAD_MESSAGE, "args is " + codec.short(args) + ", expected an object")
    return Command(read_word(message, "id"), read_word(message, "do"), expires, args)


def encode_reply(reply):
    """The payload of `reply` from a Reply."""
    message = {"id": reply.id, "ok": not reply.error}
    if reply.error:
        message["error"] = reply.error
    else:
        message["result"] = reply.result
    return json.dumps(message).encode()


def read_word(message, key):
    """The 1 to 40 letters, digits and hyphens under a key."""
    value = message.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 40:
        raise codec.WireError(codec.BAD_MESSAGE, key + " is " + codec.short(value) + ", expected 1 to 40 characters")
    for c in value:
        if not ("a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c == "-"):
            raise codec.WireError(
                codec.BAD_MESSAGE, key + " is " + codec.short(value) + ", expected letters, digits and -"
            )
    return value
