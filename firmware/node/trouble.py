"""What is wrong on the way to the host, in words for who stands before the board: what, where, and what to do next.

The texts are stable: docs/board-log.md lists them, and tests drive each against a real broker. Numbers come by name
from errno, because they differ between ports; those of mbedtls are the same everywhere.
"""

import errno

from micropython import const

from node import shortage
from node.mqtt import HELLO, OPEN, TLS, HungUp, Silence

_SURE_BYTES = const(24576)  # largest free block with which a signature that is wrong is wrong
_EPIPE = const(32)  # of the unix port; errno does not name it
_FATAL_ALERT = const(-0x7780)  # MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE
_NO_TLS = (-0x7200, -0x7700, -0x6E80)  # MBEDTLS_ERR_SSL_INVALID_RECORD, _UNEXPECTED_MESSAGE, _BAD_PROTOCOL_VERSION
_CLOSED = (-0x7280, -0x7880)  # MBEDTLS_ERR_SSL_CONN_EOF, _PEER_CLOSE_NOTIFY
_HUNG_UP = (errno.ECONNRESET, errno.ECONNABORTED, errno.ENOTCONN, _EPIPE) + _CLOSED
# What mbedtls says of the other's certificate (mbedtls_x509_crt_verify_info): its words, and ours.
_CERTIFICATE = (
    (
        "not correctly signed",
        "its certificate is of another authority than this board's: flash the board with this site's files",
    ),
    ("has expired", "its certificate has expired, or this board's clock is ahead: renew the broker's certificate"),
    (
        "in the future",
        "its certificate is not yet valid, or this board's clock is behind: set the clocks of the coordination point",
    ),
    ("does not match", "its certificate is for another name: issue one for the address in the board's broker.host"),
    ("revoked", "its certificate is revoked: issue a new one for the broker"),
)


def is_date(error):
    """True when a certificate was refused for its date, which may be our clock's fault."""
    return isinstance(error, ValueError) and "validity" in str(error)


def explain(stage, error, where, largest=None):
    """One line for the console. where: the broker's address and port. largest: as shortage.is_now()."""
    words = shortage.WORDS if _is_short(stage, error, largest) else _words(stage, error)
    words = words or " ".join(str(error).split()) or type(error).__name__
    return "broker %s: %s" % (where, words)


def _is_short(stage, error, largest):
    """True when the chip had no memory for it: by the error, or by the heap where the error has no cause for certain."""
    if shortage.is_it(error, stage == TLS):
        return True
    if isinstance(error, ValueError):  # a signature that could not be computed is told as a wrong one
        # Seen on the emulated chip with 13 to 23 KB left when it was looked at: Python's heap comes and goes meanwhile.
        return stage == TLS and "not correctly signed" in str(error) and shortage.is_now(largest, _SURE_BYTES)
    certain = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ETIMEDOUT, _FATAL_ALERT)
    if isinstance(error, OSError) and error.args and error.args[0] in certain:
        return False
    return isinstance(error, (OSError, Silence, HungUp, EOFError)) and shortage.is_now(largest)


def _words(stage, error):
    number = error.args[0] if isinstance(error, OSError) and error.args else None
    if isinstance(error, Silence):
        return _silence(stage, error)
    hung_up = isinstance(error, (HungUp, EOFError)) or number in _HUNG_UP
    if stage == OPEN:
        if hung_up or number == errno.ECONNREFUSED:
            return "refuses the connection: is the broker running, and on this port?"
        if number in (errno.EHOSTUNREACH, errno.ETIMEDOUT):
            return "cannot be reached: is the coordination point on, and is its address right?"
        return None
    if stage == TLS:
        return _handshake(error, number, hung_up)
    if hung_up:
        if stage == HELLO:
            return "hung up without an answer: see the broker's log; does it know this point?"
        return "hung up: it was restarted, or another board came with this point's certificate (see the broker's log)"
    return None


def _silence(stage, error):
    if stage == OPEN:
        return "%s: is the coordination point on, and is its address right?" % error
    if stage == TLS:
        return "%s: something listens there that does not speak TLS, or hangs" % error
    if stage == HELLO:
        return "%s: something listens there that is no broker, or hangs" % error
    return "%s: it or the network has gone silent without a word" % error


def _handshake(error, number, hung_up):
    if isinstance(error, ValueError):
        text = " ".join(str(error).split())
        for theirs, ours in _CERTIFICATE:
            if theirs in text:
                return ours
        return "its certificate is refused: %s" % text
    if hung_up or number == _FATAL_ALERT:
        return "refuses this board's certificate (missing, revoked, expired or of another site): flash the board anew"
    if number in _NO_TLS:
        return "does not speak TLS on this port: see broker.port, and the broker's listeners"
    if number is not None and number < 0:
        return "TLS failed (%s)" % number
    return None
