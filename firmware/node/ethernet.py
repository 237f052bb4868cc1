"""An RMII PHY as a link. Lent by node.link.

# Ref: docs.micropython.org, "ESP32 quick reference, networking" (network.LAN), v1.24 to v1.29.
"""

import network
from machine import Pin

from node.lent import lent
from node.nic import Link, LinkError


def make(table, _secrets):
    """The PHY. table: the configuration's "link": mdc, mdio, power, phy, phy_addr, ref_clk, ref_clk_mode.

    Raises LinkError when the board has no such PHY or pin.
    """
    hint = "is the cable in on both sides, and does the network give addresses (DHCP)?"
    try:
        return Link(network.LAN(**_options(table)), "ethernet", "Ethernet", hint, table["timeout_s"])
    except KeyError as error:
        raise LinkError("config.json: link.%s: found nothing, expected a pin of the board" % error.args[0])
    except (AttributeError, ValueError, TypeError) as error:
        raise LinkError("config.json: link: %s: this firmware or board has no such PHY or pin" % error)
    except OSError as error:
        with lent("node.shortage") as shortage:
            if shortage.is_it(error) or shortage.is_now():
                raise LinkError("Ethernet: " + shortage.WORDS)
        raise LinkError("Ethernet: no PHY answers (%s): check phy_addr, power and ref_clk in config.json" % error)


def _options(pins):
    # A power pin, and a clock that the chip may give to the PHY ("out") or take from it ("in").
    options = {"mdc": Pin(pins["mdc"]), "mdio": Pin(pins["mdio"]), "phy_addr": pins.get("phy_addr", 0)}
    options["phy_type"] = getattr(network, "PHY_" + pins.get("phy", "LAN8720").upper())
    options["power"] = Pin(pins["power"]) if "power" in pins else None
    if "ref_clk" in pins:
        options["ref_clk"] = Pin(pins["ref_clk"])
        options["ref_clk_mode"] = Pin.OUT if pins.get("ref_clk_mode") == "out" else Pin.IN
    return options


def connect(_link):
    pass  # active() is enough


def why(_link):
    return None  # nobody knows


def leave(_link):
    pass
