"""Why the Wi-Fi did not come up, in words for who stands in the hall. Lent by node.wifi when it did not.

# Ref: ESP-IDF, wifi_err_reason_t: what WLAN.status() returns once an attempt has failed. MicroPython names three of
#      them; the others mean the same to who stands in the hall.
"""

from micropython import const

from node import shortage

# Auth expired, 4-way handshake timed out, auth failed, handshake timed out: of a wrong password, and of the right one
# where the signal is too weak for the handshake (arduino-esp32#7605).
_REFUSED = (2, 15, 202, 204)
_NOT_FOUND = (200, 201, 210, 211, 212)  # no beacons, no access point, none with this security, mode or signal
_WEAK_DBM = const(-75)  # below it the signal is the likelier cause


def words(link, reason):
    """What this reason is to be told as. link: nic.Link."""
    if shortage.is_now():  # an open network has refused, with a "wrong password", a board that had no memory to join it
        return shortage.WORDS
    if reason in _NOT_FOUND:
        return "not found (%d): is the access point on, in reach, and on 2.4 GHz?" % reason
    if reason not in _REFUSED:
        return "refused (%d)" % reason
    if not link.looked:  # once: while it looks, the whole program stands still
        link.looked = True
        link.signal_dbm = _look(link)
    signal = link.signal_dbm
    seen = "refused (%d), signal %s: " % (reason, "not heard" if signal is None else "%d dBm" % signal)
    if signal is None or signal < _WEAK_DBM:
        return seen + "too weak, or else a wrong password: bring the board nearer to it, then check the password"
    return seen + "a wrong password, or else the access point turns it away: flash the right one, then look there"


def _look(link):
    """The strongest signal of our access point in dBm; None where it is not heard."""
    try:
        found = [row[3] for row in link.nic.scan() if row[0] == link.ssid.encode()]
    except (OSError, RuntimeError):
        return None
    return max(found) if found else None
