"""What is due on its way: through the real journal, to a real SMTP server that refuses, hangs up and goes away."""

import itertools
import logging
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller

from paraat.alerts import ladder
from paraat.alerts.channels import Channel, ChannelError, Message, make_channels
from paraat.alerts.dispatch import ChannelState, Dispatcher
from paraat.alerts.outgoing import RETRY_S
from paraat.domain.facts import Acknowledged, Author, Fact
from paraat.domain.model import AlertState, Delivery
from paraat.domain.roster import Person
from paraat.domain.subjects import Subject
from paraat.journal import Journal, JournalError
from paraat.simulate.servers import LOOPBACK, free_port
from paraat.site import paths
from paraat.site.errors import SettingsError
from paraat.site.site import Site, load_site

NOW = 1764000000.0  # 24 November 2025, 17:00 in Amsterdam
PASSWORD = "hunter2-geheim"
LEAD = "lead/nsp-0101"


class Mailbox:
    """What the SMTP server took; it refuses the addresses in `refused`."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], str]] = []
        self.refused: set[str] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


class Post:
    """A site that mails, its journal, and a mail server that can go away."""

    def __init__(self, directory: Path, settings: str = "") -> None:
        self.mailbox = Mailbox()
        self.port = free_port()
        self._server: Controller | None = None
        shutil.copytree(paths.example_site_dir(), directory)
        (directory / "roster.toml").unlink(missing_ok=True)
        with (directory / "site.toml").open("a") as f:
            f.write(f'\n[channels.email]\nurl_file = "email.url"\n{settings}')
        self.url_path = directory / "email.url"
        self.url_path.write_text(f"mailto://{LOOPBACK}:{self.port}?from=paraat@example.org&mode=insecure")
        self.url_path.chmod(0o600)
        self.site: Site = load_site(directory)
        self.journal = Journal(directory / "journal.sqlite")
        self.seen: dict[int, Fact] = {}
        self.channels: dict[str, Channel] = {}
        self.again()

    def again(self) -> None:
        """As after a start of the host."""
        self.close_channels()
        self.channels = make_channels(self.site)
        self.dispatcher = Dispatcher(
            self.site, self.journal, self.channels, acknowledged=lambda alert: self.seen.get(alert)
        )

    def close_channels(self) -> None:
        for channel in self.channels.values():
            channel.close()

    def start(self) -> None:
        self._server = Controller(self.mailbox, hostname=LOOPBACK, port=self.port)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def fires(self, at: float = NOW, **changes: Any) -> AlertState:
        alert = AlertState(
            rule="point_silent", subject=Subject("point", "nsp-0101"), state="firing", since=at, severity="critical", fired_at=at,
            turned_at=at, detail={"heard_at": at - 600},
        )  # fmt: skip
        return self.journal.save_alert(msgspec.structs.replace(alert, **changes))

    def is_due(self, alert: AlertState, reason: str = "turn-1", at: float = NOW, **changes: Any) -> None:
        row = Delivery(
            alert_id=alert.id, reason=reason, rung="lead", person=LEAD, channel="email", address="nsp-0101@example.org",
            created_at=at, due_at=at, first_due_at=at,
        )  # fmt: skip
        self.journal.add_deliveries([msgspec.structs.replace(row, **changes)])

    def ends(self, alert: AlertState, at: float) -> None:
        self.journal.save_alert(msgspec.structs.replace(alert, state="resolved", resolved_at=at))
        self.is_due(alert, "resolved", at)

    def sends(self, at: float) -> int:
        """How many messages leave by mail now."""
        n = 0
        while self.dispatcher.send_next("email", at):
            n += 1
        return n

    def states(self, alert: AlertState) -> list[tuple[str, str]]:
        return [(row.reason, row.state) for row in self.journal.deliveries(alert.id)]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    found = Post(tmp_path / "site")
    yield found
    found.stop()
    found.close_channels()
    found.journal.close()


def test_it_is_mailed_once_with_what_came_back(post: Post) -> None:
    post.start()
    alert = post.fires()
    post.is_due(alert)
    assert post.sends(NOW) == 1
    ((recipients, content),) = post.mailbox.mails
    assert recipients == ["nsp-0101@example.org"]
    assert "Buurthuis De Linde" in content
    (row,) = post.journal.deliveries(alert.id)
    assert (row.state, row.settled_at, row.attempts) == ("sent", NOW, 1)
    assert row.answer
    post.is_due(alert)
    assert post.sends(NOW + 7200) == 0, "one reason reaches a person once"


def test_the_log_has_every_line_without_a_pause(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    for n in range(9):
        alert = post.fires(NOW + n)
        post.is_due(alert, rung=ladder.LOG, person="log/", channel="log", address="log")
    with caplog.at_level(logging.WARNING):
        while post.dispatcher.send_next("log", NOW + 10):
            pass
    assert caplog.text.count("Buurthuis De Linde") == 9


def test_a_server_that_is_down_is_tried_again_and_each_attempt_is_kept(post: Post) -> None:
    alert = post.fires()
    post.is_due(alert)
    assert post.sends(NOW) == 1
    (waiting,) = post.journal.deliveries(alert.id)
    assert (waiting.state, waiting.due_at) == ("due", NOW + 30)
    assert "was not taken" in post.dispatcher.problem
    assert "is niet aangenomen" in waiting.answer, "people read it in their language, the health check is English"
    assert post.sends(NOW + 29) == 0
    post.start()
    assert post.sends(NOW + 30) == 1
    assert post.dispatcher.problem == ""
    assert [(a.at, a.ok) for a in post.journal.attempts(waiting.id)] == [(NOW, False), (NOW + 30, True)]
    assert len(post.mailbox.mails) == 1
    assert "Vertraagd" not in post.mailbox.mails[0][1]


def test_nothing_is_given_up_while_it_fires_and_it_is_told_with_the_figures_of_then(post: Post) -> None:
    """The mail server is away for 26 hours, and the fuel goes on falling."""
    alert = post.fires(rule="low_fuel", detail={"hours": 7.6, "percent": 40.0, "litres": 160.0, "data_t": NOW})
    post.is_due(alert)
    for late_s in (0, 30, 90, 210, 510, 1110, 25 * 3600):
        assert post.sends(NOW + late_s) == 1
    at = post.journal.deliveries(alert.id)[0].due_at
    assert at == NOW + 25 * 3600 + 600
    now = msgspec.structs.replace(alert, detail={"percent": 5.0, "litres": 20.0, "data_t": at - 60}, wording="level")
    post.dispatcher.note([now])
    post.start()
    post.sends(at)
    assert post.states(alert) == [("turn-1", "sent")]
    ((_, content),) = post.mailbox.mails
    assert "Vertraagd" in content
    assert "5,0 %" in content
    assert "7,6" not in content


def test_what_is_over_is_not_sent_as_if_it_still_were_and_recovered_never_stands_before_it(post: Post) -> None:
    alert = post.fires()
    post.is_due(alert)
    post.sends(NOW)
    post.ends(alert, NOW + 100)
    post.start()
    post.sends(NOW + 130)
    assert post.states(alert) == [("turn-1", "dropped"), ("resolved", "sent")]
    ((_, content),) = post.mailbox.mails
    assert "Hersteld" in content


def test_that_it_is_over_is_not_told_a_day_later(post: Post) -> None:
    alert = post.fires()
    post.is_due(alert)
    post.ends(alert, NOW + 100)
    post.start()
    assert post.sends(NOW + 100 + 86401) == 0
    assert post.states(alert) == [("turn-1", "dropped"), ("resolved", "dropped")]


def test_an_acknowledged_alert_climbs_no_further_also_with_what_waits(post: Post) -> None:
    alert = post.fires()
    post.is_due(alert, rung="deputy")
    post.seen[alert.id] = Fact(
        id=1,
        after=0,
        t=NOW + 5,
        recorded_at=NOW + 5,
        author=Author(name="Anna", way="page"),
        told=Acknowledged(alert=alert.id),
    )
    post.start()
    assert post.sends(NOW + 10) == 0
    (row,) = post.journal.deliveries(alert.id)
    assert (row.state, row.answer) == ("dropped", "gezien door Anna")


def test_sixty_alerts_in_a_minute_are_one_message_with_the_list(post: Post) -> None:
    site = post.site
    place = site.points["nsp-0101"]
    names = {f"nsp-{n:04}": msgspec.structs.replace(place, id=f"nsp-{n:04}", name=f"Punt {n}") for n in range(60)}
    post.site = msgspec.structs.replace(site, points=names)
    post.again()
    post.start()
    for n, point in enumerate(names):
        alert = post.fires(NOW + n, subject=Subject("point", point))
        post.is_due(alert, at=NOW + n, rung="coordination")
    assert [post.sends(NOW + t) for t in (0, 30, 59)] == [0, 0, 0], "it waits for more of the same"
    assert post.sends(NOW + 60) == 1
    ((_, content),) = post.mailbox.mails
    assert "60 punten zonder metingen" in content
    assert all(f"Punt {n}:" in content for n in range(60))


def test_no_person_gets_more_than_six_in_any_hour_and_nothing_is_lost(post: Post) -> None:
    post.start()
    alerts = []
    at: dict[float, int] = {}
    for n in range(240):  # an alert each minute for four hours
        alert = post.fires(NOW + 60 * n)
        alerts.append(alert)
        post.is_due(alert, at=NOW + 60 * n)
        if post.sends(NOW + 60 * n):
            at[NOW + 60 * n] = 1
    while post.journal.due_deliveries("email"):
        n += 1
        if post.sends(NOW + 60 * n):
            at[NOW + 60 * n] = 1
    sent = sorted(at)
    assert sent[0] == NOW, "the first one leaves at once"
    assert max(sum(t <= other < t + 3600 for other in sent) for t in sent) == 6
    assert max(later - t for t, later in itertools.pairwise(sent)) <= 20 * 60 + 60
    assert {state for alert in alerts for _, state in post.states(alert)} == {"sent"}


def test_a_full_disk_does_not_send_the_same_mail_again_and_again(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.start()
    alert = post.fires()
    post.is_due(alert)
    settle = post.journal.settle_deliveries

    def full(*_: object) -> None:
        raise JournalError("journal.sqlite: database or disk is full")

    monkeypatch.setattr(post.journal, "settle_deliveries", full)
    for late_s in range(0, 600, 5):
        with pytest.raises(JournalError):
            post.dispatcher.send_next("email", NOW + late_s)
    monkeypatch.setattr(post.journal, "settle_deliveries", settle)
    post.sends(NOW + 600)
    assert len(post.mailbox.mails) == 1
    (row,) = post.journal.deliveries(alert.id)
    assert (row.state, row.settled_at) == ("sent", NOW), "kept as of when it was sent"


def test_a_disk_that_is_full_before_it_is_sent_sends_nothing(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.start()
    post.is_due(post.fires())

    def full(*_: object) -> None:
        raise JournalError("journal.sqlite: database or disk is full")

    monkeypatch.setattr(post.journal, "claim_deliveries", full)
    with pytest.raises(JournalError):
        post.dispatcher.send_next("email", NOW)
    assert post.mailbox.mails == []


def test_a_stop_while_it_is_sent_tells_once_more_and_says_so(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.start()
    alert = post.fires()
    post.is_due(alert)

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(post.journal, "settle_deliveries", killed)
    with pytest.raises(Killed):
        post.dispatcher.send_next("email", NOW)
    monkeypatch.undo()
    post.again()
    post.dispatcher.begin(NOW + 20)
    assert post.states(alert) == [("turn-1", "uncertain"), ("turn-1+", "due")]
    assert post.sends(NOW + 20) == 1, "it may not have arrived, so there is no pause"
    assert post.states(alert) == [("turn-1", "uncertain"), ("turn-1+", "sent")]
    assert "Misschien kreeg u dit bericht al" in post.mailbox.mails[1][1]
    post.dispatcher.begin(NOW + 500)
    assert len(post.states(alert)) == 2


def test_a_channel_that_fails_in_a_way_of_its_own_shows_no_secret(
    post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_self: object, _message: Message) -> str:
        raise IndexError(PASSWORD)

    monkeypatch.setattr(type(make_channels(post.site)["email"]), "send", broken)
    alert = post.fires()
    post.is_due(alert)
    post.sends(NOW)
    (row,) = post.journal.deliveries(alert.id)
    assert (row.state, row.due_at) == ("due", NOW + 30)
    assert "IndexError" in row.answer
    (why,) = [state.why for state in post.dispatcher.states() if state.name == "email"]
    assert type(why) is str, "it stands among the figures of an alert, which the journal keeps"
    assert PASSWORD not in caplog.text, "a library may put anything into its errors"


def test_a_text_that_fails_goes_out_in_plain_figures_and_is_known(post: Post) -> None:
    post.start()
    alert = post.fires(rule="new_rule", detail={"percent": 12.5})
    post.is_due(alert)
    post.sends(NOW)
    ((_, content),) = post.mailbox.mails
    assert "new_rule" in content
    assert "percent: 12.5" in content
    assert post.dispatcher.failed_texts == {"new_rule.firing": NOW}


def test_who_left_the_roster_gets_nothing_more(post: Post) -> None:
    post.start()
    alert = post.fires()
    post.is_due(alert, person="anna")
    assert post.sends(NOW) == 0
    assert post.states(alert) == [("turn-1", "dropped")]


def test_what_is_held_waits_and_is_sent_when_it_is_held_no_longer(post: Post) -> None:
    post.start()
    alert = post.fires(held_by="out-of-use")
    post.is_due(alert)
    assert post.sends(NOW + 60) == 0
    post.journal.save_alert(msgspec.structs.replace(alert, held_by=""))
    assert post.sends(NOW + 120) == 1


def test_a_warning_of_the_night_waits_for_the_morning(tmp_path: Path) -> None:
    post = Post(tmp_path / "site")
    post.start()
    night = NOW + 7 * 3600
    alert = post.fires(night, severity="warning")
    post.is_due(alert, at=night)
    assert [post.sends(night + 3600 * n) for n in (0, 3, 6)] == [0, 0, 0]
    assert post.sends(night + 7 * 3600) == 1
    post.stop()
    post.close_channels()
    post.journal.close()


def test_the_password_is_never_in_a_log_or_an_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    post = Post(tmp_path / "site")
    post.url_path.write_text(f"mailto://lead:{PASSWORD}@{LOOPBACK}:{post.port}?from=paraat@example.org&mode=insecure")
    post.again()
    alert = post.fires()
    post.is_due(alert)
    with caplog.at_level(logging.DEBUG):
        post.sends(NOW)
    (row,) = post.journal.deliveries(alert.id)
    assert row.state == "due"
    assert PASSWORD not in caplog.text + row.answer
    post.close_channels()
    post.journal.close()


@pytest.mark.parametrize("url", ["smtp.example.nl", "https://example.nl", "mailto://"])
def test_a_url_that_is_no_mail_url_stops_the_start_without_being_shown(post: Post, url: str) -> None:
    post.url_path.write_text(url)
    with pytest.raises(SettingsError) as caught:
        make_channels(post.site)
    assert caught.value.key == "channels.email.url_file"
    assert url not in str(caught.value).replace("mailtos://user:password@smtp.example.nl", "")


def test_no_channel_waits_behind_another_that_hangs(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def hangs(_self: object, _message: Message) -> str:
        inside.set()
        assert go_on.wait(60)
        return "taken at last"

    monkeypatch.setattr(type(post.channels["email"]), "send", hangs)
    alert = post.fires()
    post.is_due(alert)
    post.is_due(alert, rung=ladder.LOG, person="log/", channel="log", address="log")
    thread = threading.Thread(target=post.dispatcher.send_next, args=("email", NOW))
    thread.start()
    assert inside.wait(60)
    assert post.dispatcher.send_next("log", NOW)
    assert {row.channel: row.state for row in post.journal.deliveries(alert.id)} == {"email": "sending", "log": "sent"}
    assert [state.busy_since for state in post.dispatcher.states() if state.name == "email"] == [NOW]
    go_on.set()
    thread.join()
    assert {row.state for row in post.journal.deliveries(alert.id)} == {"sent"}


class Obedient:
    """A channel that takes messages, or fails as it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fails: Exception | None = None
        self.sent: list[Message] = []

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        if self.fails is not None:
            raise self.fails
        self.sent.append(message)
        return f"taken by {self.name}"


