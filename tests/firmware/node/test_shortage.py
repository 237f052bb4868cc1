"""A chip without memory says so, whatever error it comes with: no wrong password, certificate or broker is named."""

import errno
import os

import esp32
import network
from bench import hardware, raises
from node import buses, dns, link, nic, pair, shortage, tls, trouble
from node.mqtt import OPEN, TALK, TLS, HungUp, Silence
from node.sampler import Sampler

ROOMY = [(16648, 300, 280, 300), (113840, 40000, 36000, 30000)]
FULL = [(16648, 120, 80, 100), (113840, 112, 96, 100)]  # as seen on the emulated chip: 232 bytes in all
WORDS = shortage.WORDS


class full:
    """The chip's heap is full within."""

    def __enter__(self):
        esp32.regions[:] = FULL

    def __exit__(self, *_):
        esp32.regions[:] = ROOMY


def says(stage, error):
    return trouble.explain(stage, error, "b:1")


def test_errors_that_mean_it_and_those_that_do_not():
    for error, of_tls, found in (
        (MemoryError("memory allocation failed, allocating 4096 bytes"), False, True),
        (OSError(errno.ENOMEM), False, True),
        (OSError(105), False, True),  # lwIP's ENOBUFS
        (OSError(-0x7F00, "MBEDTLS_ERR_SSL_ALLOC_FAILED"), False, True),
        (OSError(-0x2880), False, True),
        (OSError(-0x4D80), False, True),
        (OSError(52), True, True),
        (OSError(52), False, False),
        (OSError(16), True, True),
        (OSError(16), False, False),  # EBUSY
        (OSError("WiFi Out of Memory"), False, True),
        (RuntimeError("Wifi Unknown Error 0x0101"), False, True),
        (RuntimeError("Wifi Unknown Error 0x3001"), False, False),
        (OSError(1, "UART driver malloc error"), False, True),
        (OSError(1), False, False),
        (OSError(), False, False),
        (ValueError("out of memory"), False, False),
    ):
        assert shortage.is_it(error, of_tls) == found, error
        assert not shortage.is_now()


def test_the_heap_tells_where_the_error_does_not():
    with full():
        assert shortage.is_now()
    esp32.regions[:] = [(113840, 20000, 12287, 4000)]  # in pieces that are good for nothing
    assert shortage.is_now()
    esp32.regions[:] = ROOMY
    assert not shortage.is_now()


def test_the_broker_is_not_blamed():
    short = "broker b:1: " + WORDS
    for stage, error in (
        (OPEN, OSError(errno.ENOMEM)),
        (OPEN, OSError(105)),
        (TLS, OSError(52)),
        (TLS, OSError(16)),
        (TLS, OSError(-0x7F00)),
        (TALK, OSError(105)),
        (TALK, MemoryError()),
    ):
        assert says(stage, error) == short, (stage, error)
    for stage, error in (
        (OPEN, OSError(1)),
        (TLS, OSError(-0x2700)),
        (TLS, OSError(-0x7280)),
        (TLS, HungUp()),
        (TLS, ValueError("\nThe certificate is not correctly signed by the trusted CA\n")),
        (TALK, OSError(5)),
        (TALK, Silence("no PUBACK in 10 s")),
    ):
        assert says(stage, error) != short, (stage, error)
        with full():
            assert says(stage, error) == short, (stage, error)
            room = 25000 if isinstance(error, ValueError) else 13000  # a signature is judged by more than one block
            assert trouble.explain(stage, error, "b:1", room) != short, "there was room when it failed"
        assert trouble.explain(stage, error, "b:1", 5000) == short, "it has given its memory back since"


def test_what_has_a_cause_of_its_own_keeps_it_on_a_full_chip():
    with full():
        assert "refuses the connection" in says(OPEN, OSError(errno.ECONNREFUSED))
        assert "another name" in says(TLS, ValueError("\nThe Common Name (CN) does not match with the expected CN\n"))
        assert "refuses this board's certificate" in says(TLS, OSError(-0x7780))


def test_the_boards_own_certificate_is_not_blamed():
    for path in (pair.CA, pair.CERTIFICATE, pair.KEY):
        try:
            os.mkdir("tls")
        except OSError:
            pass
        with open(path, "w") as f:
            f.write("no DER")
    assert "found no certificate in DER" in str(raises(tls.TLSError, tls.context))
    with full():  # v1.24.0: ValueError, of a good file too
        assert str(raises(tls.TLSError, tls.context)) == WORDS


async def wifi_says(air):
    network.air = air
    try:
        await link.make({"link": {"kind": "wifi", "timeout_s": 5}}, {"wifi": {"ssid": "Hal"}}).up()
    except nic.LinkError as error:
        return str(error)
    finally:
        network.air = "ok"
    raise AssertionError("it came up")


async def test_the_password_is_not_blamed():
    assert await wifi_says("no-memory") == "Wi-Fi Hal: " + WORDS
    assert "wrong password" in await wifi_says("wrong-password")
    with full():
        assert await wifi_says("wrong-password") == "Wi-Fi Hal: " + WORDS
        assert await wifi_says("busy") == "Wi-Fi Hal: " + WORDS
    assert "the driver refuses" in await wifi_says("busy")


def test_a_driver_that_does_not_start_is_the_links_matter_and_no_brokers():
    class NoRadio:
        def __init__(self, interface):
            raise OSError("WiFi Out of Memory")

    real, network.WLAN = network.WLAN, NoRadio
    try:
        error = raises(nic.LinkError, link.make, {"link": {"kind": "wifi", "timeout_s": 5}}, {"wifi": {"ssid": "Hal"}})
    finally:
        network.WLAN = real
    assert str(error) == WORDS


def test_the_phy_is_not_blamed():
    class NoPhy:
        def __init__(self, **options):
            raise OSError("timeout")

    table = {"kind": "ethernet", "timeout_s": 5, "mdc": 23, "mdio": 18}
    real, network.LAN = network.LAN, NoPhy
    try:
        assert "no PHY answers" in str(raises(nic.LinkError, link.make, {"link": table}, {}))
        with full():
            assert str(raises(nic.LinkError, link.make, {"link": table}, {})) == "Ethernet: " + WORDS
    finally:
        network.LAN = real


async def test_the_name_server_is_not_blamed():
    async def ask(*_):
        raise OSError(errno.ENOMEM)

    real, dns.udp.ask = dns.udp.ask, ask
    said = None
    try:
        await dns.look_up("broker.example", "127.0.0.1")
    except dns.LookUpError as error:
        said = str(error)
    finally:
        dns.udp.ask = real
    assert said == "no address for broker.example: " + WORDS


async def test_a_uart_without_memory_is_no_fault_of_the_bus():
    class NoUART:
        def __init__(self, *args, **options):
            raise OSError(1)  # ESP_FAIL, after "UART driver malloc error"

    table = {"uart2": {"kind": "uart", "rx": 16, "tx": 17}}
    fuel = {"driver": "a02yyuw", "bus": "uart2", "empty_mm": 1200, "full_mm": 200}
    sampler = Sampler({"sensors": [fuel], "sample_limit_s": 10}, hardware(table))
    real, buses.UART = buses.UART, NoUART
    try:
        assert raises(OSError, buses.make, "uart2", table["uart2"]).args == (1,)
        with full():
            assert WORDS in str(raises(MemoryError, buses.make, "uart2", table["uart2"]))
            assert (await sampler.sample())[1] == [("fuel/distance", "error"), ("fuel/level", "error")]
            assert WORDS in str(sampler.shortage)
    finally:
        buses.UART = real
    await sampler.sample()
    assert sampler.shortage is None
