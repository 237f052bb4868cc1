"""MQTT topic names, wire version 1: paraat/v1/<point>/<leaf>."""

PREFIX = "paraat/v1/"
TELEMETRY = "telemetry"
EVENT = "event"
STATE = "state"
REPLY = "reply"
ACK = "ack"
CONFIG = "config"
COMMAND = "command"
TIME = PREFIX + "_all/time"

FROM_BOARD = (TELEMETRY, EVENT, STATE, REPLY)
TO_BOARD = (ACK, CONFIG, COMMAND)


def is_point_id(text):
    """True when text is a point id: [a-z0-9][a-z0-9-]{1,30} (MicroPython's re has no {m,n})."""
    if not 2 <= len(text) <= 31 or text[0] == "-":
        return False
    for c in text:
        if not ("a" <= c <= "z" or "0" <= c <= "9" or c == "-"):
            return False
    return True


def topic(point, leaf):
    """The topic of a point, e.g. topic("nsp-0123", TELEMETRY)."""
    return PREFIX + point + "/" + leaf


def parse(name):
    """Split a topic into (point, leaf). Returns None when it is not one of ours."""
    if not name.startswith(PREFIX):
        return None
    parts = name[len(PREFIX) :].split("/")
    if len(parts) != 2 or not is_point_id(parts[0]):
        return None
    if parts[1] not in FROM_BOARD and parts[1] not in TO_BOARD:
        return None
    return parts[0], parts[1]
