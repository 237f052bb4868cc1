"""What people answer an alert with, through the service and its journal: a link, a code over the radio, the board's button."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from paraat.alerts.links import LinkError
from paraat.alerts.radio import AGAIN_S, MOST_WRONG, WITHIN_S
from paraat.domain.facts import Acknowledged, Author, Counted, Declined, Delivered, Fact, HelpAsked, WrongCode
from paraat.domain.model import AlertState, Delivery, SampleSet
from paraat.domain.radio import COUNT, HELP, LITRES, Code, RadioError
from paraat.domain.roster import COORDINATION, LEAD, TECHNICIAN, Duty, Person, Roster
from paraat.domain.subjects import Subject
from paraat.journal import Journal, JournalError
from paraat.service import ROSTER_EVERY_S, Service
from paraat.simulate.servers import free_port
from paraat.site.broker import BrokerSettings
from paraat.site.errors import SettingsError
from paraat.site.private import OWN_KEY
from paraat.site.site import Site, WebSettings, load_site

EXAMPLE = Path(__file__).parents[2] / "deploy" / "site.example"
POINT = "nsp-0101"
T0 = 1764000000.0
TODAY = datetime.fromtimestamp(T0, UTC).date()
JAN = Person(id="jan", name="Jan de Vries", reach={"email": ("jan@example.org",)}, role="lead")
JAN_BY_LOG = Person(id="jan", name="Jan de Vries", reach={"ntfy": ("jan",)})  # of the example site's channel
BY_DAY = Duty(rung=LEAD, who=("jan",), begins_min=8 * 60, ends_min=18 * 60)
CALLER = Author(name="Fatima", role="lead", way="radio")
ROSTER = Roster(people={"jan": JAN}, duties=(Duty(rung=LEAD, who=("jan",)),))


class TurnedClock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.t = T0

    def now(self) -> float:
        return self.t

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(0)


class Desk:
    """A site, its journal, and a service that is started anew at will."""

    def __init__(self, directory: Path) -> None:
        self.clock = TurnedClock()
        self.site: Site = msgspec.structs.replace(
            load_site(EXAMPLE),
            directory=directory,
            broker=BrokerSettings(port=free_port()),
            web=WebSettings(port=free_port(), base_url="https://paraat.example.nl"),
            roster=ROSTER,
        )
        self.path = directory / "journal.sqlite"
        self._service: Service | None = None

    def fires(self, rule: str = "low_fuel", point: str = POINT, role: str = LEAD) -> AlertState:
        """An alert that fires, and whose job it is; before the service has begun."""
        journal = Journal(self.path)
        alert = journal.save_alert(
            AlertState(
                rule=rule,
                subject=Subject("point", point),
                state="firing",
                since=T0 - 900,
                fired_at=T0 - 780,
                severity="critical",
                detail={},
                role=role,
            )
        )
        journal.close()
        return alert

    @property
    def service(self) -> Service:
        if self._service is None:
            self._service = Service(self.site, clock=self.clock, serve_web=False)
        return self._service

    def restart(self, **changes: Any) -> None:
        self.stop()
        self.site = msgspec.structs.replace(self.site, **changes)

    def stop(self) -> None:
        if self._service is not None:
            self._service.stop()
        self._service = None

    def facts(self, kind: type) -> list[Fact]:
        return self.service.journal.facts(kind)

    def token(self, alert: AlertState, person: Person = JAN) -> str:
        links = self.service.answers.links
        assert links is not None
        return links.link(alert.id, person.id, f"{alert.id}/turn-1/{person.id}", self.clock.t).rpartition("/")[2]

    def says(self, code: Code | str) -> Any:
        return self.service.answers.by_code(str(code), CALLER)

    def sheet(self, kind: Any, number: int | None = None, point: str = POINT) -> Code:
        return self.service.answers.book.of_point(kind, point, TODAY, number)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.stop()


# --- the link in a mail


def test_a_link_acknowledges_once_and_looking_at_it_does_nothing(desk: Desk) -> None:
    alert = desk.fires()
    token = desk.token(alert)
    for _ in range(3):  # a mail scanner opens every link
        asked = desk.service.answers.asked(token)
        assert ([one.id for one in asked.alerts], asked.person) == ([alert.id], JAN)
    assert desk.facts(Acknowledged) == []
    fact = desk.service.answers.by_link(token)
    assert fact.author == Author(name="Jan de Vries", role="lead", way="link")
    assert desk.service.acknowledged(alert.id) == fact
    desk.restart()
    for use in (desk.service.answers.asked, desk.service.answers.by_link):
        with pytest.raises(LinkError, match="used already, by Jan de Vries"):
            use(token)
    assert len(desk.facts(Acknowledged)) == 1


def test_who_cannot_says_so_by_the_link_and_what_he_had_taken_on_is_open_again(desk: Desk) -> None:
    alert = desk.fires()
    desk.service.acknowledge(alert.id, Author(name="Jan de Vries", role="lead", way="sms"))
    desk.clock.t += 60
    token = desk.token(alert)
    fact = desk.service.answers.by_link(token, sees_to_it=False)
    assert isinstance(fact.told, Declined)
    assert (fact.told.alert, fact.told.person) == (alert.id, "jan")
    assert desk.service.acknowledged(alert.id) is None
    desk.restart()
    assert desk.service.acknowledged(alert.id) is None
    for sees_to_it in (True, False):
        with pytest.raises(LinkError, match="used already, by Jan de Vries"):
            desk.service.answers.by_link(token, sees_to_it=sees_to_it)


def test_the_link_of_a_list_acknowledges_each_of_it_that_fires_and_once(desk: Desk) -> None:
    alerts = [desk.fires(point=point) for point in ("nsp-0101", "nsp-0102", "nsp-0103")]
    journal = desk.service.journal
    journal.add_deliveries(
        Delivery(
            alert_id=alert.id,
            reason="turn-1",
            rung=LEAD,
            person="jan",
            channel="email",
            address="jan@example.org",
            created_at=T0,
            due_at=T0,
            first_due_at=T0,
        )
        for alert in alerts[:2]
    )
    rows = journal.due_deliveries("email")
    journal.claim_deliveries([row.id for row in rows], f"digest/jan/email/{rows[-1].id}/0", [], T0)
    links = desk.service.answers.links
    assert links is not None
    token = links.list_link(rows[-1].id, "jan", T0).rpartition("/")[2]
    assert [alert.id for alert in desk.service.answers.asked(token).alerts] == [alert.id for alert in alerts[:2]]
    desk.service.answers.by_link(token)
    assert [fact.told.alert for fact in desk.facts(Acknowledged)] == [alert.id for alert in alerts[:2]]  # type: ignore[union-attr]
    with pytest.raises(LinkError, match="used already, by Jan de Vries"):
        desk.service.answers.by_link(token)


def test_a_disk_that_fails_keeps_no_part_of_a_list(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    alerts = [desk.fires(), desk.fires(point="nsp-0102")]
    record, n = desk.service.journal.record, iter(range(9))

    def fails_once(*arguments: Any, **named: Any) -> Fact:
        return _full() if next(n) == 1 else record(*arguments, **named)

    monkeypatch.setattr(desk.service.journal, "record", fails_once)
    with pytest.raises(JournalError):
        desk.service.acknowledge_all([alert.id for alert in alerts], CALLER)
    assert desk.facts(Acknowledged) == []
    assert desk.service.acknowledged(alerts[0].id) is None
    assert len(desk.service.acknowledge_all([alert.id for alert in alerts], CALLER)) == 2


def test_of_two_who_use_it_at_the_same_moment_one_does(desk: Desk) -> None:
    token = desk.token(desk.fires())
    answers, found = desk.service.answers, []
    begin = threading.Barrier(4)

    def use() -> None:
        begin.wait()
        try:
            found.append(answers.by_link(token))
        except LinkError as error:
            found.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(one).__name__ for one in found) == ["Fact", "LinkError", "LinkError", "LinkError"]
    assert len(desk.facts(Acknowledged)) == 1


def test_a_disk_that_fails_uses_no_link_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token = desk.token(desk.fires())
    with monkeypatch.context() as broken:
        broken.setattr(desk.service.journal, "record", _full)
        with pytest.raises(JournalError):
            desk.service.answers.by_link(token)
    assert desk.service.answers.by_link(token).author.way == "link"


def _full(*_: Any, **__: Any) -> Fact:
    raise JournalError("disk full")


def test_who_left_the_roster_and_an_alert_that_is_over_are_said(desk: Desk) -> None:
    alert = desk.fires()
    token = desk.token(alert)
    desk.restart(roster=Roster())
    with pytest.raises(LinkError, match="not on the roster any more"):
        desk.service.answers.by_link(token)
    desk.restart(roster=ROSTER)
    desk.service.journal.save_alert(msgspec.structs.replace(alert, state="resolved", resolved_at=T0))
    desk.restart()
    with pytest.raises(LinkError, match="over"):
        desk.service.answers.by_link(token)
    assert desk.facts(Acknowledged) == []


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:8080"])
def test_where_the_page_is_reached_on_loopback_only_there_is_no_link(desk: Desk, url: str | None) -> None:
    token = desk.token(desk.fires())
    desk.restart(web=WebSettings(port=free_port(), base_url=url))
    assert desk.service.answers.links is None
    with pytest.raises(LinkError, match="takes no links"):
        desk.service.answers.by_link(token)


def test_a_key_that_others_may_read_keeps_no_message_back_and_takes_no_link(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    alert = desk.fires()
    token, code = desk.token(alert), desk.service.answers.code(alert.id, "jan")
    assert len(code) == 4
    desk.restart()
    (desk.site.directory / OWN_KEY).chmod(0o644)
    assert desk.service.answers.code(alert.id, "jan") == ""
    assert desk.service.answers.link(alert.id, "jan", "key", T0) is None
    assert "chmod 600" in caplog.text
    with pytest.raises(SettingsError):
        desk.service.answers.by_link(token)
    (desk.site.directory / OWN_KEY).chmod(0o600)
    assert desk.service.answers.code(alert.id, "jan") == code, "and without a restart it is as before"
    assert desk.service.answers.by_link(token).author.way == "link"


def test_who_is_taken_off_the_roster_while_it_runs_can_no_longer_answer(desk: Desk) -> None:
    token = desk.token(desk.fires())
    desk.service._look_at_roster(T0)
    (desk.site.directory / "roster.toml").write_text(
        '[people.eva]\nname = "Eva"\nreach = { email = ["e@example.org"] }\n'
    )
    desk.service._look_at_roster(T0 + ROSTER_EVERY_S)
    with pytest.raises(LinkError, match="not on the roster any more"):
        desk.service.answers.by_link(token)
    assert "eva" in desk.service.roster.people


def test_a_roster_that_cannot_be_read_and_one_that_runs_out_are_said(desk: Desk) -> None:
    def said() -> dict[str, str]:
        return {check.name: check.detail for check in desk.service.health() if not check.ok}

    desk.restart(roster=msgspec.structs.replace(ROSTER, people={"jan": JAN_BY_LOG}, duties=(BY_DAY,)))
    desk.service._look_at_roster(T0)
    assert "on nobody who is reached is on duty for nsp-0101" in said()["roster-ends"]
    (desk.site.directory / "roster.toml").write_text("people = 3")
    desk.service._look_at_roster(T0 + ROSTER_EVERY_S)
    assert "roster.toml" in said()["roster"]
    assert desk.service.roster.people == {"jan": JAN_BY_LOG}


# --- a code over the radio


def test_each_kind_of_code_is_a_fact_of_who_said_it(desk: Desk) -> None:
    alert = desk.fires()
    entered = [
        desk.says(desk.service.answers.book.of_alert(alert.id)),
        desk.says(desk.sheet(COUNT, 84)),
        desk.says(desk.sheet(LITRES, 200)),
        desk.says(desk.sheet(HELP)),
    ]
    assert [one.said for one in entered] == [
        Acknowledged(alert=alert.id),
        Counted(point=POINT, people=84),
        Delivered(point=POINT, litres=200.0),
        HelpAsked(point=POINT),
    ]
    assert all(one.fact.author == CALLER and not one.again for one in entered)
    assert desk.service.acknowledged(alert.id) == entered[0].fact
    (view,) = [view for view in desk.service.views(T0) if view.point == POINT]
    assert view.help_call is not None
    assert view.help_call.t == T0
    desk.restart()
    assert [fact.author for fact in desk.facts(HelpAsked)] == [CALLER]


def test_what_two_people_at_the_coordination_point_type_in_is_kept_once(desk: Desk) -> None:
    code = desk.sheet(LITRES, 200)
    first, again, other = desk.says(code), desk.says(code), desk.says(code._replace(number=150))
    assert (again.fact, again.again) == (first.fact, True)
    assert not other.again
    desk.clock.t += AGAIN_S
    assert not desk.says(code._replace(number=150)).again
    assert [fact.told.litres for fact in desk.facts(Delivered)] == [200.0, 150.0, 150.0]  # type: ignore[union-attr]


def test_a_mistake_in_writing_down_is_said_and_is_no_guess(desk: Desk) -> None:
    code = desk.sheet(COUNT, 84)
    wrong = str(code)[:-1] + ("A" if code.check != "A" else "C")
    for _ in range(2 * MOST_WRONG):
        with pytest.raises(RadioError, match="check"):
            desk.says(wrong)
    assert desk.says(code).said == Counted(point=POINT, people=84)


def guesses(desk: Desk) -> Iterator[Code]:
    """Codes that are whole and nobody's."""
    tag = desk.sheet(HELP).tag
    for letter in "ACDEFHJK":
        if letter != tag[0]:
            yield Code(HELP, letter + tag[1:])


