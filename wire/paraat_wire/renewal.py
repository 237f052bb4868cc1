"""A new certificate for a board, over the broker: what is asked, what is signed, and how it comes.

The host leads, with two commands, and the board answers:
    renew       {}                                   -> {"key": public, "certificate": DER, "signature": by the old key}
    certificate {"certificate": DER, "authorities": DER, "signature": by the update key}    -> {"serial": hexadecimal}
All in base64. key: x and y of a point on P-256, 64 bytes; the private key is made on the board and never leaves it.
What the old key signs is request(), so that nobody but that board, not even the broker, gets a certificate; what the
site's update key signs is statement(), so that only who has the authority's passphrase gives one, or another authority.
The key that is asked for is new each time, so neither can be used twice. authorities: one certificate, or two while one
authority takes the other's place, one after the other. After the second answer the board starts anew with the new ones;
its `state` says the serial of the certificate that it uses, and in "renewal" why it went back to the old one.
"""

PUBLIC_BYTES = 64
SIGNATURE_BYTES = 64  # ECDSA, r and s; that of the update key has bundle.SIGNATURE_BYTES
AUTHORITIES_MAX = 2
_REQUEST = b"paraat renew 1 "
_STATEMENT = b"paraat certificate 1 "
_SEQUENCE = 0x30
_LONG = 0x82  # X.690 8.1.3.5: the length is in the two bytes that follow
_BEFORE_SERIAL = b"\xa0\x03\x02\x01\x02\x02"  # RFC 5280 4.1: version 3, then an INTEGER


class RenewalError(ValueError):
    """Raised when something is no certificate of ours. str() says what was found."""


def request(point, public):
    """What the old key signs (SHA-256): the new public key is this point's board's."""
    return _REQUEST + point.encode() + b" " + bytes(public)


def statement(point, certificate, authorities):
    """What the update key signs (SHA-256): this certificate for this point, and these authorities and no others."""
    return _STATEMENT + point.encode() + b" " + bytes(certificate) + bytes(authorities)


def split(data):
    """The certificates, DER, that stand one after the other. Raises RenewalError."""
    found = []
    at = 0
    while at < len(data) or not found:
        head = bytes(data[at : at + 4])
        if len(head) < 4 or head[0] != _SEQUENCE or head[1] != _LONG:
            raise RenewalError("no certificate in DER at byte %d" % at)
        end = at + 4 + (head[2] << 8 | head[3])
        if end > len(data):
            raise RenewalError("a certificate that is cut off")
        found.append(bytes(data[at:end]))
        at = end
    return found


def serial(certificate):
    """The serial number, as the site's list writes it: hexadecimal, upper case, an even number of digits. Raises RenewalError."""
    at = bytes(certificate[:32]).find(_BEFORE_SERIAL)
    if at != 8:  # behind the heads of the certificate and of what is signed in it, of four bytes each
        raise RenewalError("no certificate of ours in DER")
    at += len(_BEFORE_SERIAL)
    digits = bytes(certificate[at + 1 : at + 1 + certificate[at]])
    if digits[:1] == b"\0":  # the sign, X.690 8.3
        digits = digits[1:]
    return "".join(["%02X" % byte for byte in digits])
