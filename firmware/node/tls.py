"""Mutual TLS: the broker shows a certificate of the site's authority and its own name, the board shows its own.

The files are DER, as `make flash` writes them; MicroPython reads no PEM. Validity is judged by the chip's clock.
"""

import ssl

from node.lent import lent

CA = "tls/ca.der"
CERTIFICATE = "tls/cert.der"
KEY = "tls/key.der"


class TLSError(Exception):
    """Raised when the board's own files are missing or wrong, or when the chip has no memory to read them.

    str() names the file, never what is in it.
    """


def context():
    """A client context that refuses what it cannot verify. Raises TLSError."""
    try:
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    except OSError as error:
        raise TLSError(_why(error, "TLS: %s" % error))
    found.verify_mode = ssl.CERT_REQUIRED  # it starts with CERT_NONE
    try:
        found.load_verify_locations(cadata=_read(CA))
    except (OSError, ValueError) as error:
        raise TLSError(_why(error, "%s: found no certificate in DER, expected what `make flash` writes" % CA))
    certificate, key = _read(CERTIFICATE), _read(KEY)
    try:
        found.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        words = "%s and %s: found no certificate and key in DER, expected what `make flash` writes"
        raise TLSError(_why(error, words % (CERTIFICATE, KEY)))
    return found


def _why(error, words):
    """Up to v1.24 mbedtls's own lack of memory is a ValueError, as what is no DER: the chip's heap tells which it is."""
    with lent("node.shortage") as shortage:
        return shortage.WORDS if shortage.is_it(error, True) or shortage.is_now() else words


def _read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        raise TLSError("%s: found nothing, expected what `make flash` writes" % path)
