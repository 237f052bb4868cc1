"""Which way to the network the configuration names: Wi-Fi or Ethernet."""

from node.nic import LinkError


def is_address(host):
    """True for a dotted IPv4 address, which needs no name server."""
    parts = host.split(".")
    return len(parts) == 4 and all([p.isdigit() and int(p) < 256 for p in parts])


def make(config, secrets):
    """The link that the configuration names. Raises LinkError when its kind, its pins or its secrets are missing."""
    table = config["link"]
    kind = table["kind"]
    if kind == "wifi":
        wifi = secrets.get("wifi")
        if not isinstance(wifi, dict) or "ssid" not in wifi:
            raise LinkError("secrets.json: wifi.ssid: found nothing, expected what `make flash` writes")
        from node.wifi import WifiLink  # the other kind is not loaded

        return WifiLink(wifi["ssid"], wifi.get("password", ""), table["timeout_s"])
    if kind == "ethernet":
        from node.ethernet import EthernetLink

        try:
            return EthernetLink(table, table["timeout_s"])
        except KeyError as error:
            raise LinkError("config.json: link.%s: found nothing, expected a pin of the board" % error.args[0])
        except (AttributeError, ValueError, TypeError) as error:
            raise LinkError("config.json: link: %s: this firmware or board has no such PHY or pin" % error)
        except OSError as error:
            raise LinkError("Ethernet: no PHY answers (%s): check phy_addr, power and ref_clk in config.json" % error)
    raise LinkError("config.json: link.kind: found %s, expected wifi or ethernet" % kind)
