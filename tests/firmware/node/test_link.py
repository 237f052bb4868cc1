import asyncio

import network
from bench import raises
from node import link, nic, shortage


async def fails(way):
    """What a link says when it does not come up; fails when it does."""
    try:
        await way.up()
    except nic.LinkError as error:
        return str(error)
    raise AssertionError("it came up")


def wifi(timeout_s=20):
    return link.make(
        {"link": {"kind": "wifi", "timeout_s": timeout_s}}, {"wifi": {"ssid": "Hal", "password": "geheim"}}
    )


PINS = {"kind": "ethernet", "timeout_s": 5, "mdc": 23, "mdio": 18, "power": 12, "phy_addr": 0, "ref_clk": 17}


async def test_wifi_comes_up_and_knows_the_name_server():
    way = wifi()
    assert not way.is_up
    assert way.rssi() is None
    await way.up()
    assert way.is_up
    assert way.rssi() == -58
    assert way.name_server() == "127.0.0.1"


async def test_wifi_says_why_and_comes_back():
    way = wifi(5)
    for air, words in (
        (
            "wrong-password",
            "Wi-Fi Hal: refused (202), signal -58 dBm: a wrong password, or else the access point turns it away: flash the"
            " right one, then look there",
        ),
        ("no-ap", "Wi-Fi Hal: not found (201): is the access point on, in reach, and on 2.4 GHz?"),
        ("no-dhcp", "Wi-Fi Hal: not up in 5 s: is the access point on, and does it give addresses (DHCP)?"),
        ("busy", "Wi-Fi Hal: the driver refuses (Wifi Internal State Error); it starts anew"),
        ("no-memory", "Wi-Fi Hal: " + shortage.WORDS),
    ):
        network.air = air
        said = await fails(way)
        assert said == words, said
        assert "geheim" not in said
        assert not network.WLAN().active(), "the next attempt begins anew"
        network.air = "ok"
        await way.up()
        assert way.is_up
        network.air = "no-ap"  # the access point goes
        assert not way.is_up
        await way.restart()


async def test_a_weak_signal_is_not_told_as_a_wrong_password():
    # arduino-esp32#7605
    way = wifi(5)
    network.air = "weak"
    network.signal_dbm = -88
    said = await fails(way)
    assert said.startswith("Wi-Fi Hal: refused (15), signal -88 dBm: too weak, or else a wrong password: "), said
    for _ in range(5):
        assert await fails(way) == said
    assert network.WLAN().scans == 1, "the program stands still while it looks"
    network.air = "ok"
    await way.up()
    assert way.rssi() == -88
    network.air = "weak"
    network.signal_dbm = -60
    assert "signal -60 dBm: a wrong password, or else" in await fails(way)
    assert network.WLAN().scans == 2


async def test_an_access_point_that_is_not_heard_is_refused_as_weak():
    way = wifi(5)
    network.air = "weak"
    network.WLAN.scan = lambda station: []
    assert "refused (15), signal not heard: too weak, or else" in await fails(way)


async def test_the_channels_of_this_country_are_seen():
    for network.channel in (1, 12, 13):
        way = wifi()
        await way.up()
        await way.restart()
    assert network.country() == "NL"


async def test_a_restart_of_what_is_off_is_no_mistake():
    way = wifi()
    await way.restart()
    await way.up()


async def test_ethernet_cable_out_and_in():
    way = link.make({"link": dict(PINS, ref_clk_mode="out")}, {})
    assert network.LAN.made == [(23, 18, 12, network.PHY_LAN8720, 0, 17, 3)]
    await way.up()
    assert way.is_up
    assert way.rssi() is None
    for cable in ("out", "no-dhcp"):
        network.cable = cable
        assert not way.is_up
        said = await fails(way)
        assert said == (
            "Ethernet: not up in 5 s: is the cable in on both sides, and does the network give addresses (DHCP)?"
        )
        network.cable = "in"
        await way.up()


async def test_ethernet_waits_for_the_cable():
    network.cable = "out"
    way = link.make({"link": dict(PINS, timeout_s=60)}, {})
    coming = asyncio.create_task(way.up())
    await asyncio.sleep(30)
    network.cable = "in"
    await coming
    assert way.is_up


def test_what_is_missing_is_named():
    for table, words in (
        ({"kind": "token-ring", "timeout_s": 5}, "link.kind: found token-ring"),
        ({"kind": "ethernet", "timeout_s": 5, "mdio": 18}, "link.mdc"),
        (dict(PINS, phy="tlk110"), "PHY_TLK110"),
        (dict(PINS, phy_addr=99), "invalid phy address"),
    ):
        assert words in str(raises(nic.LinkError, link.make, {"link": table}, {})), words
    assert "wifi.ssid" in str(raises(nic.LinkError, link.make, {"link": {"kind": "wifi", "timeout_s": 5}}, {}))
