"""What a channel hands to its helper, and makes of the answer. Real servers are in test_outside.py."""

import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from paraat.alerts.channels import ChannelError, Message, RefusedError, make_channels
from paraat.alerts.channels.outside import OutsideChannel
from paraat.alerts.helpers.aside import AsideError
from paraat.alerts.marks import HEADER, Marks
from paraat.simulate.servers import LOOPBACK, free_port
from paraat.site import paths
from paraat.site.errors import SettingsError
from paraat.site.site import load_site

PASSWORD, TOKEN = "hunter2-geheim", "tk-8sGf3Qz1"
MESSAGE = Message(
    to="anna+1@example.org", subject="Nog 4,2 uur", body="Bel Jan.", short="kort", severity="critical", key="7/firing"
)
DONE = {"done": True, "why": "", "refused": ""}


class Helper:
    """The process behind a channel: it keeps its orders, and answers what a test says."""

    def __init__(self, answer: Mapping[str, Any] | Exception) -> None:
        self._answer = answer
        self.orders: list[Mapping[str, Any]] = []
        self.limits_s: list[float] = []
        self.rested = self.closed = 0

    def ask(self, order: Mapping[str, Any], *, limit_s: float) -> Mapping[str, Any]:
        self.orders.append(order)
        self.limits_s.append(limit_s)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def rest(self) -> None:
        self.rested += 1

    def close(self) -> None:
        self.closed += 1


def with_helper(channel: OutsideChannel, answer: Mapping[str, Any] | Exception = DONE) -> tuple[OutsideChannel, Helper]:
    channel._helper = helper = Helper(answer)  # type: ignore[assignment]
    return channel, helper


def a_channel(
    url: str, answer: Mapping[str, Any] | Exception = DONE, name: str = "email"
) -> tuple[OutsideChannel, Helper]:
    return with_helper(OutsideChannel(name, url, 12.5), answer)


def of_site(directory: Path, table: str, secret: str | None = None) -> OutsideChannel:
    """The channel of a table of site.toml."""
    shutil.copytree(paths.example_site_dir(), directory)
    with (directory / "site.toml").open("a") as file:
        file.write(f"\n{table}\n")
    for name, text in (("x.url", secret), ("box.url", f"imaps://a:{PASSWORD}@imap.example.nl")):
        if text is not None:
            (directory / name).write_text(text)
            (directory / name).chmod(0o600)
    channel = make_channels(load_site(directory))[table.partition("[channels.")[2].partition("]")[0]]
    assert isinstance(channel, OutsideChannel)
    return channel


def test_a_message_is_handed_over_with_its_limit_and_its_address_as_one_piece_of_the_url() -> None:
    channel, helper = a_channel("ntfy://ntfy.example.nl/{to}")
    assert channel.send(MESSAGE) == "taken by ntfy.example.nl"
    assert helper.orders == [
        {"url": "ntfy://ntfy.example.nl/anna%2B1%40example.org", "title": "Nog 4,2 uur", "body": "Bel Jan."}
    ]
    assert helper.limits_s == [12.5]
    channel.rest()
    channel.close()
    assert (helper.rested, helper.closed) == (1, 1)


def test_who_takes_it_is_its_server_and_where_that_is_none_of_anybodys_business_the_channel() -> None:
    for url, server in (
        ("mailtos://a:b@smtp.example.nl?to={to}", "smtp.example.nl"),
        ("mailtos://a:b@example.nl?smtp=mx.example.nl&to={to}", "mx.example.nl"),
        ("JSONS://hook.example.nl/x", "hook.example.nl"),
        ("mqtt://broker.example.nl/t", "broker.example.nl"),
        ("tgram://123456789:abcdefg_hijklmnop/{to}", None),
        ("json://", None),
    ):
        channel, _ = a_channel(url, name="other")
        assert channel.server == server
        assert channel.send(MESSAGE) == f"taken by {server or 'other'}"


