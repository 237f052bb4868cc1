"""Whether the broker can be reached, step by step: name, port, TLS, certificate; and what time it is there."""

import contextlib
import socket
import ssl
import struct
from pathlib import Path
from typing import Literal, NamedTuple

from paraat.texts import reason

LIMIT_S = 5.0
NTP_PORT = 123
_NTP_EPOCH = 2208988800  # 1970 in seconds since 1900: RFC 868
_NTP_QUESTION = b"\x23" + 47 * b"\0"  # version 4, mode 3 (client): RFC 5905, figure 8
# What a broker that wants a certificate of us says when it got none: our own check of *its* certificate was done then.
_WANTS_OURS = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN")

Step = Literal["fine", "name", "refused", "silent", "network", "no-tls", "authority", "expired", "wrong-name", "tls"]


class Reached(NamedTuple):
    """How far we came. detail: what the system said, in its own words."""

    step: Step
    detail: str = ""


def broker(host: str, port: int, authority: Path | None, *, server_name: str = "", limit_s: float = LIMIT_S) -> Reached:
    """Go as far towards the broker as a board would. authority: the site's ca.crt; None for a broker without TLS."""
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return Reached("name", reason(error))
    try:
        with socket.create_connection((host, port), timeout=limit_s) as plain:
            return Reached("fine") if authority is None else _tls(plain, authority, server_name or host)
    except TimeoutError as error:
        return Reached("silent", str(error))
    except ConnectionRefusedError as error:
        return Reached("refused", str(error))
    except OSError as error:
        return Reached("network", reason(error))


def _tls(plain: socket.socket, authority: Path, server_name: str) -> Reached:
    context = ssl.create_default_context(cafile=str(authority))
    try:
        with context.wrap_socket(plain, server_hostname=server_name):
            return Reached("fine")
    except ssl.SSLCertVerificationError as error:
        return Reached(_why(error), error.verify_message)
    # Hung up on our hello. Which of these it is differs: Debian 12's Python 3.11.2 raises SSLZeroReturnError.
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError, EOFError) as error:
        return Reached("no-tls", str(error))
    except ssl.SSLError as error:
        reason = error.reason or ""
        if any(word in reason for word in _WANTS_OURS):
            return Reached("fine")
        return Reached("no-tls" if "WRONG_VERSION" in reason else "tls", reason)


def _why(error: ssl.SSLCertVerificationError) -> Step:
    # X509_V_ERR_*: openssl's x509_vfy.h
    if error.verify_code in (62, 64):  # host name, address
        return "wrong-name"
    if error.verify_code in (9, 10):  # not yet valid, expired
        return "expired"
    return "authority"


def time_at(host: str, port: int = NTP_PORT, *, limit_s: float = 2.0) -> float | None:
    """What a time server says, in unix seconds (RFC 5905, 7.3: transmit timestamp); None when it says nothing."""
    with contextlib.suppress(OSError, struct.error):
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as asking:
            asking.settimeout(limit_s)
            asking.connect(address)
            asking.send(_NTP_QUESTION)
            answer = asking.recv(128)
        stratum = answer[1] if len(answer) > 1 else 0
        seconds, fraction = struct.unpack("!II", answer[40:48])
        if 1 <= stratum <= 15 and seconds:  # 0 and 16: it does not know the time itself
            return float(seconds - _NTP_EPOCH + fraction / 2**32)
    return None
