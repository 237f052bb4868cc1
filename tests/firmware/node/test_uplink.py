"""The conversation with the broker and the host: what is sent how, and what is tried when nothing gets through."""

import asyncio
import time

import esp32
import network
from bench import board_ticks
from fake_broker import FakeBroker
from node import config, link, mqtt, ntp, shortage, trouble, way
from node.clock import Clock
from node.journal import EVENT, TELEMETRY, Journal
from node.mqtt import MQTTClient
from node.uplink import Uplink

from paraat_wire import host_codec, metrics, topics

POINT = "nsp-0123"
NOON = 1795521600
DAY_S = 86400


class Health:
    """Counts the restarts instead of making them."""

    def __init__(self):
        self.beats = 0
        self.restarts = []
        self.failures = []

    def beat(self, name):
        self.beats += 1

    def failed(self, name, error):
        self.failures.append((name, type(error)))

    def restart(self, why):
        self.restarts.append((time.ticks_ms() // 1000, why))


def uplink(port=1, **broker):
    broker = dict({"host": "127.0.0.1", "port": port, "retry_min_s": 2, "retry_max_s": 120}, **broker)
    settings = config.check({"point": POINT, "broker": broker})
    clock = Clock()
    journal = Journal("journal", 65536, 1)
    made = Uplink(settings, {"wifi": {"ssid": "Hal"}}, journal, clock, 1, Health(), lambda: {"online": True})
    made.settings = settings
    return made, journal, clock


async def run(made, seconds):
    task = asyncio.create_task(made.run())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.sleep(0)


async def until(condition, limit_s=600):
    for _ in range(limit_s * 10):
        if condition():
            return
        await asyncio.sleep_ms(100)
    raise AssertionError("not within %d s" % limit_s)


def publishes(broker, leaf):
    """(QoS, payload) of what came on one topic."""
    topic = topics.topic(POINT, leaf).encode()
    found = []
    for first, body in broker.received:
        if first & 0xF0 == 0x30 and body[2 : 2 + len(topic)] == topic:
            found.append((first >> 1 & 3, body[2 + len(topic) + (2 if first & 6 else 0) :]))
    return found


# --- the ladder ---


async def test_it_tries_for_ever_with_jitter_and_starts_the_link_anew():
    attempts = []
    made, _, _ = uplink(retry_max_s=60)

    async def attempt():
        attempts.append(time.ticks_ms())
        await made.link_up()
        raise OSError(111)

    async def up():
        if made.link is None:
            made.link = link.make(made.settings, made.secrets)
        await made.link.up()

    made.link_up = up
    made._attempt = attempt
    await run(made, 6 * 3600)
    waits = [time.ticks_diff(b, a) / 1000 for a, b in zip(attempts, attempts[1:])]
    assert 1 <= waits[0] <= 3.5, waits[0]
    late = waits[8:]
    assert min(late) >= 30, min(late)
    assert max(late) <= 95, max(late)  # 60 s and half, and a link that starts anew
    assert max(late) - min(late) > 20, "drawn at random"
    assert 250 < len(attempts) < 750
    assert abs(network.WLAN().restarts - len(attempts) // 5) <= 1
    assert made.health.restarts == []


async def test_a_wifi_driver_that_cannot_be_loaded_is_told_and_tried_again():
    made = uplink()[0]
    wlan = network.WLAN

    def no_memory(_interface):
        raise RuntimeError("Wifi Unknown Error 0x0101")

    network.WLAN = no_memory
    try:
        await run(made, 60)
    finally:
        network.WLAN = wlan
    assert made.failures >= 2, "the self-test waits for the second"
    assert made.problem == shortage.WORDS


async def test_after_so_long_without_the_broker_the_board_starts_anew_and_only_then():
    made, _, _ = uplink()
    made.settings["link"]["reboot_after_s"] = 7200
    await run(made, 3 * 7200 + 1200)
    times = [t for t, _ in made.health.restarts]
    assert len(times) == 3, made.health.restarts
    for a, b in zip(times, times[1:]):
        assert 7200 <= b - a <= 7800
    assert made.health.restarts[0][1] == "no broker for 7200 s"


async def test_a_board_that_is_told_so_never_starts_anew():
    made, _, _ = uplink()
    made.settings["link"]["reboot_after_s"] = 0
    made.heard_s -= 400 * DAY_S
    await run(made, 3600)
    assert made.health.restarts == []


async def test_a_host_that_is_away_is_no_reason_to_start_anew():
    broker = await FakeBroker().start()
    made, journal, _ = uplink(broker.port, keepalive_s=1800)
    made.settings["link"]["reboot_after_s"] = 3600
    journal.append(TELEMETRY, 0, False, [], [])
    await run(made, 3 * 3600)
    assert made.health.restarts == []
    assert broker.connections == 1
    assert not made.linked


async def test_a_broker_that_refuses_us_is_not_the_links_fault():
    broker = await FakeBroker().start()
    broker.connack = b"\x20\x02\x00\x05"
    made, _, _ = uplink(broker.port)
    await run(made, 3600)
    assert broker.connections > 20
    assert network.WLAN().restarts == 0
    assert made.problem.endswith("refuses us: not authorized; see the broker's log and its list of users")


async def test_a_broker_that_falls_silent_may_be_the_links_fault():
    broker = await FakeBroker().start()
    broker.connack = b""
    made, _, _ = uplink(broker.port)
    await run(made, 3600)
    assert network.WLAN().restarts >= 4


async def test_a_broker_that_hangs_up_while_we_wait_for_it_has_hung_up_and_not_fallen_silent():
    broker = await FakeBroker().start()
    broker.puback = False
    made, _, _ = uplink(broker.port)

    def drop(topic, payload):
        asyncio.create_task(broker.drop())

    broker.on_publish = drop
    task = asyncio.create_task(made.run())
    await asyncio.sleep(3600)
    await until(lambda: made.problem)  # the moment may be one in which it is connected again
    task.cancel()
    assert "hung up: it was restarted" in made.problem, made.problem
    assert network.WLAN().restarts == 0, "no fault of the link"


async def test_two_boards_of_one_name_do_not_throw_each_other_out_every_second():
    broker = await FakeBroker().start()
    made, _, _ = uplink(broker.port)
    task = asyncio.create_task(made.run())
    for _ in range(600):
        await asyncio.sleep(1)
        await broker.drop()
    task.cancel()
    assert 4 < broker.connections < 20, broker.connections


async def test_after_a_good_connection_the_next_comes_soon():
    broker = await FakeBroker().start()
    made, _, _ = uplink(broker.port, keepalive_s=600)
    broker.connack = b"\x20\x02\x00\x03"
    task = asyncio.create_task(made.run())
    await asyncio.sleep(1800)  # the waits have grown
    broker.connack = b"\x20\x02\x01\x00"
    await until(lambda: made.failures == 0)
    await asyncio.sleep(120)
    before = broker.connections
    await broker.drop()
    await asyncio.sleep(6)
    assert broker.connections == before + 1
    task.cancel()


# --- what is sent how ---


async def test_what_is_dated_by_its_age_never_waits_in_the_broker():
    broker = await FakeBroker().start()
    made, journal, clock = uplink(broker.port)
    journal.append(TELEMETRY, 0, False, [], [])
    task = asyncio.create_task(made.run())
    await until(lambda: publishes(broker, topics.TELEMETRY))
    qos, payload = publishes(broker, topics.TELEMETRY)[0]
    assert qos == 0
    assert host_codec.read_pack(POINT, topics.TELEMETRY, payload, NOON)[0].aged
    # One that goes out in the second in which it was read carries the age 0.
    journal.append(TELEMETRY, clock.uptime_s(), False, [], [])
    made.wake()
    await until(lambda: len(publishes(broker, topics.TELEMETRY)) == 2)
    qos, payload = publishes(broker, topics.TELEMETRY)[1]
    assert b'"bt":0,' in payload
    assert qos == 0
    journal.ack([(2, 2)])
    # Nobody has stored the first, so it comes again; by then the time is known, and it is dated for good.
    clock.set_from_host(NOON, journal.next)
    await until(lambda: len(publishes(broker, topics.TELEMETRY)) == 3)
    qos, payload = publishes(broker, topics.TELEMETRY)[2]
    assert qos == 1
    found = host_codec.read_pack(POINT, topics.TELEMETRY, payload, NOON + 999)[0]
    assert not found.aged
    assert abs(found.t - (NOON - 4)) <= 5
    task.cancel()


async def test_a_birth_waits_a_moment_for_the_hosts_time():
    broker = await FakeBroker().start()
    made, journal, _ = uplink(broker.port)
    journal.append(EVENT, 0, False, [("button/help", True)], [])

    def tell(topic, payload):
        if topic.endswith("/state"):
            asyncio.create_task(answer())

    async def answer():
        await asyncio.sleep(1)
        await broker.publish(topics.TIME, host_codec.encode_time(NOON))

    broker.on_publish = tell
    task = asyncio.create_task(made.run())
    await until(lambda: publishes(broker, topics.EVENT))
    qos, payload = publishes(broker, topics.EVENT)[0]
    assert qos == 1
    assert not host_codec.read_pack(POINT, topics.EVENT, payload, NOON)[0].aged
    task.cancel()


async def test_a_handler_that_fails_does_not_end_the_connection():
    broker = await FakeBroker().start()
    made, journal, _ = uplink(broker.port)

    def fail(payload):
        raise KeyError("ours")

    made.handlers[topics.CONFIG] = fail
    task = asyncio.create_task(made.run())
    await until(lambda: made.failures == 0 and publishes(broker, topics.STATE))
    await broker.publish(topics.topic(POINT, topics.CONFIG), b"{}", 7)
    journal.append(TELEMETRY, 0, False, [], [])
    made.wake()
    await until(lambda: publishes(broker, topics.TELEMETRY))
    assert broker.connections == 1
    assert (0x40, b"\x00\x07") in broker.received, "acknowledged all the same, or it would come for ever"
    task.cancel()


def test_an_ack_that_the_broker_kept_from_before_this_start_confirms_nothing():
    made, journal, _ = uplink()
    reached = []
    made.on_reached = lambda: reached.append(1)
    seq = journal.append(TELEMETRY, NOON, True, [("fuel/level", 61.2)], [])
    ack = host_codec.encode_ack([(seq, seq)])
    made.on_message(topics.topic(POINT, topics.ACK), ack)  # of an earlier start: nothing was sent yet
    assert (reached, made.stored, journal.backlog) == ([], False, 1)
    journal.take(4096, 4)
    made.on_message(topics.topic(POINT, topics.ACK), ack)
    assert (reached, made.stored, journal.backlog) == ([1], True, 0)


def test_metrics_of_a_newer_firmware_that_was_given_up_hold_up_nothing():
    made, journal, _ = uplink()
    row = list(metrics.row_of("climate/co2"))
    row[metrics.NAME] = "climate/new"
    metrics._BY_NAME["climate/new"] = tuple(row)
    try:
        journal.append(TELEMETRY, NOON, True, [("fuel/level", 61.2), ("climate/new", 700)], [])
        journal.append(TELEMETRY, NOON, True, [("fuel/level", 61.1)], [("climate/new", "silent")])
    finally:
        del metrics._BY_NAME["climate/new"]
    again, journal, _ = uplink()  # the old firmware is back
    pieces = again._pack()[1]
    sets = host_codec.read_pack(POINT, "telemetry", b"".join(pieces), NOON)
    assert [(s.values, s.faults) for s in sets] == [([("fuel/level", 61.1)], []), ([("fuel/level", 61.2)], [])]
    assert journal.append(TELEMETRY, NOON, True, [("fuel/level", 61.2), ("power/mains", True)], []) == 3


async def test_a_heap_without_room_makes_the_packs_smaller():
    broker = await FakeBroker().start()
    made, journal, _ = uplink(broker.port)
    for _ in range(12):
        journal.append(TELEMETRY, 0, False, [], [])
    take = journal.take

    def tight(max_bytes, max_entries):
        if max_entries > 1:
            take(max_bytes, max_entries)  # marked as under way, and then there was no room
            raise MemoryError
        return take(max_bytes, max_entries)

    journal.take = tight
    task = asyncio.create_task(made.run())
    await until(lambda: len(publishes(broker, topics.TELEMETRY)) == 12, 60)
    assert broker.connections == 1
    assert set(made.health.failures) == {("uplink", MemoryError)}
    task.cancel()


def test_a_message_that_the_heap_has_no_room_for_is_named():
    made, _, _ = uplink()

    def handler(payload):
        raise MemoryError("memory allocation failed, allocating 4096 bytes")

    made.handlers[topics.CONFIG] = handler
    made.on_message(topics.topic(POINT, topics.CONFIG), b"{}")
    assert made.health.failures == [("uplink", MemoryError)]


# --- a certificate that our clock does not believe ---


async def test_a_certificate_of_tomorrow_makes_the_board_ask_for_the_time():
    made, _, clock = uplink()
    asked = []

    async def ask(address, port):
        asked.append((address, port))
        return NOON

    async def connect(client):
        client.stage = mqtt.TLS
        if clock.source != "ntp":
            raise ValueError("\nThe certificate validity starts in the future\n")
        raise OSError(104)

    ntp.ask = ask
    MQTTClient.connect = connect
    clock.set_from_ntp(NOON - 9 * DAY_S)  # an earlier answer, nine days wrong
    clock.source = "rtc"
    await run(made, 60)
    assert asked[0] == ("127.0.0.1", 123)
    assert len(asked) == 1, "once it is believed, nobody asks again"
    assert clock.source == "ntp"
    assert abs(clock.now()[0] - NOON) < 100


async def test_a_time_server_is_asked_again_after_a_week_of_connection():
    board_ticks()
    made, _, clock = uplink()
    asked = []

    async def ask(address, port):
        asked.append(address)
        raise OSError("no answer")

    ntp.ask = ask
    await way.ask_time(made, "127.0.0.1", "127.0.0.1")
    await asyncio.sleep(200)
    await way.ask_time(made, "127.0.0.1", "127.0.0.1")
    assert len(asked) == 1, "not more often than each five minutes"
    await asyncio.sleep(8 * DAY_S)  # the broker had us, and the host was away
    await way.ask_time(made, "127.0.0.1", "127.0.0.1")
    assert len(asked) == 2


def test_only_a_date_makes_us_doubt_our_clock():
    assert trouble.is_date(ValueError("\nThe certificate validity has expired\n"))
    assert trouble.is_date(ValueError("\nThe certificate validity starts in the future\n"))
    assert not trouble.is_date(ValueError("\nThe certificate is not correctly signed by the trusted CA\n"))
    assert not trouble.is_date(OSError(5))


# --- a chip whose memory Python's heap has taken ---


class Context:
    """A TLS context whose sessions take nothing."""

    def wrap_socket(self, plain, **_):
        return plain


async def test_a_board_without_memory_for_a_handshake_starts_anew_and_one_with_it_goes_on_trying():
    kept = esp32.regions
    try:
        for largest, restarts in ((13000, []), (12000, ["not enough memory on the chip for a connection"])):
            esp32.regions = [(113840, largest, largest, 336)]
            made, _, _ = uplink()
            made.context = Context()
            await run(made, 30)
            assert made.failures >= 3
            assert [why for _, why in made.health.restarts][:1] == restarts
    finally:
        esp32.regions = kept
