"""From a board to somebody who sees to it and back, through a real broker, mail server and page."""

import http.client
import re
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from aiosmtpd.controller import Controller

from host.alerts.test_dispatch import Mailbox
from host.test_service import FakeBoard, StillClock, a_site
from paraat.domain.model import AlertState, Value
from paraat.domain.roster import COORDINATION, LEAD, Duty, Person, Roster
from paraat.service import Service
from paraat.simulate.servers import LOOPBACK, EmbeddedBroker, free_port
from paraat.site.channels import Channels, Outside
from paraat.site.site import WebSettings
from paraat_wire import codec, host_codec, topics
from waiting import LIMIT_S, wait_for

POINT = "nsp-0101"
OUTSIDE = "cp.example.nl"
LEAD_MAIL, CP_MAIL = "jan@example.org", "wacht@example.org"
ROSTER = Roster(
    people={
        "jan": Person(id="jan", name="Jan de Vries", reach={"email": (LEAD_MAIL,)}, role="lead"),
        "wacht": Person(id="wacht", name="Wacht CP", reach={"email": (CP_MAIL,)}, role="coordination"),
    },
    duties=(Duty(rung=LEAD, who=("jan",)), Duty(rung=COORDINATION, who=("wacht",))),
)
WELL: dict[str, Value] = {"power/mains": True, "power/generator": False, "fuel/level": 80.0, "people/present": 3}
LOW = WELL | {"power/mains": False, "power/generator": True, "fuel/level": 10.0}


class Region:
    """A board, a broker, a mail server, the service, and the page as a phone reaches it."""

    def __init__(self, directory: Path, broker: int, smtp: int) -> None:
        (directory / "email.url").write_text(f"mailto://{LOOPBACK}:{smtp}?from=paraat@example.org&mode=insecure")
        (directory / "email.url").chmod(0o600)
        site = a_site(
            directory,
            broker,
            channels=Channels(outside={"email": Outside(url_file="email.url")}),
            web=WebSettings(port=free_port(), base_url=f"https://{OUTSIDE}"),
        )
        self.clock = StillClock()
        self.service = Service(msgspec.structs.replace(site, roster=ROSTER), clock=self.clock)
        self.service.start()
        wait_for(lambda: self.service.health()[0].ok)
        self.board = FakeBoard(broker)
        self._seq = 0

    def tell(self, values: dict[str, Value]) -> None:
        self._seq += 1
        self.clock.t += 30
        self.board.tell(self._seq, values, self.clock.now())

    def press(self, button: str) -> None:
        self._seq += 1
        self.clock.t += 30
        records = codec.encode_records([(button, True)], [])
        event = codec.encode_set(POINT, self._seq, int(self.clock.now()), records)
        self.board.say(topics.topic(POINT, topics.EVENT), host_codec.encode_pack([event]))
        wait_for(lambda: self._seq in self.board.acked)

    def fires(self, rule: str) -> AlertState | None:
        found = [one for one in self.service.alerts() if (one.rule, one.point, one.state) == (rule, POINT, "firing")]
        return found[0] if found else None

    def until_fires(self, rule: str, values: dict[str, Value]) -> AlertState:
        def seen() -> bool:
            self.tell(values)
            return self.fires(rule) is not None

        wait_for(seen)
        found = self.fires(rule)
        assert found is not None
        return found

    def phone(self, method: str, url: str) -> tuple[int, str]:
        """What a phone gets that opens a link, or presses its button, through the proxy."""
        assert self.service.web_url is not None
        connection = http.client.HTTPConnection(urlsplit(self.service.web_url).netloc, timeout=LIMIT_S)
        headers = {"host": OUTSIDE} | ({"origin": f"https://{OUTSIDE}"} if method == "POST" else {})
        try:
            connection.request(method, urlsplit(url).path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def stop(self) -> None:
        self.board.close()
        self.service.stop()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def region(tmp_path: Path, mailbox: Mailbox) -> Iterator[Region]:
    smtp = free_port()
    controller = Controller(mailbox, hostname=LOOPBACK, port=smtp)
    controller.start()
    with EmbeddedBroker(tmp_path / "broker") as broker:
        found = Region(tmp_path, broker.port, smtp)
        yield found
        found.stop()
    controller.stop()


def body_of(mail: str) -> str:
    message = message_from_string(mail, policy=policy.default)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("plain",))
    assert part is not None
    content: str = part.get_content()
    return content


def test_a_lead_acknowledges_by_the_link_in_his_mail_and_a_scanner_does_not(region: Region, mailbox: Mailbox) -> None:
    region.tell(WELL)
    alert = region.until_fires("low_fuel", LOW)

    def link() -> str | None:
        links = [
            found[0]
            for to, mail in mailbox.mails
            if to == [LEAD_MAIL] and (found := re.search(rf"https://{OUTSIDE}/seen/\S+", body_of(mail)))
        ]
        return links[0] if links else None

    wait_for(link)
    url = link()
    assert url is not None
    for method in ("HEAD", "GET"):
        assert region.phone(method, url)[0] == 200
    assert region.service.acknowledged(alert.id) is None
    status, page = region.phone("GET", url)
    assert "Jan de Vries, pakt u dit op?" in page
    assert region.phone("POST", url)[0] == 200
    seen = region.service.acknowledged(alert.id)
    assert seen is not None
    assert (seen.author.name, seen.author.role, seen.author.way) == ("Jan de Vries", "lead", "link")
    for method in ("GET", "POST"):
        status, page = region.phone(method, url)
        assert status == 410
        assert "Deze link is al gebruikt, door Jan de Vries" in page
    altered = url[:-1] + ("A" if url[-1] != "A" else "B")
    assert region.phone("POST", altered)[0] == 410


def test_how_many_had_the_page_open_is_kept_with_an_alert(region: Region) -> None:
    assert region.service.web_url is not None
    with ExitStack() as open_:
        for _ in range(2):
            page = urllib.request.urlopen(f"{region.service.web_url}/events", timeout=LIMIT_S)
            open_.enter_context(page)
            while not page.readline().startswith(b"event:"):  # it is being told
                pass
        region.press("button/help")
        wait_for(lambda: region.fires("help_asked"))
        alert = region.fires("help_asked")
        assert alert is not None
        wait_for(lambda: any(one.answer for one in region.service.told(alert.id)))
        assert [one.answer for one in region.service.told(alert.id) if one.rung == "log"] == [
            "in het log gezet; open pagina's: 2"
        ]


def test_a_call_for_help_goes_to_somebody_else_than_who_pressed_and_he_does_not_end_it(
    region: Region, mailbox: Mailbox
) -> None:
    region.tell(WELL)
    region.press("button/help")
    wait_for(lambda: region.fires("help_asked"))
    alert = region.fires("help_asked")
    assert alert is not None

    def mailed() -> bool:
        region.tell(WELL)  # time goes on: the coordination point waits shortly for more of the same
        return any(to == [CP_MAIL] for to, _ in mailbox.mails)

    wait_for(mailed)
    (screen,) = [one for one in region.service.told(alert.id) if one.rung == "log"]
    assert screen.answer == "in het log gezet; niemand heeft de statuspagina open"
    assert {one.name for one in region.service.told(alert.id)} == {"Wacht CP", "log"}
    region.press("button/ack")
    fuel = region.until_fires("low_fuel", LOW)
    region.press("button/ack")
    wait_for(lambda: region.service.acknowledged(fuel.id))  # a press is looked at, and counts where it may
    assert region.service.acknowledged(alert.id) is None
    told = {one.name for one in region.service.told(alert.id)}
    assert told == {"Wacht CP", "log"}, "never the lead of the point"
