"""What a coordinator, a lead, a technician and an administrator meet, in the language of brackets (brackets.py)."""

import asyncio
import html
import inspect
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console
from starlette.requests import Request
from starlette.responses import Response

from host.alerts.details import every_alert
from host.texts.brackets import LANGUAGE, in_brackets, unmarked
from host.web.scene import NOW
from host.web.scene import rich as busy_region
from paraat.alerts.links import LinkError
from paraat.alerts.texts import message
from paraat.boards.boards import load_board
from paraat.boards.wiring import render
from paraat.cli.main import main
from paraat.domain.activation import Phase
from paraat.provision.doctor import doctor
from paraat.runtime.discovery import modules_in
from paraat.site import paths
from paraat.site.broker import CLIENTS
from paraat.site.site import load_site
from paraat.texts import Phrase, extract, say
from paraat.texts.catalogue import FOLDER
from paraat.web import pages
from paraat.web.render import Renderer
from paraat.web.seen import LinkPage
from paraat.web.source import Check
from site_broker import PASSPHRASE


def test_the_test_itself_sees_what_is_not_marked() -> None:
    assert in_brackets("{path}: no such file") == "{path}⟦: no such file⟧"
    assert in_brackets("no %(type)s: %(value)r") == "⟦no ⟧%(type)s: %(value)r"
    assert in_brackets("What|Found") == "⟦What⟧|⟦Found⟧"
    assert unmarked("/a/site.toml⟦: found ⟧nothing⟦; expected ⟧0x1000") == ["nothing"]
    assert unmarked("⟦Fuel⟧ 12,4 V nsp-0101 SITE GPIO De Linde", ["De Linde"]) == []
    assert unmarked("⟦Until⟧ Sun 00:25, 29 November") == [], "the locale has these"


# --- what a coordinator and a lead meet ------------------------------------------------------------


def visible(page: str) -> str:
    """What a browser would show or read out."""
    attributes = re.findall(r'(?:aria-label|title|alt)="([^"]*)"', page)
    page = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return html.unescape(" ".join([re.sub(r"<[^>]*>", " ", page), *attributes]))


# One that takes something from its address has such a test of its own.
PAGES = [page for page in modules_in(pages.__name__, pages.__path__) if "{" not in page.PATH]
PLACES = ("Veiligheidsregio Voorbeeld", "Voorbeeldstad", "Paraat", "Europe/Amsterdam")


@pytest.fixture
def renderer(brackets: Path) -> Renderer:
    """Of a region where much goes on, and the host itself has every trouble that there is."""
    source = busy_region(LANGUAGE)
    source.checks = [
        Check(name=name, ok=False, required=True)
        for name in ("broker", "journal", "ingest", "alerts", "delivery", "certificates", "influx")
    ]
    source.waiting = 3
    return Renderer(source)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.PATH)
def test_every_page(page: ModuleType, renderer: Renderer) -> None:
    names = {*PLACES, "Tue", "opslag"}
    for view in renderer.source.stand().views.values():
        names |= {view.name, view.municipality}
    request = Request({"type": "http", "method": "GET", "path": page.PATH, "query_string": b"", "headers": []})

    async def asked() -> Response:
        found = page.answer(renderer, request)
        return await found if inspect.isawaitable(found) else found

    answer = asyncio.run(asked())
    assert answer.status_code == 200
    assert unmarked(visible(answer.body.decode()), names) == []


@pytest.mark.parametrize("state", ["asks", "used", "declined", "refused"])
def test_the_page_of_a_link(state: str, renderer: Renderer) -> None:
    page = LinkPage(renderer)
    if state == "refused":
        shown = page._refused(LinkError(Phrase("This link is too old. Is it still so? Call the coordination point.")))
    else:
        shown = page._look("7") if state == "asks" else page._press("7", sees_to_it=state == "used")
    assert unmarked(visible(shown), {*PLACES, "Sporthal De Zuiderpoort", "Jan de Vries"}) == []


def test_the_words_that_the_script_puts_in(renderer: Renderer) -> None:
    for text in json.loads(renderer._script_texts()).values():
        assert unmarked(re.sub(r"\{\w+\}", " ", text)) == []