@pytest.fixture
def obeys(post: Post) -> dict[str, Obedient]:
    """In place of the post's channels."""
    made = {name: Obedient(name) for name in ("sms", "email", "log")}
    post.dispatcher = Dispatcher(post.site, post.journal, made, acknowledged=post.seen.get)
    return made


def test_a_channel_is_said_to_fail_since_its_first_failure_and_until_it_takes_something(
    post: Post, obeys: dict[str, Obedient]
) -> None:
    post.is_due(post.fires())
    obeys["email"].fails = ChannelError("no route")
    post.sends(NOW)
    post.sends(NOW + 30)
    assert post.dispatcher.states() == [
        ChannelState(name="email", failing_since=NOW, why="no route"),
        ChannelState(name="log"),
        ChannelState(name="sms"),
    ]
    post.is_due(post.fires(NOW + 31), at=NOW + 31, rung=ladder.LOG, person="log/", channel="log", address="log")
    obeys["log"].fails = IndexError(PASSWORD)
    post.dispatcher.send_next("log", NOW + 31)
    assert post.dispatcher.problem == "email: no route; log: a mistake in the channel, IndexError"
    obeys["email"].fails = None
    assert post.sends(NOW + 90) == 1
    assert post.dispatcher.states()[0] == ChannelState(name="email")
    obeys["email"].fails = ChannelError("no route")
    post.is_due(post.fires(NOW + 4000), at=NOW + 4000)
    post.sends(NOW + 4000)
    assert post.dispatcher.states()[0].failing_since == NOW + 4000


