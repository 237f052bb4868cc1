"""`paraat sheet` and `paraat code`: with the service, and from the journal alone."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from paraat.alerts.radio import MOST_WRONG, book_of
from paraat.cli.main import main
from paraat.domain.facts import Acknowledged, Author, Counted, Delivered, HelpAsked, Told, WrongCode
from paraat.domain.model import AlertState
from paraat.domain.subjects import Subject
from paraat.journal import Journal
from paraat.runtime.clock import SystemClock
from paraat.service import Service
from paraat.simulate.servers import free_port
from paraat.site import paths
from paraat.site.site import load_site

pytestmark = pytest.mark.usefixtures("english")

POINT = "nsp-0101"
T0 = 1764000000.0


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The example site, on ports where nobody listens."""
    shutil.copytree(paths.example_site_dir(), tmp_path / "site")
    path = tmp_path / "site" / "site.toml"
    text = path.read_text().replace("port = 8080", f"port = {free_port()}")
    path.write_text(text.replace("port = 1883", f"port = {free_port()}"))
    return tmp_path / "site"


@pytest.fixture(params=[False, True], ids=["journal alone", "service"])
def serving(request: pytest.FixtureRequest, site: Path) -> Iterator[bool]:
    """Whether `paraat serve` runs; its broker is away either way."""
    fires(site)
    service = Service(load_site(site), clock=SystemClock()) if request.param else None
    if service is not None:
        service.start()
    yield request.param
    if service is not None:
        service.stop()


def fires(site: Path) -> None:
    """The alert with the number 1. Of this certificate nothing is known here, so it goes on."""
    journal = Journal(site / "journal.sqlite")
    journal.save_alert(
        AlertState(
            rule="own_certificate",
            subject=Subject("certificate", "broker"),
            state="firing",
            since=T0,
            fired_at=T0,
            severity="warning",
            detail={"kind": "broker", "days": 3.0, "ends_at": T0, "ended": 0},
        )
    )
    journal.close()


def made(capsys: pytest.CaptureFixture[str], site: Path, *words: str) -> str:
    """A code, by `paraat code make`."""
    assert main(["code", "make", "--site", str(site), *words]) == 0
    code, spoken, answer = capsys.readouterr().out.splitlines()
    assert len(spoken.split()) == len(code.replace(" ", ""))
    assert answer.startswith("The coordination point answers: ")
    return code


def enter(site: Path, code: str) -> int:
    return main(["code", "enter", "--site", str(site), "--by", "Fatima", "--role", "lead", *code.split()])


def test_each_code_is_kept_as_a_fact_by_radio(serving: bool, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("count", POINT, "84"), ("litres", POINT, "200"), ("help", POINT), ("acknowledge", "1")):
        code = made(capsys, site, *words)
        assert enter(site, code) == 0, capsys.readouterr().err
        assert "Read back: " in capsys.readouterr().out or "Lees voor als antwoord: " in capsys.readouterr().out
    if not serving:
        journal = Journal(site / "journal.sqlite")
        facts = journal.facts(Counted, Delivered, HelpAsked, Acknowledged)
        journal.close()
        assert [fact.told for fact in facts] == [
            Counted(point=POINT, people=84),
            Delivered(point=POINT, litres=200.0),
            HelpAsked(point=POINT),
            Acknowledged(alert=1),
        ]
        assert {fact.author for fact in facts} == {Author(name="Fatima", role="lead", way="radio")}


def test_a_wrong_code_is_refused_and_guessing_ends(
    serving: bool, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right = made(capsys, site, "help", POINT)
    swapped = right[:2] + right[3] + right[2] + right[4:]
    assert swapped == right or enter(site, swapped) == 1
    book, tried = book_of(load_site(site)), 0
    for alert in range(1000, 1000 + MOST_WRONG):
        assert enter(site, str(book.of_alert(alert))) == 1
        tried += 1
    capsys.readouterr()
    assert enter(site, right) == 1
    assert "ntil" in (told := capsys.readouterr().err) or "Tot " in told
    if not serving:
        journal = Journal(site / "journal.sqlite")
        kinds: list[type[Told]] = [WrongCode, HelpAsked]
        assert [len(journal.facts(kind)) for kind in kinds] == [tried, 0]
        journal.close()


def test_a_sheet_is_made_with_the_service_and_without(
    serving: bool, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "sheets"
    assert main(["sheet", "--site", str(site), "--all", "-o", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [f"{point}.pdf" for point in sorted(load_site(site).points)]
    assert all(path.read_bytes().startswith(b"%PDF-") for path in out.iterdir())
    told = capsys.readouterr()
    assert ("the service does not run" in told.err) == (not serving)
    assert main(["sheet", "--site", str(site), "--point", POINT, "--point", POINT, "-o", str(out)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_what_is_asked_wrongly_is_said(site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    for code, words, told in (
        (1, ("sheet", "--point", "nsp-9999", "-o", str(tmp_path)), "no point nsp-9999"),
        (1, ("sheet", "--point", POINT, "-o", str(taken / "x")), "cannot be written"),
        (1, ("code", "make", "help", "nsp-9999"), "no point nsp-9999"),
        (2, ("code", "make", "count", POINT), "a number from 0 to 9999 is missing"),
        (2, ("code", "make", "count", POINT, "10000"), "a number from 0 to 9999 is missing"),
        (2, ("code", "make", "acknowledge", "x"), "no number of an alert"),
        (1, ("code", "enter", "--by", " ", "M"), "name of who says so"),
        (1, ("code", "enter", "--by", "Jan", "M"), "no whole code"),
        (1, ("code", "enter", "--by", "Jan", "M", "KX0TA"), "no whole code"),
    ):
        place = 1 if words[0] == "sheet" else 2
        assert main([*words[:place], "--site", str(site), *words[place:]]) == code, words
        assert told in capsys.readouterr().err, words


def test_a_key_that_others_may_read_makes_no_codes(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(capsys, site, "help", POINT)
    (site / "acknowledge.key").chmod(0o644)
    for command in (["code", "make", "--site", str(site), "help", POINT], ["check", "--site", str(site)]):
        assert main(command) == 2
        assert "chmod 600" in capsys.readouterr().err


def test_check_says_that_mails_have_no_link(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--site", str(site)]) == 0
    assert "mails have no link" in capsys.readouterr().out
    path = site / "site.toml"
    path.write_text(path.read_text().replace("[web]", '[web]\nbase_url = "https://paraat.example.nl"'))
    assert main(["check", "--site", str(site)]) == 0
    assert "mails have no link" not in capsys.readouterr().out
