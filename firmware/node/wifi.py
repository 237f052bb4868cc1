"""A Wi-Fi station as a link. Lent by node.link.

# Ref: docs.micropython.org, network.WLAN, v1.24 to v1.29.
"""

import network
from micropython import const

from node.lent import lent
from node.nic import Link, LinkError

_FAILED_FROM = const(1)  # a reason; 1000 idle, 1001 connecting, 1010 connected
_FAILED_BELOW = const(1000)
_COUNTRY = "NL"  # channels 1 to 13; where the driver's default is another, it does not see 12 and 13


def make(table, secrets):
    """The station. Raises LinkError where `make flash` has written no network."""
    wifi = secrets.get("wifi")
    if not isinstance(wifi, dict) or "ssid" not in wifi:
        raise LinkError("secrets.json: wifi.ssid: found nothing, expected what `make flash` writes")
    if hasattr(network, "country"):  # not in every port
        network.country(_COUNTRY)
    hint = "is the access point on, and does it give addresses (DHCP)?"
    ssid = wifi["ssid"]
    nic = network.WLAN(network.STA_IF)
    return Link(nic, "wifi", "Wi-Fi " + ssid, hint, table["timeout_s"], ssid, wifi.get("password", ""))


def connect(link):
    # One attempt at a time, ours: else the driver tries by itself for ever, hides why, and refuses connect().
    link.nic.config(reconnects=0)
    link.nic.connect(link.ssid, link.password)


def why(link):
    """Why an attempt has failed, in words; None while it goes on or nobody knows."""
    reason = link.nic.status()
    if not _FAILED_FROM <= reason < _FAILED_BELOW:
        return None
    with lent("node.refusal", "node.shortage") as refusal:
        return refusal.words(link, reason)


def leave(link):
    try:
        if link.nic.active():
            link.nic.disconnect()
    except OSError:
        pass  # it was not connected
