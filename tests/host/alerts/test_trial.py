"""The test of the alerts: every rung is tried, each address once, and nothing of it is taken for an alert."""

import shutil
import threading
from pathlib import Path

import msgspec
import pytest

from paraat.alerts.channels import ChannelError, Message
from paraat.alerts.reach import gap, reach
from paraat.alerts.trial import Trial, Tried
from paraat.domain.model import AlertState, PointView
from paraat.domain.readiness import Verdict
from paraat.domain.roster import Duty, Person, Roster
from paraat.domain.subjects import Subject
from paraat.site import paths
from paraat.site.site import Site, load_site

NOW = 1764000000.0


class Channel:
    """Takes messages; fails: why it does not."""

    def __init__(self, name: str, fails: Exception | None = None) -> None:
        self.name, self.fails = name, fails
        self.sent: list[Message] = []
        self.threads: set[str] = set()

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        self.threads.add(threading.current_thread().name)
        self.sent.append(message)
        if self.fails is not None:
            raise self.fails
        return "taken"


class Scene:
    def __init__(self, directory: Path) -> None:
        shutil.copytree(paths.example_site_dir(), directory)
        people = {
            "anna": Person(id="anna", name="Anna", reach={"sms": ("+31612345678",), "email": ("a@example.org",)}),
            "bram": Person(id="bram", name="Bram", reach={"email": ("b@example.org", "a@example.org")}, language="en"),
            "cees": Person(id="cees", name="Cees", reach={"pigeon": ("the loft",)}),
        }
        duties = (
            Duty(rung="lead", who=("anna",), points=("nsp-0101", "nsp-0102")),
            Duty(rung="deputy", who=("bram",)),
            Duty(rung="coordination", who=("cees",), days=("mon",)),
        )
        self.site: Site = msgspec.structs.replace(load_site(directory), roster=Roster(people=people, duties=duties))
        self.channels = {name: Channel(name) for name in ("log", "siren", "email", "sms")}
        self.alerts: list[AlertState] = []
        self.online = True
        self.pages = 1
        self.trial = Trial(
            self.site, self.channels, alerts=lambda: self.alerts, view=self.view, screens=lambda: self.pages
        )

    def view(self, point: str) -> PointView:
        return PointView(
            point=point, name=point, municipality="", capacity=80, now=NOW, verdict=Verdict.UNKNOWN, last_verdict=Verdict.UNKNOWN,
            reasons=(), online=self.online, watched_since=NOW, heard_at=NOW, data_t=NOW, latest={}, litres=None, fuel_percent=None,
            autonomy=None, stored=0, missing=0, node=None,
        )  # fmt: skip

    def of_point(self) -> list[tuple[str, str, str, bool, str]]:
        return [(one.rung, one.who, one.channel, one.ok, one.answer) for one in self.trial.of_point("nsp-0101", "1")]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "site")


def test_every_rung_is_tried_and_says_what_came_back(scene: Scene) -> None:
    scene.channels["sms"].fails = ChannelError("the modem hangs")
    assert scene.of_point() == [
        ("board", "Buurthuis De Linde", "siren", True, "taken"),
        ("screen", "Veiligheidsregio Voorbeeld", "page", True, "open pages: 1"),
        ("lead", "Anna", "sms", False, "the modem hangs"),
        ("lead", "Anna", "email", True, "taken"),
        ("deputy", "Bram", "email", True, "taken"),
        ("coordination", "Cees", "-", False, "no channel of this site reaches them: pigeon"),
    ]


def test_a_test_is_said_to_be_one_everywhere_and_can_be_acknowledged_by_nothing(scene: Scene) -> None:
    scene.of_point()
    sent = [message for channel in scene.channels.values() for message in channel.sent]
    assert len(sent) == 4
    for message in sent:
        assert message.test
        assert (message.code, message.link) == ("", None)
        for text in (message.subject, message.body, message.short):
            assert text.startswith(("DIT IS EEN TEST", "THIS IS A TEST"))
        assert len(message.short) <= 160
    assert len({message.key for message in sent}) == 4
    by_bram = scene.channels["email"].sent[1]
    assert (by_bram.to, by_bram.subject[:14]) == ("b@example.org", "THIS IS A TEST")
    assert scene.channels["log"].sent == []