def test_who_has_several_ways_is_told_by_the_one_that_works(post: Post, obeys: dict[str, Obedient]) -> None:
    anna = Person(id="anna", name="Anna", reach={"pigeon": ("loft",), "email": ("a@x", "b@x"), "sms": ("+316",)})
    assert post.dispatcher.ways(anna) == [("email", "a@x"), ("email", "b@x"), ("sms", "+316")]
    post.is_due(post.fires())
    obeys["email"].fails = ChannelError("no route")
    post.sends(NOW)
    assert post.dispatcher.ways(anna) == [("sms", "+316"), ("email", "a@x"), ("email", "b@x")]


def test_each_attempt_comes_later_and_the_last_pause_stays(post: Post, obeys: dict[str, Obedient]) -> None:
    alert = post.fires()
    post.is_due(alert)
    obeys["email"].fails = ChannelError("no route")
    at, pauses = NOW, []
    for _ in range(len(RETRY_S) + 2):
        assert post.sends(at) == 1
        due_at = post.journal.deliveries(alert.id)[0].due_at
        pauses.append(due_at - at)
        at = due_at
    assert pauses == [*RETRY_S, RETRY_S[-1], RETRY_S[-1]]


def test_a_message_says_how_many_alerts_are_held_back_by_what_it_tells(post: Post, obeys: dict[str, Obedient]) -> None:
    alert = post.fires(NOW, rule="broker_unreachable", subject=Subject("cp", ""))
    held = [post.fires(NOW + n, held_by="broker_unreachable") for n in range(3)]
    other = post.fires(NOW + 4, held_by="on_battery")
    unsaved = msgspec.structs.replace(held[0], id=0)
    post.dispatcher.note([alert, *held, other, unsaved])
    post.is_due(alert)
    assert post.sends(NOW) == 1
    assert "3 " in obeys["email"].sent[0].body
    assert "4 " not in obeys["email"].sent[0].body.replace("24 ", "")


