"""Mutual TLS: the broker shows a certificate of the site's authority and its own name, the board shows its own.

The files are DER, as `make flash` writes them; MicroPython reads no PEM. Validity is judged by the chip's clock. Which files
count is known to node.pair: for a while there may be two authorities, and a certificate that is on trial.
"""

import ssl

from node import pair
from node.lent import lent
from paraat_wire import renewal


class TLSError(Exception):
    """Raised when the board's own files are missing or wrong, or when the chip has no memory to read them.

    str() names the file, never what is in it.
    """


def context():
    """(a client context that refuses what it cannot verify, whether it is of a certificate on trial). Raises TLSError."""
    try:
        (authorities, certificate, key), on_trial = pair.choose()
    except OSError as error:
        raise TLSError("tls: the flash refuses (%s)" % error)
    try:
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    except OSError as error:
        raise TLSError(_why(error, "TLS: %s" % error))
    found.verify_mode = ssl.CERT_REQUIRED  # it starts with CERT_NONE
    try:
        # One by one: of several in one piece mbedtls takes the first only.
        for each in renewal.split(_read(authorities)):
            found.load_verify_locations(cadata=each)
    except (OSError, ValueError) as error:
        raise TLSError(_why(error, "%s: found no certificate in DER, expected what `make flash` writes" % authorities))
    shown = _read(certificate), _read(key)
    try:
        found.load_cert_chain(*shown)
    except (OSError, ValueError) as error:
        words = "%s and %s: found no certificate and key in DER, expected what `make flash` writes"
        raise TLSError(_why(error, words % (certificate, key)))
    return found, on_trial


def _why(error, words):
    """Up to v1.24 mbedtls's own lack of memory is a ValueError, as what is no DER: the chip's heap tells which it is."""
    with lent("node.shortage") as shortage:
        return shortage.WORDS if shortage.is_it(error, True) or shortage.is_now() else words


def _read(path):
    try:
        return pair.read(path)
    except OSError:
        raise TLSError("%s: found nothing, expected what `make flash` writes" % path)
