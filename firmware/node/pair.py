"""The board's certificate and key in flash, and the next ones until they have shown that they work.

tls/ca.der cert.der key.der   what counts. ca.der: the authority, or two while one takes the other's place
tls/key.new                   a key that was made here and has no certificate yet
tls/ca.new cert.new           came with the host's answer, cert.new last: from then on all three are tried
tls/tries                     how often they were
tls/cert.ok                   cert.new, once the broker let us in with it: from then on the rest follows, whatever happens
tls/why                       why the last ones were given up

Each step is one rename, and what a power cut left undone is finished at the next start. Lent, while the board starts, and
for a renewal (node.renewal).
"""

import os

from micropython import const

from node import flash
from node.log import log
from paraat_wire import renewal

CA = "tls/ca.der"
CERTIFICATE = "tls/cert.der"
KEY = "tls/key.der"
_NEW_CA = "tls/ca.new"
_NEW_CERTIFICATE = "tls/cert.new"
NEW_KEY = "tls/key.new"
_GOOD = "tls/cert.ok"
_TRIES = "tls/tries"
WHY = "tls/why"
_MOST = const(3)  # a broker that restarts in that moment is no reason to go back


def choose():
    """((authorities, certificate, key), whether these are on trial): the paths for the next connection.

    Each call counts as a try of new ones; after the last they are given up, and the old ones are back.
    """
    if _exists(_GOOD):
        _finish()
    if is_staged():
        tries = _tries()
        if tries >= _MOST:
            give_up("the broker did not let the board in with it")
        elif flash.keep(_TRIES, str(tries + 1), "renewal"):  # what cannot be counted could be tried for ever
            return (_NEW_CA if _exists(_NEW_CA) else CA, _NEW_CERTIFICATE, NEW_KEY), True
    return (CA, CERTIFICATE, KEY), False


def is_staged():
    """Whether new ones wait for their trial, or are on it."""
    return _exists(_NEW_CERTIFICATE) and _exists(NEW_KEY)


def keep_key(key):
    """A key that was made here, PKCS #8. Raises OSError."""
    _replace(NEW_KEY, key)


def stage(certificate, authorities):
    """What came for that key: tried from the next start on. Raises OSError."""
    _remove(_TRIES)
    _remove(WHY)
    _replace(_NEW_CA, authorities)
    _replace(_NEW_CERTIFICATE, certificate)


def confirm():
    """The broker has let us in with the new ones. Raises OSError."""
    os.rename(_NEW_CERTIFICATE, _GOOD)
    _finish()
    log("I", "renewal", "the new certificate counts")


def give_up(why):
    """Back to the old ones."""
    log("W", "renewal", why)
    for path in (_NEW_CERTIFICATE, NEW_KEY, _NEW_CA, _TRIES):
        _remove(path)
    flash.keep(WHY, why, "renewal")


def _finish():
    for new, path in ((_NEW_CA, CA), (NEW_KEY, KEY)):
        if _exists(new):
            os.rename(new, path)
    _remove(_TRIES)
    os.rename(_GOOD, CERTIFICATE)


def told():
    """For `state`: the serial of the certificate that counts, and why the last renewal was given up. Empty without TLS."""
    state = {}
    try:
        state["certificate"] = renewal.serial(read(CERTIFICATE))
        why = flash.read(WHY)
        if why:
            state["renewal"] = why
    except (OSError, ValueError):
        pass  # this board has none, or what is none: its connection says so
    return state


def read(path):
    """What is in a file. Raises OSError."""
    with open(path, "rb") as f:
        return f.read()


def _tries():
    try:
        return int(flash.read(_TRIES))
    except ValueError:
        return 0


def _replace(path, data):
    with open(path + ".part", "wb") as f:
        f.write(data)
    os.rename(path + ".part", path)


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass  # it is not there


def _exists(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True
