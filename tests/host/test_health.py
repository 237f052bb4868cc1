"""What the service says of itself, as /healthz and the page tell it: never "ok" while something stands still."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from paraat.alerts.dispatch import ChannelState
from paraat.domain.model import SampleSet
from paraat.intake.decode import MAX_AHEAD_S
from paraat.runtime.clock import SystemClock
from paraat.service import Service
from paraat.simulate.servers import free_port
from paraat.site import paths
from paraat.site.site import load_site
from paraat.web.api import health
from paraat.web.texts import Words
from waiting import wait_for

T0 = 1764000000.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """One that was not started: it judges itself by what the test lets happen."""
    site = load_site(paths.example_site_dir())
    region = msgspec.structs.replace(site.region, journal=str(tmp_path / "journal.sqlite"))
    broker = msgspec.structs.replace(site.broker, port=free_port())
    made = Service(msgspec.structs.replace(site, region=region, broker=broker), clock=SystemClock(), serve_web=False)
    yield made
    made.stop()


def failing(service: Service) -> dict[str, str]:
    return {check.name: check.detail for check in service.health() if not check.ok}


def broken() -> None:
    raise ArithmeticError


@pytest.mark.parametrize(("thread", "check"), [("ingest", "ingest"), ("tick", "alerts"), ("delivery log", "alerts")])
def test_a_thread_that_fails_again_and_again_is_not_well(service: Service, thread: str, check: str) -> None:
    assert check not in failing(service)
    service._spawn(thread, broken)
    wait_for(lambda: check in failing(service))
    assert thread in failing(service)[check]
    assert "ArithmeticError" in failing(service)[check]
    assert health(service.health()).status == "failing"


def test_a_thread_that_failed_long_ago_is_well(service: Service) -> None:
    service._failed["tick"] = (float("-inf"), "ArithmeticError")
    assert "alerts" not in failing(service)


def test_a_thread_that_ended_is_not_well(service: Service) -> None:
    service._spawn("tick", lambda: None)
    wait_for(lambda: "alerts" in failing(service))
    assert "restart" in failing(service)["alerts"]


def test_a_broker_that_keeps_topics_from_us_is_not_ok(service: Service) -> None:
    link = service._transport._main  # we serve, and no other host does
    service._transport._begun = True
    link._connected, link._problem = True, ""
    assert "broker" not in failing(service)
    link._problem = "broker 127.0.0.1:1883 refuses paraat/v1/+/telemetry; check its acl_file"
    assert "refuses" in failing(service)["broker"]
    link._connected = False


class SetBack:
    """A clock that is a day ahead, until somebody has waited by it."""

    def __init__(self, stop: threading.Event) -> None:
        self.t = T0 + 86400
        self._stop = stop

    def now(self) -> float:
        return self.t

    def wait(self, _event: threading.Event, _seconds: float) -> bool:
        if self.t == T0:
            self._stop.set()
        self.t = T0
        return False


def test_a_clock_that_is_set_back_takes_what_it_dated_ahead_with_it(service: Service) -> None:
    service.clock = clock = SetBack(service._stop)
    for t in (T0 - 60, clock.t):
        service._tracker.apply(
            SampleSet(
                point="nsp-0101",
                kind="telemetry",
                seq=1,
                t=t,
                received_at=t,
                values={"battery/voltage": 12.5},
                faults={},
            )
        )
    assert service.views(clock.t)[0].data_t == T0 + 86400
    service._tick()
    view = service.views(T0)[0]
    assert view.data_t is None, "known again when the next set comes"
    assert view.watched_since <= T0 + MAX_AHEAD_S


def test_every_check_has_words(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    troubles: tuple[tuple[object, str, object], ...] = (
        (type(service._dispatcher), "problem", property(lambda _: "email: no")),
        (type(service._certificates), "problem", lambda *_: "ends"),
    )
    for owner, name, answer in troubles:
        monkeypatch.setattr(owner, name, answer)
    names = [check.name for check in service.health()]
    assert {"delivery", "certificates"} < set(names)
    assert not [name for name in [*names, "influx"] if not Words("nl").known(f"check.{name}")]
    assert health(service.health()).status == "failing"  # there is no broker


def test_mail_that_does_not_arrive_is_degraded(service: Service) -> None:
    service._dispatcher._states["email"] = ChannelState(name="email", failing_since=T0, why="no such server")
    (check,) = [check for check in service.health() if check.name == "delivery"]
    assert (check.ok, check.required) == (False, False)
    assert check.detail == "email: no such server"
