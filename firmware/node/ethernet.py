"""An RMII PHY as a link.

# Ref: docs.micropython.org, "ESP32 quick reference, networking" (network.LAN), v1.24 to v1.29.
"""

import network
from machine import Pin

from node.nic import Link


class EthernetLink(Link):
    """An RMII PHY. pins: the configuration's "link" table: mdc, mdio, power, phy, phy_addr, ref_clk, ref_clk_mode."""

    def __init__(self, pins, timeout_s):
        # A power pin, and a clock that the chip may give to the PHY ("out") or take from it ("in").
        options = {"mdc": Pin(pins["mdc"]), "mdio": Pin(pins["mdio"]), "phy_addr": pins.get("phy_addr", 0)}
        options["phy_type"] = getattr(network, "PHY_" + pins.get("phy", "LAN8720").upper())
        options["power"] = Pin(pins["power"]) if "power" in pins else None
        if "ref_clk" in pins:
            options["ref_clk"] = Pin(pins["ref_clk"])
            options["ref_clk_mode"] = Pin.OUT if pins.get("ref_clk_mode") == "out" else Pin.IN
        hint = "is the cable in on both sides, and does the network give addresses (DHCP)?"
        super().__init__(network.LAN(**options), "Ethernet", hint, timeout_s)