def test_the_mails(brackets: Path) -> None:
    for alert, transition, point in every_alert(NOW):
        said = message(alert, transition, point, language=LANGUAGE, zone=ZoneInfo("Europe/Amsterdam"), now=NOW)
        assert unmarked(" ".join(said), ["De Linde", "Voorbeeldstad", "hall"]) == [], alert


# --- what a technician and an administrator meet ---------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Path:
    shutil.copytree(paths.example_site_dir(), tmp_path / "site")
    return tmp_path / "site"


def _without_choices(told: str) -> str:
    """Without {a,b} and the names of commands at the beginning of their lines."""
    return re.sub(r"\{[\w,-]+\}|^    [a-z][\w-]+(?= |$)", " ", told, flags=re.MULTILINE)


def test_every_help_page(brackets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    groups = re.findall(r"^    ([a-z][\w-]+) ", told, re.MULTILINE)
    assert len(groups) >= 17
    for words in [[], *([group] for group in groups)]:
        with pytest.raises(SystemExit):
            main([*words, "--help"])
        told = capsys.readouterr().out.replace(", ".join(Phase), "")
        assert unmarked(_without_choices(told), [" ".join(["paraat", *words])]) == [], words
        for action in re.findall(r"^    ([a-z][\w-]+)(?: |$)", told, re.MULTILINE) if words else ():
            with pytest.raises(SystemExit):
                main([*words, action, "--help"])
            told = capsys.readouterr().out.replace(", ".join(Phase), "")
            assert unmarked(_without_choices(told), [" ".join(["paraat", *words, action])]) == [], (words, action)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["pki"],
        ["nonsense"],
        ["check", "--site"],
        ["check", "--site", "x", "--nonsense"],
        ["demo", "--duration", "much"],
        ["demo", "--port", "99999"],
        ["simulate", "--broker", "nowhere", "--points", "0", "--interval", "1"],
        ["simulate", "--broker", "a:1", "--points", "0", "--interval", "1"],
        ["command", "--limit", "soon"],
    ],
)
def test_a_command_that_is_asked_wrongly(words: list[str], brackets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)
    told = re.sub(r"'[^']*'|\{[\w,-]+\}|(?:[a-z]+, )+[a-z]+", " ", capsys.readouterr().err)
    assert unmarked(told, ["nonsense", "float"]) == []


