"""What a mail server gets of a message, what is told of its answer, and by what it says of an address whether it is one."""

import email
import logging
from collections.abc import Iterator
from email import policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from paraat.alerts.helpers.outside import hand_over, refused
from paraat.simulate.servers import LOOPBACK, free_port


class Mailbox:
    """A mail server. rcpt: what it says of an address."""

    def __init__(self) -> None:
        self.rcpt = "250 OK"
        self.taken: list[email.message.EmailMessage] = []
        self.port = free_port()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.taken.append(email.message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"

    @property
    def order(self) -> dict[str, str]:
        url = f"mailto://{LOOPBACK}:{self.port}?from=paraat@example.org&mode=insecure&to=anna@example.org"
        return {"url": url, "title": "Nog 4,2 uur", "body": "Druk < 2 & dalend.\nBel <Jan>."}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    server = Controller(mailbox, hostname=LOOPBACK, port=mailbox.port)
    server.start()
    yield mailbox
    server.stop()


def test_a_message_is_text_of_which_a_reader_shows_every_sign(mailbox: Mailbox) -> None:
    assert hand_over(mailbox.order) == {"done": True, "why": "", "refused": ""}
    assert hand_over(mailbox.order | {"url": f"{mailbox.order['url']}&format=html"})["done"]
    plain, html = mailbox.taken
    assert plain["Subject"] == "Nog 4,2 uur"
    assert plain.get_content().splitlines() == ["Druk < 2 & dalend.", "Bel <Jan>."]
    body = html.get_body(("html",))
    assert body is not None
    assert "Druk &lt; 2 &amp; dalend." in body.get_content().replace("&nbsp;", " ")


def test_why_it_was_not_taken_is_told_of_this_message_alone(mailbox: Mailbox) -> None:
    log = logging.getLogger("apprise")
    before = list(log.handlers)
    mailbox.rcpt = "550 5.1.1 no\tsuch  mailbox"
    first = hand_over(mailbox.order)
    assert first["done"] is False
    assert "550, b'5.1.1 no\\tsuch mailbox'" in first["why"]
    assert first["refused"] == "550 5.1.1 no\\tsuch mailbox"
    mailbox.rcpt = "451 try again later"
    second = hand_over(mailbox.order)
    assert (second["done"], second["refused"]) == (False, "")
    assert "451" in second["why"]
    assert "550" not in second["why"]
    assert "; " in second["why"], "with what apprise makes of it"
    assert log.handlers == before


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{'a@b.nl': (550, b'no such mailbox')}", "550 no such mailbox"),
        (
            "{'a@b.nl': (550, b'5.1.1 <a@b.nl>: Recipient address rejected')}",
            "550 5.1.1 <a@b.nl>: Recipient address rejected",
        ),
        ("{'a@b.nl': (550, b'5.2.1 The email account is disabled')}", "550 5.2.1 The email account is disabled"),
        ("{'a@b.nl': (553, b\"that's none\")}", "553 that's none"),
        ("{'a@b.nl': (550, b'5.7.1 blocked')}", ""),
        ("{'a@b.nl': (552, b'mailbox full')}", ""),
        ("{'a@b.nl': (451, b'greylisted')}", ""),
        ("(552, b'mailbox full')", ""),
        ("(550, b'sender refused', 'paraat@b.nl')", ""),
        ("[Errno 111] Connection refused", ""),
        ("", ""),
    ],
)
def test_only_an_address_that_is_none_is_given_up(line: str, words: str) -> None:
    assert refused([line]) == words
    assert refused(["Sending email failed", line, "later"]) == words