def test_what_the_helper_says_is_said_with_the_address() -> None:
    channel, _ = a_channel("json://a/x", AsideError("no answer within 12.5 s"))
    with pytest.raises(ChannelError) as caught:
        channel.send(MESSAGE)
    assert str(caught.value) == "anna+1@example.org: no answer within 12.5 s"


@pytest.mark.parametrize(
    ("why", "said"), [("", "?"), ("452 full", "452 full"), ("x" * 301, "x" * 300), (f"at {PASSWORD}", "at ***")]
)
def test_what_was_not_taken_is_said_with_why_and_without_secrets(why: str, said: str) -> None:
    channel, _ = a_channel(f"mailto://a:{PASSWORD}@b", {"done": False, "why": why, "refused": ""})
    with pytest.raises(ChannelError) as caught:
        channel.send(MESSAGE)
    assert not isinstance(caught.value, RefusedError)
    assert str(caught.value) == f"anna+1@example.org was not taken: {said}"


def test_an_address_that_is_none_is_refused_in_the_words_of_the_server_without_secrets() -> None:
    answer = {"done": False, "why": "it failed", "refused": f"550 no {PASSWORD}"}
    channel, _ = a_channel(f"mailto://a:{PASSWORD}@b", answer)
    with pytest.raises(RefusedError) as caught:
        channel.send(MESSAGE)
    assert str(caught.value) == "anna+1@example.org was not taken: it failed"
    assert caught.value.words == "550 no ***"


@pytest.mark.parametrize(
    ("url", "text", "shown"),
    [
        (f"json://anna:{PASSWORD}@hook/x", f"anna and {PASSWORD} of anna:{PASSWORD}", "anna and *** of ***"),
        (f"json://anna:{quote('p@ss/w')}@hook/x", "p@ss/w or p%40ss/w", "*** or ***"),
        (f"json://hook/{TOKEN}/room?key={TOKEN[:4]}", f"{TOKEN} in room by {TOKEN[:4]}, key", "*** in *** by ***, key"),
        ("json://hook/ab/abc", "ab is left, abc is not", "ab is left, *** is not"),
        ("ntfy://hook/{to}?to={to}", "what holds {to} is no secret, nor is hook", "what holds {to} is no secret, nor is hook"),
        ("json://plain", "nothing is hidden", "nothing is hidden"),
    ],
    ids=["account", "quoted", "path and query", "short", "address", "none"],
)  # fmt: skip
def test_nothing_that_is_secret_in_a_url_is_shown(url: str, text: str, shown: str) -> None:
    channel, _ = a_channel(url)
    assert channel._without_secrets(text) == shown


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("mailtos://a:b@smtp.example.nl", "mailtos://a:b@smtp.example.nl?to=anna%2B1%40example.org"),
        ("mailto://a:b@smtp.example.nl?mode=ssl", "mailto://a:b@smtp.example.nl?mode=ssl&to=anna%2B1%40example.org"),
        ("mailto://a:b@smtp.example.nl?to={to}", "mailto://a:b@smtp.example.nl?to=anna%2B1%40example.org"),
        ("json://hook/x", "json://hook/x"),
    ],
)
def test_a_mail_goes_to_the_address_of_a_person_also_where_the_url_does_not_say_so(
    tmp_path: Path, url: str, whole: str
) -> None:
    channel, helper = with_helper(of_site(tmp_path / "site", '[channels.x]\nurl_file = "x.url"\nlimit_s = 7', url))
    channel.send(MESSAGE)
    assert helper.orders[0]["url"] == whole
    assert helper.limits_s == [7.0]