def test_each_channel_has_a_thread_and_a_mistake_in_one_ends_no_other(scene: Scene) -> None:
    scene.channels["email"].fails = IndexError("hunter2")
    found = scene.of_point()
    assert ("lead", "Anna", "email", False, "a mistake in the channel, IndexError") in found
    assert "hunter2" not in str(found)
    assert ("lead", "Anna", "sms", True, "taken") in found
    assert scene.channels["email"].threads == {"test email"}


def test_a_board_of_which_an_alert_fires_is_left_alone_and_so_is_one_that_is_away(scene: Scene) -> None:
    scene.online = False
    assert scene.of_point()[0] == ("board", "Buurthuis De Linde", "siren", False, "the board is not online")
    scene.online = True
    scene.alerts = [
        AlertState(
            rule="low_fuel",
            subject=Subject("point", "nsp-0101"),
            state="firing",
            since=NOW,
            severity="critical",
            detail={},
        )
    ]
    assert scene.of_point()[0][3:] == (False, "not tried: an alert of this point fires")
    assert scene.channels["siren"].sent == []


def test_nobody_at_the_screen_is_said(scene: Scene) -> None:
    scene.pages = 0
    assert scene.of_point()[1][3:] == (False, "nobody has the status page open")


def test_of_all_points_each_address_gets_one_message_and_each_board_calls(scene: Scene) -> None:
    found = scene.trial.of_all("w")
    assert [one.who for one in found if one.rung == "board"] == [point.name for point in scene.site.points.values()]
    assert sorted(message.to for message in scene.channels["email"].sent) == ["a@example.org", "b@example.org"]
    assert [message.key for message in scene.channels["sms"].sent] == ["test/w/sms/+31612345678"]
    assert all(isinstance(one, Tried) for one in found)


def test_who_is_reached_by_which_rung_and_when_nobody_is(scene: Scene) -> None:
    found = reach(scene.site, scene.channels, NOW)
    first = found["nsp-0101"]
    assert {rung: [(one.person.id, one.channels) for one in people] for rung, people in first.rungs.items()} == {
        "lead": [("anna", ("sms", "email"))],
        "deputy": [("bram", ("email",))],
        "coordination": [("cees", ())],
    }
    assert first.is_anybody
    assert first.nobody_at is None
    assert set(found) == set(scene.site.points)
    nobody = reach(scene.site, {"log": scene.channels["log"]}, NOW)["nsp-0101"]
    assert not nobody.is_anybody
    assert nobody.nobody_at == NOW


def test_hours_in_which_nobody_is_on_duty_are_found(scene: Scene) -> None:
    roster = scene.site.roster
    duties = (Duty(rung="lead", who=("anna",), days=("mon", "tue", "wed", "thu", "fri")),)
    site = msgspec.structs.replace(scene.site, roster=msgspec.structs.replace(roster, duties=duties))
    monday = 1764572400.0  # 2025-12-01, 07:00 UTC
    gap = reach(site, scene.channels, monday)["nsp-0101"].nobody_at
    assert gap is not None
    assert 4.0 < (gap - monday) / 86400 < 5.0, "saturday"


def test_a_line_of_the_roster_for_each_of_many_points_is_read_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A country has thousands of leads: each looked at for each other kept the host from judging anything for hours."""
    people = {
        f"lead-{n}": Person(id=f"lead-{n}", name="Lead", reach={"email": (f"{n}@example.org",)}) for n in range(300)
    }
    duties = tuple(Duty(rung="lead", who=(name,), points=(f"p-{n}",)) for n, name in enumerate(people))
    roster = Roster(people=people, duties=duties)
    asked = []
    on_duty = Roster.on_duty
    monkeypatch.setattr(Roster, "on_duty", lambda *args: asked.append(len(args[0].duties)) or on_duty(*args))
    assert gap([f"p-{n}" for n in range(300)], roster, scene.channels, NOW) is None
    assert set(asked) == {1}, "each with its own lines alone"
    assert len(asked) <= 8 * 24 * 4, "once for all that are alike"
    nights = tuple(msgspec.structs.replace(duty, begins_min=60) if n == 7 else duty for n, duty in enumerate(duties))
    found = gap([f"p-{n}" for n in range(300)], Roster(people=people, duties=nights), scene.channels, NOW)
    assert found is not None
    assert found[1] == ("p-7",)
