"""What leaves the hall in a box, and who has what."""

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from paraat.cli.main import main
from paraat.domain.facts import Author, Commissioned
from paraat.domain.model import SampleSet
from paraat.journal import Journal
from paraat.provision.flash import label
from paraat.provision.flash.label import Label
from paraat.provision.pki.authority import Authority
from paraat.site.inventory import Board
from site_broker import NOW, PASSPHRASE, make_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_site(tmp_path_factory.mktemp("box") / "site", NOW).directory
    authority = Authority.open(folder, PASSPHRASE, NOW)
    for point, mac in (("nsp-0101", "aa"), ("nsp-0102", "bb"), ("nsp-0102", "cc")):
        issued = authority.issue_board(point, NOW, mac=mac, replace=True)
        board = Board(mac=mac, serial=mac, type="esp32_devkitc_ve", flashed_at=NOW, firmware="0.1.0")
        authority.commit(issued, board, NOW)
    return folder


def test_the_labels_are_on_one_sheet_and_the_list_names_each_board(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["labels", "--site", str(site)]) == 0
    assert "sheet.pdf: 2 labels, af te drukken op A4 op 100 %." in capsys.readouterr().out
    sheet = (site / "labels" / "sheet.pdf").read_bytes()
    assert b"/MediaBox [0 0 595.28 841.89]" in sheet
    assert sheet.count(b" re S") == 2
    for text in (b"(nsp-0101)", b"(nsp-0102)", b"(bord cc)"):
        assert text in sheet
    assert b"(bord bb)" not in sheet
    assert (site / "labels" / "nsp-0102.svg").exists()
    lines = (site / "labels" / "box.txt").read_text().splitlines()
    assert [line.split()[2:4] for line in lines if line.startswith("[ ]")] == [["nsp-0101", "aa"], ["nsp-0102", "cc"]]
    assert main(["labels", "--site", str(site), "nsp-0103"]) == 1
    assert "eerst make flash" in capsys.readouterr().err


def test_thirty_labels_take_two_sheets() -> None:
    made = label.sheets([Label(f"nsp-{n:04}", "De Linde", f"{n}", "bord", "a-b-c-d") for n in range(30)])
    assert b"/Count 2" in made
    assert made.count(b"/Type /Page ") == 2
    places = re.findall(rb"q 1 0 0 1 ([\d.]+) ([\d.]+) cm", made)
    assert len(places) == 30
    assert len(set(places)) == 27, "the three of the second sheet lie where those of the first do"
    width, height = label.WIDTH_MM * 72 / 25.4, label.HEIGHT_MM * 72 / 25.4
    assert all(0 <= float(x) <= 595.28 - width and 0 <= float(y) <= 841.89 - height for x, y in places)


def test_the_list_says_who_has_what_and_what_was_replaced(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(site / "journal.sqlite")
    heard = datetime(2026, 11, 25, 9, 30, tzinfo=UTC).timestamp()
    values = {"fuel/level": 50.0}
    read = SampleSet(point="nsp-0102", kind="telemetry", seq=1, t=heard, received_at=heard, values=values, faults={})
    journal.store([read], [], [])
    checks = (Commissioned(point="nsp-0101", left=("beam",)), Commissioned(point="nsp-0102", done=("fuel",)))
    for check in checks:
        journal.record(check, Author(name="Jan de Wit", way="cli"), t=heard, now=heard)
    journal.close()
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["boards", "--site", str(site)]) == 0
    shown = capsys.readouterr().out
    for whole in ("nog geen bord", "nsp-0102", "Sporthal Het", "esp32_devkitc_ve", "2026-11-24", "2031-11-23"):
        assert whole in shown, "on one line, on a screen of 80 columns"
    assert main(["boards", "--site", str(site), "--csv", str(tmp_path / "out.csv")]) == 0
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
    by_label = {row["Label"]: row for row in rows if row["Label"]}
    assert by_label["cc"]["Stand"] == "telt"
    assert by_label["cc"]["Firmware"] == "0.1.0"
    assert by_label["cc"]["Laatst gehoord"] == "2026-11-25 10:30", "in the region's time"
    assert by_label["cc"]["Nagelopen"].startswith("2026-11-25")
    assert by_label["cc"]["Nagelopen"].endswith(" Jan de Wit")
    assert by_label["aa"]["Nagelopen"].endswith(" Jan de Wit (niet alles gezien)")
    assert by_label["bb"]["Stand"] == "vervangen"
    assert by_label["bb"]["Laatst gehoord"] == ""
    assert len(rows) == 6
    monkeypatch.setattr("paraat.cli.box.now", lambda: NOW + timedelta(days=2000))
    assert main(["boards", "--site", str(site), "--csv", str(tmp_path / "out.csv")]) == 0
    assert "cc;esp32_devkitc_ve" in (ended := (tmp_path / "out.csv").read_text(encoding="utf-8-sig"))
    assert "certificaat verlopen: make flash" in ended