def test_guessing_does_not_help_also_after_a_restart(desk: Desk) -> None:
    tries = guesses(desk)
    for n in range(MOST_WRONG):
        desk.clock.t = T0 + n
        with pytest.raises(RadioError, match="unknown"):
            desk.says(next(tries))
    for _ in range(2):
        with pytest.raises(RadioError, match="blocked") as caught:
            desk.says(desk.sheet(COUNT, 84))
        assert caught.value.until == T0 + WITHIN_S
        desk.restart()
    assert (len(desk.facts(WrongCode)), desk.facts(Counted)) == (MOST_WRONG, [])
    desk.clock.t = T0 + WITHIN_S
    assert desk.says(desk.sheet(COUNT, 84)).fact.author == CALLER


def test_a_sheet_of_days_ago_no_longer_counts(desk: Desk) -> None:
    code = desk.sheet(COUNT, 84)
    desk.clock.t = T0 + timedelta(days=5).total_seconds()
    with pytest.raises(RadioError, match="unknown"):
        desk.says(code)


def test_what_one_hears_of_a_code_does_not_make_another_kind_of_it(desk: Desk) -> None:
    """Everybody hears a radio: a count that was overheard is no call for help."""
    heard = desk.sheet(COUNT, 84)
    with pytest.raises(RadioError, match="unknown"):
        desk.says(Code(HELP, heard.tag))
    assert desk.facts(HelpAsked) == []


