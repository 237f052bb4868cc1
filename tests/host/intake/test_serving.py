"""Which of the two connections does what, and when: with a clock and a broker that a test turns by hand.

What real brokers and certificates do is in tests/host/test_two_hosts.py.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from line import LOST, SILENT, Line
from paraat.intake import mqtt, serving
from paraat.intake.inbox import Inbox
from paraat.intake.lease import ALONE_AFTER_S, BEAT_S, EXPIRES_S, SETTLES_S
from paraat.intake.serving import Serving
from paraat.site.broker import BrokerSettings
from paraat_wire import host_codec
from waiting import wait_for

TOPIC = "paraat/v1/nsp-0101/telemetry"
OTHER = host_codec.encode_lease("0ther", "cp-2")
CERTIFIED = BrokerSettings(cert_file="pki/host.crt", key_file="pki/host.key")


class Host:
    """One that has started. main, watch: its two lines. changes: what the service was told."""

    def __init__(self, directory: Path, settings: BrokerSettings, **how: object) -> None:
        self.up_s = 1000.0
        self.inbox = Inbox()
        self.changes: list[bool] = []
        self.heard: list[tuple[str, bytes]] = []
        self.link = Serving(
            settings,
            directory,
            self.inbox,
            now=lambda: 42.0,
            on_change=self.changes.append,
            others={"paraat/v1/+/reply": lambda topic, payload: self.heard.append((topic, payload))},
            uptime_s=lambda: self.up_s,
            **how,  # type: ignore[arg-type]
        )
        self.link._name = "cp-1"
        self.link.start()

    @property
    def main(self) -> Line:
        return self.link._main._client  # type: ignore[return-value]

    @property
    def watch(self) -> Line:
        assert self.link._watch is not None
        return self.link._watch._client  # type: ignore[return-value]

    def go(self, seconds: float) -> None:
        """Let time pass, and have it look."""
        self.up_s += seconds
        self.link._turn()

    def serve(self) -> None:
        """Find nobody, and serve."""
        self.watch.greet()
        self.go(serving._LOOK_S)
        self.main.greet()

    @property
    def said(self) -> list[bytes]:
        """Our leases, as the broker got them."""
        kept = [
            (payload, retain) for topic, payload, _qos, retain in self.main.all("publish") if topic == host_codec.LEASE
        ]
        assert all(retain for _, retain in kept)
        return [payload for payload, _ in kept]


Make = Callable[..., Host]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setattr(mqtt, "_Client", Line)
    monkeypatch.setattr(serving, "_TURN_S", 3600.0)  # it looks when a test says so
    made: list[Host] = []

    def make(settings: BrokerSettings | None = None, *, beside: bool = True, **how: object) -> Host:
        """beside: there is a certificate for the second connection, where one is needed."""
        (tmp_path / "pki").mkdir(exist_ok=True)
        for end in ("watch.crt", "spare.crt") if beside else ():
            (tmp_path / "pki" / end).touch()
        made.append(Host(tmp_path, settings or BrokerSettings(), **how))
        return made[-1]

    yield make
    for one in made:
        one.link.stop()


def test_before_it_has_looked_it_watches_only_and_hears_no_board(host: Make) -> None:
    ours = host()
    assert (ours.watch.begun, ours.main.begun) == (True, False)
    assert ours.link.problem == "not connected yet"
    ours.watch.fail(ConnectionRefusedError())
    assert "cannot be reached" in ours.link.problem, "of the one connection that it tries"
    ours.watch.greet()
    assert ours.watch.all("subscribe") == [[[(host_codec.LEASE, 1)]]]
    ours.go(serving._LOOK_S - 0.1)
    assert not ours.main.begun
    ours.go(0.1)
    assert ours.main.begun
    assert (ours.link.connected, ours.link.serving, ours.changes) == (False, False, [])


def test_who_finds_nobody_serves_says_so_and_says_it_again(host: Make) -> None:
    ours = host()
    ours.serve()
    assert (ours.link.connected, ours.link.serving, ours.link.alone, ours.link.problem) == (True, True, True, "")
    assert ours.changes == [True]
    me = ours.link._lease.me
    assert ours.said == [host_codec.encode_lease(me, "cp-1")]
    ours.go(BEAT_S - 0.1)
    assert len(ours.said) == 1
    ours.go(0.1)
    assert ours.said == [host_codec.encode_lease(me, "cp-1")] * 2
    assert host().link._lease.me != me, "anew at each start"


def test_its_connections_are_two_and_the_broker_keeps_the_one_that_serves(host: Make) -> None:
    ours = host()
    ours.serve()
    assert (ours.main.client_id, ours.main.settings["clean_session"]) == ("paraat-host", False)
    assert ours.watch.client_id == f"paraat-host-watch-{ours.link._lease.me}"
    assert ours.watch.settings["clean_session"] is True
    assert ours.main.all("will_set") == [[host_codec.LEASE, b"", ("qos", 1), ("retain", True)]]
    assert ours.watch.all("will_set") == []
    ((patterns,),) = ours.main.all("subscribe")
    assert [pattern for pattern, _ in patterns] == [*mqtt.SUBSCRIPTIONS, "paraat/v1/+/reply"]
    ours.main.say("paraat/v1/nsp-0101/reply", b"yes")
    ours.main.say(TOPIC, b"set")
    assert ours.heard == [("paraat/v1/nsp-0101/reply", b"yes")]
    (message,) = ours.inbox.take(1, 0.0)
    assert (message.payload, message.received_at) == (b"set", 42.0)
    ours.link.ack(message)
    assert ours.main.all("ack") == [[1, 1], [2, 1]]
    assert ours.watch.all("ack") == []
    assert ours.link.publish("paraat/v1/nsp-0101/ack", b"1", qos=0, retain=True)
    assert ours.main.all("publish")[-1] == ["paraat/v1/nsp-0101/ack", b"1", 0, True]


def test_who_finds_another_stands_by_and_serves_when_that_one_is_gone(
    host: Make, caplog: pytest.LogCaptureFixture
) -> None:
    ours = host()
    ours.watch.greet()
    ours.watch.say(host_codec.LEASE, OTHER, kept=True)
    ours.go(1.0)
    ours.go(1.0)
    assert (ours.main.begun, ours.link.serving_elsewhere) == (False, "cp-2")
    assert (ours.link.connected, ours.link.serving, ours.link.problem) == (True, False, "")
    assert [record.message for record in caplog.records] == [
        "broker 127.0.0.1:1883: cp-2 serves the boards; this host stands by"
    ], "once"
    ours.watch.lose()
    assert not ours.link.connected
    assert "connection lost" in ours.link.problem
    ours.watch.greet()
    ours.watch.say(host_codec.LEASE, OTHER)
    ours.watch.say(host_codec.LEASE, b"")
    ours.go(SETTLES_S - 0.1)
    assert not ours.main.begun
    ours.go(0.1)
    assert ours.main.begun
    assert caplog.records[-1].message == "broker 127.0.0.1:1883: cp-2 serves no longer; this host does"
    ours.go(1.0)
    assert caplog.records[-1].message.endswith("this host does")
    assert len([record for record in caplog.records if "no longer" in record.message]) == 1


def test_who_serves_gives_way_to_another_that_does_and_comes_back_after_it(host: Make) -> None:
    ours = host()
    ours.serve()
    first = ours.main
    ours.watch.say(host_codec.LEASE, OTHER)
    ours.go(1.0)
    assert (first.begun, ours.link.serving, ours.link.serving_elsewhere) == (False, False, "cp-2")
    assert ours.changes == [True, False]
    ours.go(1.0)
    assert len(first.all("disconnect")) == 1
    ours.go(EXPIRES_S)  # nobody says it again
    assert ours.main.begun
    ours.main.greet()
    assert ours.link.serving
    assert ours.main is not first


def test_what_the_broker_kept_of_one_that_is_gone_puts_nobody_off_the_line(host: Make) -> None:
    ours = host()
    ours.serve()
    ours.watch.say(host_codec.LEASE, OTHER, kept=True)
    ours.go(1.0)
    assert (ours.link.serving, ours.link.serving_elsewhere) == (True, "")


def test_a_lease_that_the_broker_lost_is_said_again_at_once(host: Make) -> None:
    ours = host()
    ours.serve()
    ours.watch.say(host_codec.LEASE, ours.said[0])
    ours.go(1.0)
    assert len(ours.said) == 1
    ours.watch.say(host_codec.LEASE, b"")
    assert len(ours.said) == 2


def test_a_spare_host_leaves_the_others_time_stores_meanwhile_and_hears_by_one_connection_only(host: Make) -> None:
    ours = host(spare=True)
    ours.watch.greet()
    ours.go(serving._LOOK_S)
    ours.go(EXPIRES_S - 0.1)
    assert not ours.main.begun
    ours.watch.say(host_codec.LEASE, OTHER)
    ours.go(0.1)
    ours.watch.answer([1, 1, 1])
    assert ours.watch.all("subscribe")[1:] == [[[(pattern, 1) for pattern in mqtt.SUBSCRIPTIONS]]]
    mid = ours.watch.say(TOPIC, b"set")
    (message,) = ours.inbox.take(1, 0.0)
    ours.link.ack(message)
    assert (ours.watch.all("ack"), ours.main.all("ack")) == ([[1, 1], [mid, 1]], [])
    ours.go(EXPIRES_S + 0.1)
    assert ours.main.begun
    assert ours.watch.all("unsubscribe") == [[list(mqtt.SUBSCRIPTIONS)]]


def test_no_host_but_a_spare_one_stores_what_it_hears_while_it_stands_by(host: Make) -> None:
    ours = host()
    ours.watch.greet()
    ours.watch.say(host_codec.LEASE, OTHER)
    ours.go(1.0)
    assert len(ours.watch.all("subscribe")) == 1


def test_who_is_thrown_off_while_the_broker_has_the_other_connection_lost_its_place_to_somebody(host: Make) -> None:
    ours = host()
    ours.serve()
    for _ in range(2):
        ours.go(BEAT_S + 1)
        ours.main.lose()
        ours.main.greet()
    assert (ours.link.takeovers, ours.link.alone) == (2, False)
    ours.go(ALONE_AFTER_S)
    ours.go(1.0)
    assert ours.link.alone


@pytest.mark.parametrize("order", ["watch first", "main first"])
def test_a_broker_that_ends_both_connections_is_gone_itself(host: Make, order: str) -> None:
    ours = host()
    ours.serve()
    for _ in range(3):
        ours.go(BEAT_S + 1)
        lines = (ours.watch, ours.main) if order == "watch first" else (ours.main, ours.watch)
        for line in lines:
            line.lose()
        for line in lines:
            line.greet()
        ours.go(serving._LOOK_S)
    assert ours.link.takeovers == 0


def test_of_a_broker_that_is_ours_alone_nobody_takes_our_place(host: Make) -> None:
    ours = host(sole=True)
    ours.serve()
    for _ in range(3):
        ours.main.lose()
        ours.main.greet()
    assert ours.link.takeovers == 0


def test_without_a_second_certificate_it_serves_at_once_and_knows_others_by_being_thrown_off(host: Make) -> None:
    ours = host(CERTIFIED, beside=False)
    assert ours.link._watch is None
    assert ours.main.begun
    assert ours.main.all("will_set") == []
    assert ours.link.problem == "not connected yet"
    ours.main.greet()
    assert (ours.link.connected, ours.link.unwatched, ours.link.unheard, ours.said) == (True, "", False, [])
    for _ in range(2):
        ours.go(BEAT_S + 1)
        ours.main.lose()
        ours.main.greet()
    assert ours.link.takeovers == 2
    ours.link.stop()
    assert ours.said == []


def test_without_it_a_broker_of_ours_alone_and_one_that_was_gone_take_nobodys_place(host: Make) -> None:
    for ours, error in ((host(CERTIFIED, beside=False, sole=True), None), (host(CERTIFIED, beside=False), OSError())):
        ours.main.greet()
        for _ in range(3):
            ours.main.lose()
            if error is not None:
                ours.main.fail(error)
            ours.main.greet()
        assert ours.link.takeovers == 0


def test_a_second_connection_that_is_refused_again_and_again_is_done_without(host: Make) -> None:
    ours = host()
    for times in range(1, serving._REFUSALS + 1):
        ours.go(0.5)
        assert not ours.main.begun, times
        ours.watch.refuse()
    ours.go(0.5)
    assert ours.main.begun
    assert ours.link.unwatched == "", "before anybody has us"
    ours.main.greet()
    assert "refuses us" in ours.link.unwatched
    assert ours.link.problem == ""
    ours.watch.greet()
    ours.go(0.5)
    assert ours.link.unwatched == ""


def test_a_broker_that_is_gone_between_two_refusals_is_no_refusal(host: Make) -> None:
    ours = host()
    for _ in range(serving._REFUSALS):
        ours.watch.refuse()
        ours.watch.fail(ConnectionRefusedError())
        ours.go(10.0)
    assert not ours.main.begun


def test_a_spare_host_never_does_without_its_second_connection(host: Make) -> None:
    ours = host(spare=True)
    for _ in range(serving._REFUSALS):
        ours.watch.refuse()
    ours.go(100.0)
    assert not ours.main.begun


def test_a_second_connection_that_looks_again_forgets_what_it_knew_before(host: Make) -> None:
    """The broker is back, and may know of somebody else than it did."""
    ours = host()
    ours.watch.greet()
    ours.watch.lose()
    ours.go(serving._LOOK_S * 2)
    assert not ours.main.begun
    ours.watch.greet()
    ours.watch.say(host_codec.LEASE, OTHER, kept=True)
    ours.go(serving._LOOK_S)
    assert not ours.main.begun


def test_a_certificate_that_another_uses_too_is_known_by_how_often_it_changes_hands_and_comes_to_rest(
    host: Make,
) -> None:
    ours = host(CERTIFIED)
    assert ours.watch.client_id.startswith("paraat-host-watch-")
    ours.serve()
    for times in range(serving._DOUBLES):
        assert not ours.link.doubled, times
        ours.go(BEAT_S + 1)
        ours.watch.lose()
        ours.watch.greet()
    assert ours.link.doubled
    before = len(ours.watch.all("reconnect_delay_set"))
    ours.watch.lose()
    assert ours.watch.all("reconnect_delay_set")[before:] == [[serving._CALM_S, serving._CALM_S]]
    ours.go(ALONE_AFTER_S)
    ours.go(1.0)
    assert not ours.link.doubled


def test_one_that_went_away_with_the_broker_or_has_a_name_of_its_own_is_nobodys_double(host: Make) -> None:
    for ours, code in ((host(CERTIFIED), SILENT), (host(), LOST)):
        ours.serve()
        for _ in range(serving._DOUBLES + 1):
            ours.watch.lose(code)
            ours.watch.greet()
        assert not ours.link.doubled
        assert len(ours.watch.all("reconnect_delay_set")) == serving._DOUBLES + 3, "each time that it is there"


def test_a_broker_that_keeps_our_lease_from_us_is_told_of_after_a_while(host: Make) -> None:
    ours = host()
    ours.serve()
    ours.go(EXPIRES_S)
    assert not ours.link.unheard
    ours.go(0.1)
    assert ours.link.unheard
    ours.watch.lose()
    assert not ours.link.unheard, "it cannot be known"
    ours.watch.greet()
    ours.watch.say(host_codec.LEASE, OTHER)
    assert ours.link.unheard, "of another's we hear, and of ours not"
    ours.watch.say(host_codec.LEASE, ours.said[0])
    assert not ours.link.unheard
    ours.watch.say(host_codec.LEASE, OTHER)
    assert not ours.link.unheard, "ours was heard"


def test_a_lease_that_could_not_be_said_is_said_at_the_next_turn(host: Make) -> None:
    ours = host()
    ours.watch.greet()
    ours.go(serving._LOOK_S)
    ours.main.full = True
    ours.main.greet()
    ours.go(EXPIRES_S + 1)
    assert not ours.link.unheard, "nobody can have heard it"
    ours.main.full = False
    before = len(ours.said)
    ours.go(0.1)
    ours.go(0.1)
    assert len(ours.said) == before + 1


def test_who_is_stopped_lets_another_serve_and_does_no_more(host: Make) -> None:
    ours = host()
    ours.serve()
    thread = ours.link._beating
    ours.link.stop()
    assert ours.said[-1] == b""
    assert (ours.main.begun, ours.watch.begun) == (False, False)
    assert thread is not None
    assert not thread.is_alive()
    ours.link.start()
    ours.go(BEAT_S + 1)
    assert (ours.main.begun, ours.watch.begun, ours.said[-1]) == (False, False, b"")


def test_who_stands_by_says_no_goodbye_for_the_one_that_serves(host: Make) -> None:
    ours = host()
    ours.watch.greet()
    ours.watch.say(host_codec.LEASE, OTHER)
    ours.go(1.0)
    ours.link.stop()
    assert ours.said == []
    assert ours.main.all("disconnect") == []
    assert not ours.watch.begun


def test_it_looks_by_itself_and_a_second_start_begins_nothing_twice(
    host: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_TURN_S", 0.001)
    ours = host()
    thread = ours.link._beating
    ours.watch.greet()
    ours.up_s += serving._LOOK_S
    wait_for(lambda: ours.main.begun)
    ours.link.start()
    assert ours.link._beating is thread
    assert thread is not None
    assert (thread.name, thread.daemon) == ("lease", True)