@pytest.mark.parametrize("query", ["", "?mode=ssl&to={to}"])
def test_a_mail_that_may_come_back_carries_its_mark(tmp_path: Path, query: str) -> None:
    table = '[channels.x]\nurl_file = "x.url"\n[channels.x.mailbox]\nurl_file = "box.url"'
    channel, helper = with_helper(of_site(tmp_path / "site", table, f"mailtos://a:b@smtp.example.nl{query}"))
    channel.send(MESSAGE)
    mark = Marks(load_site(tmp_path / "site").own_key()).mark("7/firing")
    assert helper.orders[0]["url"].endswith(f"to=anna%2B1%40example.org&+{HEADER}={mark}")
    plain, other = a_channel("json://hook", name="x")
    plain._mark = lambda key: f"{key}!"
    plain.send(MESSAGE)
    assert other.orders[0]["url"] == f"json://hook?+{HEADER}=7/firing%21"


@pytest.mark.parametrize(
    ("table", "secret", "key", "words"),
    [
        ('[channels.x]\nurl = "nothing://a"', None, "url", "ntfy://ntfy.example.nl/{to}"),
        ('[channels.x]\nurl = "json://"', None, "url", "no URL of apprise"),
        ('[channels.x]\nurl = "json://?x"', None, "url", "no URL of apprise"),
        ('[channels.x]\nurl = "json:///x"', None, "url", "no URL of apprise"),
        ('[channels.email]\nurl_file = "x.url"', "json://hook", "url_file", "mailtos://user:password@smtp.example.nl"),
        (
            '[channels.x]\nurl_file = "x.url"\n[channels.x.mailbox]\nurl_file = "box.url"', "json://hook", "url_file",
            "only mails have a mailbox",
        ),
    ],
)  # fmt: skip
def test_what_is_no_url_is_said_with_one_that_is(
    tmp_path: Path, table: str, secret: str | None, key: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=words.replace("?", r"\?")) as caught:
        of_site(tmp_path / "site", table, secret)
    assert caught.value.key == f"{table.partition('[')[2].partition(']')[0]}.{key}"
    assert str(caught.value.path).endswith("x.url" if secret else "site.toml")


def test_a_url_is_tried_with_an_address_of_the_roster(tmp_path: Path) -> None:
    """Of some services an address is a number, and a URL with another is none."""
    site = load_site(paths.example_site_dir())
    assert any(person.addresses("email") for person in site.roster.people.values())
    of_site(tmp_path / "site", '[channels.email]\nurl_file = "x.url"', "mailto://a:b@smtp.example.nl/{to}")


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """To which servers a connection is made."""
    tried: list[tuple[object, ...]] = []

    def connect(server: tuple[str, int], limit_s: float) -> socket.socket:
        tried.append((*server, limit_s))
        if server[0] == "nowhere.example.nl":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        if server[0] == "away.example.nl":
            raise TimeoutError
        return socket.socket()

    monkeypatch.setattr(socket, "create_connection", connect)
    return tried


def test_a_server_that_takes_no_connection_is_named_with_its_port(connects: list[tuple[object, ...]]) -> None:
    for url, away in (
        ("json://away.example.nl:8080/x", "away.example.nl:8080"),
        ("json://away.example.nl/x", "away.example.nl:80"),
        ("jsons://away.example.nl/x", "away.example.nl:443"),
        ("json://there.example.nl/x", None),
        ("json://nowhere.example.nl/x", None),
        ("tgram://123456789:abcdefg_hijklmnop/{to}", None),
    ):
        assert a_channel(url)[0].unreachable(2.5) == away
    assert connects == [
        ("away.example.nl", 8080, 2.5),
        ("away.example.nl", 80, 2.5),
        ("away.example.nl", 443, 2.5),
        ("there.example.nl", 80, 2.5),
        ("nowhere.example.nl", 80, 2.5),
    ]


def test_a_server_that_refuses_is_unreachable() -> None:
    port = free_port()
    assert a_channel(f"json://{LOOPBACK}:{port}/x")[0].unreachable(5.0) == f"{LOOPBACK}:{port}"


def test_a_resolver_that_fails_otherwise_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert a_channel("json://hook.example.nl/x")[0].unknown_server() is None