SENSOR = '[[sensors]]\ndriver = "digital_input"\nmetric = "power/mains"\n'


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("site.toml", 'region = "', "region = 5 #"),
        ("site.toml", "[site]", "[site]\nspeed = 3"),
        ("site.toml", "[site]", "[site"),
        ("site.toml", "[broker]", "[site]"),
        ("site.toml", 'language = "nl"', 'language = "tlh"'),
        ("site.toml", 'timezone = "', 'timezone = "Mars/'),
        ("site.toml", "[broker]", '[broker]\nkey_file = "x"'),
        ("site.toml", "[broker]", '[broker]\nca_file = "x"'),
        ("site.toml", "[broker]", '[broker]\nusername = "x"\npassword_file = "x"'),
        ("site.toml", 'client_id = "', 'client_id = "nsp-0101" #'),
        ("site.toml", 'journal = "', 'journal = "/nowhere/at/all.sqlite" #'),
        ("site.toml", "port = 8080", "port = 99999"),
        ("site.toml", '[web]\nhost = "127.0.0.1"', '[web]\nhost = "0.0.0.0"'),
        ("site.toml", "[web]", "[board]\n[web]"),
        ("site.toml", "raise_hours = 6.0", "raise_hours = 9.0"),
        ("points/nsp-0101.toml", 'id = "nsp-0101"', 'id = "NSP 1"'),
        ("points/nsp-0101.toml", 'id = "nsp-0101"', 'id = "nsp-0102"'),
        ("points/nsp-0101.toml", 'id = "nsp-0101"', 'id = "nsp-0999"'),
        ("points/nsp-0101.toml", 'id = "nsp-0101"', 'id = "paraat-host"'),
        ("points/nsp-0101.toml", "capacity = ", "capacity = 0.5 #"),
        ("points/nsp-0101.toml", "interval_s = 60", "interval_s = 3000"),
        ("points/nsp-0101.toml", "calibration = ", "calibration = [[0, 0]] #"),
        ("points/nsp-0101.toml", "calibration = ", "calibration = [[0, 0], [50, 300], [100, 200]] #"),
        ("points/nsp-0101.toml", "calibration = ", "calibration = [[0, 0], [100, 500]] #"),
        ("points/nsp-0101.toml", "calibration = ", "calibration = [[0, 0], [50, 300], [50, 400]] #"),
        ("points/nsp-0101.toml", "calibration = ", "calibration = [[10, 40], [100, 400]] #"),
        ("points/nsp-0101.toml", "calibration = ", 'shape = "elliptical"\ncalibration = '),
        ("points/nsp-0101.toml", "calibration = ", 'shape = "elliptical"\nempty_m = 1.0\n#'),
        ("points/nsp-0101.toml", "reserve_l = 15", "reserve_l = 400"),
        ("points/nsp-0101.toml", "reserve_l = 15", "reserve_l = 200\nfill_percent = 50"),
        ("points/nsp-0101.toml", "reserve_l = 15", "reserve_l = 15\nburn_by_load = [[0, 1]]"),
        ("points/nsp-0101.toml", "reserve_l = 15", "reserve_l = 15\nburn_by_load = [[0, 0], [1, 1]]"),
        ("points/nsp-0101.toml", "reserve_l = 15", "reserve_l = 15\nburn_by_load = [[5, 1], [1, 1]]"),
        ("points/nsp-0101.toml", 'type = "', 'type = "nothing_like_it" #'),
        ("points/nsp-0101.toml", "[board]", '[board]\nwithout = ["nothing/like-it"]'),
        ("points/nsp-0101.toml", "[board]", '[board]\nlink = "ethernet"'),
        ("points/nsp-0101.toml", "full_mm = 120", "full_mm = 10"),
        ("points/nsp-0101.toml", "full_mm = 120", ""),
        ("points/nsp-0101.toml", "full_mm = 120", "full_mm = 120\nspeed = 3"),
        ("points/nsp-0101.toml", 'driver = "', 'driver = "nothing_like_it" #'),
        ("points/nsp-0101.toml", 'bus = "uart2"', 'bus = "uart9"'),
        ("points/nsp-0101.toml", "[lead]", f"{SENSOR}pin = 6\n[lead]"),
        ("points/nsp-0101.toml", "[lead]", f"{SENSOR}pin = 0\n[lead]"),
        ("points/nsp-0101.toml", "[lead]", f"{SENSOR}pin = 99\n[lead]"),
        ("points/nsp-0101.toml", "[lead]", f'{SENSOR}pin = "x"\n[lead]'),
        ("points/nsp-0101.toml", "[lead]", f'{SENSOR}pin = 34\npull = "up"\n[lead]'),
    ],
)  # fmt: skip
def test_a_site_with_a_mistake(
    file: str, old: str, new: str, site: Path, brackets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (site / file).read_text()
    assert old in text
    (site / file).write_text(text.replace(old, new, 1))
    assert main(["check", "--site", str(site)]) == 2
    told = capsys.readouterr().err.removeprefix("paraat: ")
    assert "⟦: found ⟧" in told
    told = re.sub(r"^\S+: \S+?⟦|'[^']*'", "⟦", told)  # file and key, and what stands there
    known = re.sub(r"⟦one of: ⟧[^⟦]*|⟦ has: ⟧[^⟦]*|⟦ buses: ⟧[^⟦]*", "", told)
    assert unmarked(known) == []


def test_a_site_in_order(site: Path, brackets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--site", str(site)]) == 0
    people = load_site(site).roster.people.values()
    names = [*(person.name for person in people), *(way for person in people for way in person.reach)]
    told = capsys.readouterr().out
    assert unmarked(told, ["Veiligheidsregio Voorbeeld", "battery/current", *load_site(site).points, *names]) == []


def test_pki(site: Path, tmp_path: Path, brackets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret, wrong = tmp_path / "pass", tmp_path / "wrong"
    secret.write_text(PASSPHRASE)
    wrong.write_text("a" * 30)
    for file in (secret, wrong):
        file.chmod(0o600)
    short = tmp_path / "short"
    short.write_text("abc")
    short.chmod(0o600)

    def pki(*words: str, key: Path = secret) -> None:
        main(["pki", *words, "--site", str(site), "--passphrase-file", str(key)])
        out, err = capsys.readouterr()
        told = out + err.removeprefix("paraat: ")
        typed = re.sub(r"^ +.*$|BEGIN[^E]*END.*", "", told, flags=re.MULTILINE)  # lines to copy
        names = [
            "Paraat Veiligheidsregio Voorbeeld",
            "Veiligheidsregio Voorbeeld",
            "Voorbeeld",
            "localhost",
            "stolen",
            "nobody",
            *CLIENTS.values(),
        ]
        assert unmarked(typed, names) == [], words

    pki("init", key=short)
    pki("init")
    pki("init")
    pki("issue", "nsp-0101", "--out", str(tmp_path / "board"))
    pki("issue", "nsp-0101", "--out", str(tmp_path / "board"))
    pki("issue", "nsp-0101", "--out", str(tmp_path / "other"))
    pki("issue", "nsp-0101", "--out", str(site / "board"))
    pki("issue", "nsp-9999", "--out", str(tmp_path / "other"))
    pki("renew", "host")
    pki("renew", "desk")
    pki("renew", "watch")
    pki("renew", "spare")
    pki("renew", "broker")
    pki("revoke", "nsp-0101", "--reason", "stolen")
    pki("revoke", "nsp-0101", "--reason", "stolen")
    pki("revoke", "nobody", "--reason", "stolen")
    pki("crl", "--out", str(tmp_path / "crl.pem"))
    pki("crl", "--out", str(tmp_path / "no" / "crl.pem"))
    pki("renew", "host", key=wrong)
    main(["pki", "list", "--site", str(site)])
    assert (
        unmarked(
            capsys.readouterr().out,
            ["Veiligheidsregio Voorbeeld", "localhost", "stolen", *CLIENTS.values()],
        )
        == []
    )
    main(["broker-config", "--site", str(site), "--out", str(tmp_path / "mosquitto")])
    assert unmarked(capsys.readouterr().out) == []
    secret.chmod(0o644)
    pki("renew", "host")


def test_doctor(site: Path, tmp_path: Path, brackets: Path) -> None:
    (tmp_path / "root/sys/bus/usb/devices").mkdir(parents=True)
    here = doctor.this_machine(site, point="nsp-0101", port=None, now=datetime.now(UTC))
    here = replace(here, root=tmp_path / "root", free_bytes=lambda path: 10, has_package=lambda name: name != "rich")
    shown = io.StringIO()
    doctor.show(doctor.examine(here), Console(file=shown, width=1000), LANGUAGE)
    assert unmarked(shown.getvalue(), ["Veiligheidsregio Voorbeeld", "rich", "chmod", "cp"]) == []


def test_every_line_that_the_screen_has(brackets: Path) -> None:
    for context in ("screen", "demo", "dashboard", "found", "do"):
        for at, text in extract.entries(extract.read(brackets / f"{LANGUAGE}.po")).items():
            if at[0] == context:
                for said in extract.texts_of(text):
                    assert unmarked(re.sub(r"\{\w+\}", " ", said)) == [], at
    assert unmarked(say("flash.passphrase", LANGUAGE, path="/x")) == []


def test_the_wiring(brackets: Path) -> None:
    picture = render(load_board("olimex_esp32_poe_iso"), LANGUAGE)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", picture)
    labels = re.compile(r"^[\w+ .:/-]{1,14}$")  # terminals and pins, as the parts have them printed
    told = [html.unescape(text) for text in texts if not labels.match(text)]
    assert len(told) > 20
    assert unmarked(" ".join(told), [load_board("olimex_esp32_poe_iso").name]) == []


def test_make(brackets: Path) -> None:
    shutil.copy(FOLDER / "say.awk", brackets)
    make = ["make", "-s", f"PARAAT_LANGUAGE={LANGUAGE}", f"TEXTS={brackets}"]
    told = subprocess.run(
        [*make, "help"], cwd=extract.MAKEFILE.parent, capture_output=True, text=True, check=True
    ).stdout
    lines = [re.sub(r"^[a-z-]+ +", "", line) for line in told.splitlines()]
    assert len(lines) > 30
    assert unmarked("\n".join(lines)) == []
    asked = subprocess.run(
        [*make, "-o", "flash", "verify"], cwd=extract.MAKEFILE.parent, capture_output=True, text=True
    )
    assert "⟦say which⟧: make verify POINT=" in asked.stderr