def test_an_acknowledgement_of_the_turn_before_keeps_nothing_back(post: Post, obeys: dict[str, Obedient]) -> None:
    alert = post.fires(turn=2, turned_at=NOW + 600)
    post.seen[alert.id] = Fact(
        id=1, after=0, t=NOW + 5, recorded_at=NOW + 5, author=Author(name="Anna", way="page"), told=Acknowledged(alert=alert.id)
    )  # fmt: skip
    post.is_due(alert, "turn-2", NOW + 600, rung="deputy")
    assert post.sends(NOW + 600) == 1
    assert len(obeys["email"].sent) == 1


def test_what_is_sent_is_kept_with_what_came_back_and_its_key(post: Post, obeys: dict[str, Obedient]) -> None:
    alert = post.fires()
    post.is_due(alert)
    assert post.dispatcher.send_next("sms", NOW) is False, "each channel has its own"
    post.sends(NOW)
    (row,) = post.journal.deliveries(alert.id)
    assert (row.answer, row.message, row.state) == ("taken by email", obeys["email"].sent[0].key, "sent")


def test_from_a_new_store_on_everything_is_kept_there(post: Post, obeys: dict[str, Obedient], tmp_path: Path) -> None:
    other = Journal(tmp_path / "other.sqlite")
    alert = post.fires()
    other.save_alert(msgspec.structs.replace(alert, id=0))
    other.add_deliveries([
        Delivery(
            alert_id=1, reason="turn-1", rung="lead", person=LEAD, channel="email", address="nsp-0101@example.org",
            created_at=NOW, due_at=NOW, first_due_at=NOW,
        )
    ])  # fmt: skip
    post.dispatcher.keep_in(lambda: other)
    assert post.sends(NOW) == 1
    assert [row.state for row in other.deliveries(1)] == ["sent"]
    assert post.journal.deliveries(alert.id) == []
    other.close()
