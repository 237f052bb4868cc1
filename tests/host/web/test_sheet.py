"""The runner sheet: one page, whatever the point; what it says, and codes that the coordination point takes."""

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from host.web.asking import Ask
from host.web.scene import FILE, NOW, FakeSource, alert, left, never_heard, point, rich, short_of_power, unknown
from paraat.domain.model import AlertState, OffGrid, PointView
from paraat.domain.passages import Present
from paraat.domain.points import Tank
from paraat.domain.radio import ACKNOWLEDGE, COUNT, HELP, LITRES, MOST, Book, read
from paraat.domain.readiness import Verdict
from paraat.web.sheet import Sheets

BOOK = Book(bytes(range(32)))
TODAY = datetime.fromtimestamp(NOW, UTC).date()


def contents(pdf: bytes) -> Iterator[bytes]:
    """What is drawn."""
    for stream in re.findall(rb"stream\n(.*?)\nendstream", pdf, flags=re.DOTALL):
        with suppress(zlib.error):
            yield zlib.decompress(stream)


def text_of(pdf: bytes) -> str:
    """What stands on it: the file's own text operators, page after page."""
    found = []
    for content in contents(pdf):
        found += re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj", content)
    return "\n".join(re.sub(rb"\\(.)", rb"\1", text).decode("latin-1") for text in found)


def sheet(view: PointView, *alerts: AlertState, language: str = "nl", tank_l: float = 400.0) -> bytes:
    place = msgspec.structs.replace(
        FILE, id=view.point, capacity=view.capacity, tank=Tank(capacity_l=tank_l, burn_l_per_h=10)
    )
    return Sheets("Veiligheidsregio Voorbeeld", language, ZoneInfo("Europe/Amsterdam")).pdf(
        view, alerts, place, BOOK, NOW
    )


def test_of_a_point_without_a_tank_it_asks_no_litres_and_tells_of_its_battery() -> None:
    off_grid = OffGrid(hours_low=24.0, hours=30.0, hours_high=36.0, source="battery")
    view = point(has_tank=False, litres=None, fuel_percent=None, autonomy=None, off_grid=off_grid)
    place = msgspec.structs.replace(FILE, tank=None)
    said = text_of(Sheets("Voorbeeld", "nl", ZoneInfo("Europe/Amsterdam")).pdf(view, (), place, BOOK, NOW))
    assert "Accu voor nog" in said
    assert "24 uur" in said
    assert "Brandstof voor nog" not in said
    assert "Bijvullen" not in said
    assert "iters" not in said
    assert "ggregaat" not in said


def test_it_says_what_a_runner_needs() -> None:
    (view,) = [one for one in rich().points if one.point == "nsp-0102"]
    said = text_of(sheet(view, alert()))
    for words in (
        "Sporthal De Zuiderpoort",
        "Wat is er aan de hand: Niet gereed",
        "- Brandstof raakt op, sinds 16:45",
        "Doen: ",
        "2 uur",
        "Bijvullen voor",
        "18:56",
        "212 van 250",
        "geteld 16:59",
        "Toegang: achterom",
        "Mensen binnen:",
        "Codes voor de radio (geldig tot en met 27-11-2025)",
        "Lees letter voor letter voor.",
        "Gezien: Brandstof raakt op",
    ):
        assert words in said, words


def test_the_codes_on_it_are_taken() -> None:
    said = text_of(sheet(point("nsp-0101"), alert(point_id="nsp-0101")))
    whole = {code.kind: code for code in map(read, re.findall(r"^[AH] [A-Z]{5} [A-Z]$", said, flags=re.MULTILINE))}
    assert BOOK.alert(whole[ACKNOWLEDGE], [3, 7]) == 7
    assert BOOK.point(whole[HELP], ["nsp-0101", "nsp-0102"], TODAY) == "nsp-0101"
    lines = said.split("\n")
    for kind in (COUNT, LITRES):
        (begun,) = [line for line in lines if re.fullmatch(f"{kind} [A-Z]{{5}}", line)]
        head = lines.index(next(line for line in lines if line.startswith("Mensen:" if kind == COUNT else "Liters:")))
        columns = lines[head + 1 : head + 11]  # "" is not written
        step = int(columns[1][1:])
        row = lines.index(str(step * 20), head)
        code = read(f"{begun} {step * 23:04d} {lines[row + 4]}")
        assert code.number == step * 23
        assert BOOK.point(code, ["nsp-0101", "nsp-0102"], TODAY) == "nsp-0101"
    for kind in (COUNT, HELP, LITRES):
        code = BOOK.of_point(kind, "nsp-0101", TODAY, 0 if kind != HELP else None)
        assert " ".join(BOOK.answer(code)) in lines


