"""Alerts on their way: through the real journal, to a real SMTP server."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from paraat.alerts.channels import ChannelError, Message, make_channels
from paraat.alerts.dispatch import GIVE_UP_AFTER_S, Dispatcher
from paraat.domain.model import AlertState, Delivery
from paraat.domain.subjects import Subject
from paraat.journal import Journal, JournalError
from paraat.simulate.servers import LOOPBACK, free_port
from paraat.site import paths
from paraat.site.errors import SettingsError
from paraat.site.site import Site, load_site

NOW = 1764000000.0
PASSWORD = "hunter2-geheim"


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

    def __init__(self, directory: Path) -> None:
        self.mailbox = Mailbox()
        self.port = free_port()
        self._server: Controller | None = None
        shutil.copytree(paths.example_site_dir(), directory)
        with (directory / "site.toml").open("a") as f:
            f.write('\n[channels.email]\nurl_file = "email.url"\n')
        self.url_path = directory / "email.url"
        self.url_path.write_text(f"mailto://{LOOPBACK}:{self.port}?from=paraat@example.org&mode=insecure")
        self.url_path.chmod(0o600)
        self.site: Site = load_site(directory)
        self.journal = Journal(directory / "journal.sqlite")
        self.dispatcher = Dispatcher(self.site, self.journal, make_channels(self.site))

    def start(self) -> None:
        self._server = Controller(self.mailbox, hostname=LOOPBACK, port=self.port)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def coordination_has(self, email: str) -> None:
        path = self.site.path("site.toml")
        path.write_text(f'{path.read_text()}\n[coordination]\nemail = "{email}"\n')
        self.site = load_site(self.site.directory)
        self.dispatcher = Dispatcher(self.site, self.journal, make_channels(self.site))

    def announce(self, point: str = "nsp-0101") -> AlertState:
        alert = AlertState(
            rule="point_silent", subject=Subject("point", point), state="firing", since=NOW, severity="warning", fired_at=NOW,
            detail={"heard_at": NOW - 600},
        )  # fmt: skip
        return self.store(alert)

    def store(self, alert: AlertState) -> AlertState:
        with self.journal.atomic():
            alert = self.journal.save_alert(alert)
            self.journal.add_deliveries(self.dispatcher.deliveries(alert, NOW))
        return alert

    def mail(self, alert: AlertState) -> Delivery:
        (mail,) = [d for d in self.journal.deliveries(alert.id) if d.channel == "email"]
        return mail


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    found = Post(tmp_path / "site")
    yield found
    found.stop()
    found.journal.close()


def test_what_concerns_the_coordination_point_goes_to_its_own_address(post: Post) -> None:
    alert = AlertState(
        rule="own_certificate", subject=Subject("certificate", "broker"), state="firing", since=NOW, severity="warning", fired_at=NOW,
        detail={"kind": "broker", "days": 30.0, "ends_at": NOW + 30 * 86400},
    )  # fmt: skip
    assert [d.channel for d in post.journal.deliveries(post.store(alert).id)] == ["log"], "no address is configured"
    post.coordination_has("beheer@example.org")
    assert post.mail(post.store(alert)).recipient == "beheer@example.org"


def test_an_alert_is_logged_and_mailed_to_the_lead(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    post.start()
    alert = post.announce()
    with caplog.at_level(logging.WARNING):
        assert post.dispatcher.run_due(NOW) == 2
    ((recipients, content),) = post.mailbox.mails
    assert recipients == ["nsp-0101@example.org"]
    assert "Buurthuis De Linde" in content
    assert "Buurthuis De Linde" in caplog.text
    assert {d.state for d in post.journal.deliveries(alert.id)} == {"sent"}
    assert post.dispatcher.run_due(NOW + 3600) == 0


def test_a_server_that_is_down_is_tried_again_and_each_attempt_is_kept(post: Post) -> None:
    alert = post.announce()
    post.dispatcher.run_due(NOW)
    waiting = post.mail(alert)
    assert waiting.state == "due"
    assert waiting.due_at == NOW + 30
    assert waiting.error
    assert post.dispatcher.problem == f"email: {waiting.error}"
    assert post.dispatcher.run_due(NOW + 29) == 0
    post.start()
    assert post.dispatcher.run_due(NOW + 30) == 1
    assert post.dispatcher.problem == ""
    assert post.mail(alert).state == "sent"
    attempts = post.journal.attempts(waiting.id)
    assert [(a.at, a.ok) for a in attempts] == [(NOW, False), (NOW + 30, True)]
    assert len(post.mailbox.mails) == 1


def test_a_refused_recipient_is_named_and_given_up_after_a_day(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.start()
    post.mailbox.refused.add("nsp-0101@example.org")
    alert = post.announce()
    now = NOW
    for _ in range(3):
        post.dispatcher.run_due(now)
        now = post.mail(alert).due_at
    refused = post.mail(alert).error
    assert refused is not None
    assert "nsp-0101@example.org" in refused

    def refuse(_self: object, _message: Message) -> str:  # as the server did: 140 times more would only take long
        raise ChannelError(refused)

    monkeypatch.setattr("paraat.alerts.channels.outside.OutsideChannel.send", refuse)
    while (mail := post.mail(alert)).state == "due":
        now = mail.due_at
        post.dispatcher.run_due(now)
    assert (mail.state, mail.error) == ("failed", refused)
    assert GIVE_UP_AFTER_S <= now - NOW <= GIVE_UP_AFTER_S + 1200
    assert post.mailbox.mails == []


def test_a_full_disk_does_not_send_the_same_mail_again_and_again(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.start()
    alert = post.announce()
    settle = post.journal.settle_delivery

    def full(*_: object) -> None:
        raise JournalError("journal.sqlite: database or disk is full")

    monkeypatch.setattr(post.journal, "settle_delivery", full)
    for late_s in range(0, 600, 5):
        with pytest.raises(JournalError):
            post.dispatcher.run_due(NOW + late_s, limit=1)
    monkeypatch.setattr(post.journal, "settle_delivery", settle)
    while post.dispatcher.run_due(NOW + 600, limit=1):
        pass
    assert len(post.mailbox.mails) == 1
    assert {d.state for d in post.journal.deliveries(alert.id)} == {"sent"}
    (log,) = [d for d in post.journal.deliveries(alert.id) if d.channel == "log"]
    assert [(a.at, a.ok) for a in post.journal.attempts(log.id)] == [(NOW, True)], "kept as of when it was sent"


def test_a_channel_that_fails_in_a_way_of_its_own_keeps_no_other_back(
    post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_self: object, _message: Message) -> str:
        raise IndexError(PASSWORD)

    post.start()
    monkeypatch.setattr("paraat.alerts.channels.log.LogChannel.send", broken)
    alert = post.announce()
    post.dispatcher.run_due(NOW)
    assert len(post.mailbox.mails) == 1
    (log,) = [d for d in post.journal.deliveries(alert.id) if d.channel == "log"]
    assert (log.state, log.due_at) == ("due", NOW + 30)
    assert "IndexError" in (log.error or "")
    assert PASSWORD not in caplog.text, "a library may put anything into its errors"


def test_a_point_without_a_mail_address_still_gets_its_log_line(post: Post) -> None:
    alert = post.announce("nsp-0202")
    assert [d.channel for d in post.journal.deliveries(alert.id)] == ["log"]


def test_the_coordination_point_hears_of_a_point_whose_lead_has_no_address(post: Post) -> None:
    post.coordination_has("beheer@example.org")
    assert post.mail(post.announce("nsp-0202")).recipient == "beheer@example.org"
    assert post.mail(post.announce("nsp-0101")).recipient == "nsp-0101@example.org"


def test_an_alert_of_a_point_that_left_the_site_is_not_announced(post: Post) -> None:
    alert = AlertState(
        rule="low_fuel",
        subject=Subject("point", "nsp-9999"),
        state="firing",
        since=NOW,
        severity="critical",
        detail={},
        id=1,
    )
    assert post.dispatcher.deliveries(alert, NOW) == []


def test_the_password_is_never_in_a_log_or_an_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    post = Post(tmp_path / "site")
    post.url_path.write_text(f"mailto://lead:{PASSWORD}@{LOOPBACK}:{post.port}?from=paraat@example.org&mode=insecure")
    post.dispatcher = Dispatcher(post.site, post.journal, make_channels(post.site))
    alert = post.announce()
    with caplog.at_level(logging.DEBUG):
        post.dispatcher.run_due(NOW)
    assert post.mail(alert).state == "due"
    assert PASSWORD not in caplog.text
    assert PASSWORD not in (post.mail(alert).error or "")
    post.journal.close()


@pytest.mark.parametrize("url", ["smtp.example.nl", "https://example.nl", "mailto://"])
def test_a_url_that_is_no_mail_url_stops_the_start_without_being_shown(post: Post, url: str) -> None:
    post.url_path.write_text(url)
    with pytest.raises(SettingsError) as caught:
        make_channels(post.site)
    assert caught.value.key == "channels.email.url_file"
    assert url not in str(caught.value).replace("mailtos://user:password@smtp.example.nl", "")