# --- the button of the board


def press(desk: Desk, seq: int, t: float) -> None:
    event = SampleSet(
        point=POINT, kind="event", seq=seq, t=t, received_at=desk.clock.t, values={"button/ack": True}, faults={}
    )
    stored = desk.service.journal.store([event], [], [])
    desk.service._on_stored(stored, [])


def look(desk: Desk) -> None:
    """What the tick does with the presses."""
    desk.service.keep_presses(desk.service.views(desk.clock.t))


@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped between event and fact"])
def test_a_press_acknowledges_what_the_lead_sees_to_and_is_kept_once(desk: Desk, stopped: bool) -> None:
    seen = desk.fires()
    calls, own = desk.fires("help_asked", role=COORDINATION), desk.fires("sensor_fault", role=TECHNICIAN)
    elsewhere = desk.fires(point="nsp-0102")
    press(desk, 1, T0 - 60)
    desk.clock.t = T0 + 3600  # it came late
    if stopped:
        desk.restart()
    look(desk)
    look(desk)
    (fact,) = desk.facts(Acknowledged)
    assert (fact.told, fact.author, fact.t) == (Acknowledged(alert=seen.id), Author(name=POINT, way="button"), T0 - 60)
    assert [desk.service.acknowledged(alert.id) for alert in (calls, own, elsewhere)] == [None] * 3
    press(desk, 2, T0 + 3000)
    look(desk)
    assert [fact.t for fact in desk.facts(Acknowledged)] == [T0 - 60, T0 + 3000]


def test_a_press_of_before_the_alert_says_nothing_of_it(desk: Desk) -> None:
    desk.fires()
    press(desk, 1, T0 - 1000)
    look(desk)
    assert desk.facts(Acknowledged) == []


def test_a_press_does_not_take_back_what_somebody_said_later(desk: Desk) -> None:
    alert = desk.fires()
    by_name = desk.service.acknowledge(alert.id, CALLER)
    press(desk, 1, T0 - 60)
    look(desk)
    assert desk.service.acknowledged(alert.id) == by_name