def test_what_is_not_known_is_said_and_never_a_number() -> None:
    said = text_of(sheet(never_heard("nsp-0202", name="Basisschool De Regenboog")))
    assert said.count("onbekend") == 3
    assert "kijk op de tank" in said
    assert "nooit iets gehoord" in said


def test_people_are_those_of_the_page_by_hand_or_by_the_doors() -> None:
    counted = Present(people=134, low=131, high=137, t=NOW, counted_at=NOW - 600, counted_by="Jan")
    assert "134 van 150" in text_of(sheet(point("nsp-0101", values={"people/in": 150}, people=counted)))


def test_a_generator_that_stands_still_is_not_said_to_run() -> None:
    said = text_of(sheet(point("nsp-0101")))
    assert "als het aggregaat nu gaat draaien" in said
    assert "het aggregaat draait" not in said


def test_who_asks_for_help_finds_no_code_to_answer_it_with() -> None:
    said = text_of(sheet(point("nsp-0101"), alert("help_asked", "nsp-0101", role="coordination")))
    assert "- Hulp gevraagd, sinds 16:45" in said
    assert "Gezien:" not in said


def test_an_alert_of_another_point_is_not_on_it() -> None:
    assert "Gezien:" not in text_of(sheet(point("nsp-0101"), alert(point_id="nsp-0102")))


@pytest.mark.parametrize("capacity", [1, 40, 66, 67, 150, 500, 5000])
@pytest.mark.parametrize("tank_l", [10.0, 400.0, 100_000.0])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_it_is_one_page_whatever_the_point(capacity: int, tank_l: float, language: str) -> None:
    alerts = [alert("regel" * 30, "nsp-0101", id=n) for n in range(1, 9)]
    view = point(
        "nsp-0101",
        name="Dorpshuis " * 12,
        municipality="Voorbeeldstad" * 9,
        capacity=capacity,
        autonomy=left(0.4),
        verdict=Verdict.SILENT,
        last_verdict=Verdict.NOT_READY,
        resources=(short_of_power(2.06), unknown("water"), unknown("light", critical=False)),
    )
    made = sheet(view, *alerts, language=language, tank_l=tank_l)
    assert len(re.findall(rb"/Type /Page\b(?!s)", made)) == 1
    (content,) = [found for found in contents(made) if b" Td " in found]
    lowest_mm = min(float(y) for y in re.findall(rb"[\d.]+ ([\d.-]+) Td", content)) * 25.4 / 72
    assert lowest_mm > 8, "a printer leaves a margin"
    assert max(int(n) for n in re.findall(r"^\d+$", text_of(made), flags=re.MULTILINE)) <= MOST, "four digits say it"
    heights = {float(h) for h in re.findall(rb"[\d.]+ -([\d.]+) re", content)}
    assert min(heights) * 25.4 / 72 > 3.3, "a table's row is no lower than its letters"


def test_a_name_in_letters_that_the_font_has_not_is_readable() -> None:
    said = text_of(sheet(point("nsp-0101", name="Café “De Brêge” – Łódź")))
    assert 'Café "De Brêge" - ?ód?' in said


def test_the_same_moment_gives_the_same_sheet() -> None:
    assert sheet(point("nsp-0101")) == sheet(point("nsp-0101"))


def test_the_page_gives_it(ask: Ask, source: FakeSource) -> None:
    answer = ask("/points/nsp-0102/sheet.pdf")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'inline; filename="nsp-0102.pdf"'
    assert answer.body.startswith(b"%PDF-")
    assert ask("/points/nobody/sheet.pdf").status == 404
    assert 'href="/points/nsp-0102/sheet.pdf"' in ask("/").text
