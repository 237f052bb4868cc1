"""The texts that no broker on this machine provokes; tests/link provokes the others."""

import errno

from node import shortage, trouble
from node.mqtt import HELLO, OPEN, TALK, TLS, HungUp, MQTTError, Silence


def says(stage, error):
    text = trouble.explain(stage, error, "192.0.2.7:8883")
    assert text.startswith("broker 192.0.2.7:8883: ")
    return text[len("broker 192.0.2.7:8883: ") :]


def test_what_only_a_board_sees():
    for stage, error, words in (
        (OPEN, OSError(errno.EHOSTUNREACH), "cannot be reached: is the coordination point on, and is its address right?"),
        (OPEN, OSError(errno.ECONNRESET), "refuses the connection: is the broker running, and on this port?"),  # lwIP
        (OPEN, Silence("no connection in 10 s"), "no connection in 10 s: is the coordination point on, "
                                                         "and is its address right?"),
        (TLS, OSError(-0x7200, "MBEDTLS_ERR_SSL_INVALID_RECORD"), "does not speak TLS on this port: see broker.port, "
                                                                  "and the broker's listeners"),
        (TLS, OSError(-0x7280), "refuses this board's certificate (missing, revoked, expired or of another site): "
                                "flash the board anew"),
        (TLS, OSError(-0x7F00), shortage.WORDS),
        (TLS, OSError(-0x2700), "TLS failed (-9984)"),
        (TLS, ValueError("\nThe certificate has been revoked (is on a CRL)\n"),
         "its certificate is revoked: issue a new one for the broker"),
        (TLS, ValueError("-9984"), "its certificate is refused: -9984"),
        (HELLO, Silence("no answer to CONNECT in 10 s"), "no answer to CONNECT in 10 s: something listens there that is "
                                                         "no broker, or hangs"),
        (HELLO, HungUp(), "hung up without an answer: see the broker's log; does it know this point?"),
        (TALK, OSError(-0x7880), "hung up: it was restarted, or another board came with this point's certificate "
                                 "(see the broker's log)"),
        (TALK, MQTTError("refuses a subscription to a"), "refuses a subscription to a"),
        (TALK, ZeroDivisionError(), "ZeroDivisionError"),
    ):  # fmt: skip
        found = says(stage, error)
        assert found == words, (found, words)
