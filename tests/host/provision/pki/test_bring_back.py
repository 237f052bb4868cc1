"""`make bring-back`: a copy of the site comes home. With the real mosquitto: who gets in afterwards, and who does not."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keyed_board import KeyedBoard
from paraat.cli.main import main
from paraat.provision.pki import bring_back, succession
from paraat.provision.pki.authority import Authority
from paraat.provision.pki.bring_back import BringBackError
from paraat.provision.pki.certificates import Issued
from paraat.site import copies, inventory
from paraat.site.inventory import Board
from paraat.site.site import load_site
from site_broker import PASSPHRASE, BoardClient, SiteBroker, make_site

pytestmark = pytest.mark.usefixtures("english")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Day:
    """A coordination point, and a laptop with a copy of its site."""

    def __init__(self, folder: Path, now: datetime = NOW) -> None:
        self.now = now
        self.cp = folder / "cp"
        self.laptop = folder / "day" / "site"
        make_site(self.cp, now)
        self._pass = folder / "pass"
        self._pass.write_text(PASSPHRASE)
        self._pass.chmod(0o600)

    def board(self, site: Path, point: str, mac: str) -> Issued:
        """What flash or replace records."""
        authority = Authority.open(site, PASSPHRASE, self.now)
        issued = authority.issue_board(point, self.now, mac=mac, replace=True)
        authority.commit(issued, Board(mac=mac, serial=mac, type="esp32_devkitc_ve", flashed_at=self.now), self.now)
        return issued

    def leave(self) -> None:
        """The laptop's copy is made, as make bundle makes it."""
        shutil.copytree(self.cp, self.laptop)
        originals = {name: (self.cp / name).read_bytes() for name in copies.shared_files(self.laptop)}
        copies.hand_out(self.laptop, originals, self.now, "abc")

    def bring_back(self, *words: str, source: Path | str | None = None, broker: Path | None = None) -> int:
        return main(
            [
                "bring-back",
                "--site",
                str(self.cp),
                "--from",
                str(source or self.laptop.parent),
                "--passphrase-file",
                str(self._pass),
                "--broker",
                str(broker or self.cp / "no-broker"),
                *words,
            ]
        )

    def revoke(self, point: str, broker: Path | None = None) -> int:
        return main(
            [
                "pki",
                "revoke",
                point,
                "--site",
                str(self.cp),
                "--reason",
                "stolen",
                "--passphrase-file",
                str(self._pass),
                "--broker",
                str(broker or self.cp / "no-broker"),
            ]
        )

    def valid(self) -> dict[str, str]:
        return {point: record.board.mac for point, record in inventory.boards(self.cp).items() if record.board}


@pytest.fixture
def day(tmp_path: Path) -> Day:
    return Day(tmp_path)


def systemctl(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """In the place of the one that this machine may have."""
    folder.mkdir()
    (folder / "systemctl").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.needs("mosquitto")
def test_the_stolen_board_stays_out_and_the_new_one_comes_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    day = Day(tmp_path, datetime.now(UTC))
    stolen, old = day.board(day.cp, "nsp-0101", "aa"), day.board(day.cp, "nsp-0102", "bb")
    day.leave()
    clients: list[BoardClient] = []
    with SiteBroker(load_site(day.cp), tmp_path / "broker") as broker:
        assert broker._process is not None
        reload = f'[ "$1" = reload ] && kill -HUP {broker._process.pid}'
        systemctl(tmp_path / "bin", monkeypatch, reload)

        def is_taken(issued: Issued) -> bool:
            clients.append(BoardClient(broker.port, day.cp / "pki" / "ca.crt", issued, tmp_path))
            taken = clients[-1].is_taken()
            clients[-1].close()
            return taken

        assert is_taken(stolen)
        assert day.revoke("nsp-0101", broker.directory) == 0
        assert "The broker of this machine has the new list" in capsys.readouterr().out
        wait_until_refused(is_taken, stolen)
        new = day.board(day.laptop, "nsp-0102", "cc")
        assert day.bring_back(broker=broker.directory) == 0
        said = capsys.readouterr().out
        assert "nsp-0102: board cc counts from now on" in said
        assert "nsp-0102: board bb is refused from now on (superseded)" in said
        assert "The broker of this machine has the new list" in said
        wait_until_refused(is_taken, old)
        assert not is_taken(stolen)
        assert is_taken(new)
        assert day.bring_back(broker=broker.directory) == 0
        assert "Nothing new" in capsys.readouterr().out
    assert day.valid() == {"nsp-0102": "cc"}


def wait_until_refused(is_taken: Callable[[Issued], bool], issued: Issued) -> None:
    """mosquitto reads the list between two turns of its loop."""
    from waiting import wait_for

    wait_for(lambda: not is_taken(issued), "the broker refuses it")


def test_a_broker_that_cannot_be_told_is_said_with_the_command_that_does_it(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    day.board(day.cp, "nsp-0101", "aa")
    (tmp_path / "broker" / "paraat").mkdir(parents=True)
    listed = tmp_path / "broker" / "paraat" / "crl.pem"
    shutil.copyfile(day.cp / "pki" / "crl.pem", listed)
    systemctl(tmp_path / "bin", monkeypatch, "exit 1")
    assert day.revoke("nsp-0101", tmp_path / "broker") == 1
    said = capsys.readouterr().err
    assert f"sudo install -m 0644 {day.cp}/pki/crl.pem {listed} && sudo systemctl reload mosquitto" in said
    assert day.valid() == {}, "it is recorded all the same"


def test_an_old_copy_that_was_put_over_the_list_by_hand_is_not_given_to_the_broker(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    day.board(day.cp, "nsp-0101", "aa")
    day.leave()
    day.revoke("nsp-0101")
    (tmp_path / "broker" / "paraat").mkdir(parents=True)
    listed = tmp_path / "broker" / "paraat" / "crl.pem"
    shutil.copyfile(day.cp / "pki" / "crl.pem", listed)
    newest = listed.read_bytes()
    for name in ("inventory.json", "crl.pem"):
        shutil.copyfile(day.laptop / "pki" / name, day.cp / "pki" / name)
    systemctl(tmp_path / "bin", monkeypatch, "exit 0")
    assert day.bring_back(broker=tmp_path / "broker") == 1
    assert "it is an old copy" in capsys.readouterr().err
    code = main(
        ["pki", "crl", "--site", str(day.cp), "--out", str(listed), "--passphrase-file", str(tmp_path / "pass")]
    )
    assert code == 1
    assert listed.read_bytes() == newest


def test_an_older_inventory_beside_the_list_does_not_bring_a_revoked_board_back(day: Day) -> None:
    day.board(day.cp, "nsp-0101", "aa")
    day.leave()
    day.revoke("nsp-0101")
    shutil.copyfile(day.laptop / "pki" / "inventory.json", day.cp / "pki" / "inventory.json")
    Authority.open(day.cp, PASSPHRASE, NOW)
    assert day.valid() == {}


def test_what_two_people_changed_is_asked_and_nothing_is_changed(day: Day, capsys: pytest.CaptureFixture[str]) -> None:
    day.leave()
    for site, mac in ((day.cp, "aa"), (day.laptop, "bb")):
        day.board(site, "nsp-0101", mac)
        point = site / "points" / "nsp-0102.toml"
        point.write_text(point.read_text().replace("capacity = ", f"# {mac}\ncapacity = "))
    before = {path: path.read_bytes() for path in day.cp.rglob("*") if path.is_file()}
    assert day.bring_back() == 1
    said = capsys.readouterr()
    assert "nsp-0101 has two boards: here board aa" in said.out
    assert "KEEP=points/nsp-0102.toml" in said.out
    assert "Nothing was changed" in said.err
    assert {path: path.read_bytes() for path in before} == before
    assert day.bring_back("--keep", "nsp-0101", "--take", "points/nsp-0102.toml") == 0
    assert day.valid() == {"nsp-0101": "aa"}
    assert "# bb" in (day.cp / "points" / "nsp-0102.toml").read_text()
    assert day.bring_back() == 0


def test_what_was_left_in_a_copy_is_not_asked_about_again(day: Day, capsys: pytest.CaptureFixture[str]) -> None:
    day.leave()
    for site in (day.cp, day.laptop):
        point = site / "points" / "nsp-0102.toml"
        point.write_text(point.read_text() + f"# {site}\n")
    ours = (day.cp / "points" / "nsp-0102.toml").read_text()
    assert day.bring_back("--keep", "points/nsp-0102.toml") == 0
    assert day.bring_back() == 0
    assert (day.cp / "points" / "nsp-0102.toml").read_text() == ours
    point = day.laptop / "points" / "nsp-0102.toml"
    point.write_text(point.read_text() + "# and again\n")
    assert day.bring_back() == 1


def test_what_one_side_changed_comes_along_and_what_the_other_side_changed_stays(
    day: Day, capsys: pytest.CaptureFixture[str]
) -> None:
    (day.cp / "secrets.toml").write_text('[wifi]\nssid = "a"\npassword = "first-word"\n')
    (day.cp / "secrets.toml").chmod(0o600)
    day.leave()
    (day.laptop / "secrets.toml").write_text('[wifi]\nssid = "a"\npassword = "second-word"\n')
    here = day.cp / "points" / "nsp-0102.toml"
    here.write_text(here.read_text() + "# of the CP\n")
    shutil.copyfile(day.laptop / "points" / "nsp-0101.toml", day.laptop / "points" / "nsp-0301.toml")
    new = day.laptop / "points" / "nsp-0301.toml"
    new.write_text(new.read_text().replace('id = "nsp-0101"', 'id = "nsp-0301"'))
    (day.laptop / "labels").mkdir()
    (day.laptop / "labels" / "nsp-0103.svg").write_text("<svg/>")
    day.board(day.laptop, "nsp-0103", "cc")
    assert day.bring_back() == 0
    said = capsys.readouterr().out
    assert "secrets.toml: as it was changed there" in said
    assert "points/nsp-0301.toml: new" in said
    assert "second-word" not in said
    assert "second-word" in (day.cp / "secrets.toml").read_text()
    assert (day.cp / "secrets.toml").stat().st_mode & 0o777 == 0o600
    assert here.read_text().endswith("# of the CP\n")
    assert "nsp-0301" in load_site(day.cp).points
    assert (day.cp / "labels" / "nsp-0103.svg").exists()
    assert day.bring_back() == 0
    assert "Nothing new" in capsys.readouterr().out


def test_it_speaks_dutch_to_the_last_word(
    day: Day, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAAT_LANGUAGE", "nl")
    day.board(day.cp, "nsp-0101", "aa")
    day.leave()
    day.board(day.laptop, "nsp-0101", "bb")
    assert day.bring_back() == 0
    assert "nsp-0101: bord aa wordt van nu af geweigerd (vervangen)" in capsys.readouterr().out


def test_a_plain_copy_with_a_file_that_differs_is_asked_about(day: Day, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(day.cp, day.laptop)
    point = day.laptop / "points" / "nsp-0102.toml"
    point.write_text(point.read_text() + "# there\n")
    assert day.bring_back() == 1
    assert "points/nsp-0102.toml differs" in capsys.readouterr().out


def test_a_coordination_point_without_the_key_takes_the_list_that_was_signed_elsewhere(
    day: Day, capsys: pytest.CaptureFixture[str]
) -> None:
    day.board(day.cp, "nsp-0101", "aa")
    day.leave()
    day.board(day.laptop, "nsp-0101", "bb")
    (day.cp / "pki" / "ca.key").unlink()
    assert day.bring_back("--passphrase-file", "/nowhere") == 0
    assert day.valid() == {"nsp-0101": "bb"}
    assert (day.cp / "pki" / "crl.pem").read_bytes() == (day.laptop / "pki" / "crl.pem").read_bytes()


def test_two_revocations_without_the_key_change_nothing(day: Day, capsys: pytest.CaptureFixture[str]) -> None:
    for point, mac in (("nsp-0101", "aa"), ("nsp-0102", "bb")):
        day.board(day.cp, point, mac)
    day.leave()
    day.revoke("nsp-0101")
    day.board(day.laptop, "nsp-0102", "cc")
    (day.cp / "pki" / "ca.key").unlink()
    before = (day.cp / "pki" / "inventory.json").read_bytes()
    assert day.bring_back() == 1
    assert "Do this where the key is" in capsys.readouterr().err
    assert (day.cp / "pki" / "inventory.json").read_bytes() == before


def test_over_ssh_only_what_is_wanted_is_fetched(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    day.leave()
    day.board(day.laptop, "nsp-0101", "bb")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ssh").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nshift\nexec sh -c "$*"\n')
    (tmp_path / "bin" / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert day.bring_back(source=f"jan@laptop:{day.laptop.parent}") == 0
    assert day.valid() == {"nsp-0101": "bb"}
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("jan@laptop ")
    assert ".key" not in asked
    assert day.bring_back(source="jan@laptop:/nowhere") == 1
    assert "jan@laptop gives no copy" in capsys.readouterr().err


def test_another_region_the_folder_itself_and_no_folder_are_refused(
    day: Day, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_site(tmp_path / "other", NOW)
    for source, said in (
        (tmp_path / "other", "different regions"),
        (day.cp, "this very folder"),
        (tmp_path, "no copy of the region's folder"),
    ):
        assert day.bring_back(source=source) == 1
        assert said in capsys.readouterr().err


# --- boards that were given certificates over the broker meanwhile ---


def opened(site: Path) -> Authority:
    return Authority.open(site, PASSPHRASE, NOW)


def renew(site: Path, board: KeyedBoard) -> str:
    answer = opened(site).issue_renewal(board.point, board.asked(), NOW)
    board.takes(answer.certificate, answer.authorities, answer.signature)
    assert opened(site).commit_renewal(board.point, answer.serial, NOW)
    return answer.serial


def joined(day: Day) -> inventory.Inventory:
    decided = bring_back.plan(day.cp, day.laptop)
    assert decided.conflicts == []
    bring_back.carry_out(decided, lambda: opened(day.cp), NOW)
    return inventory.load(day.cp)


def test_a_board_that_was_renewed_at_home_stays_renewed(day: Day) -> None:
    board = KeyedBoard("nsp-0101", day.board(day.cp, "nsp-0101", "aa"))
    day.leave()
    serial = renew(day.cp, board)
    day.board(day.laptop, "nsp-0102", "bb")
    assert [r.serial for r in joined(day).of("nsp-0101", "valid")] == [serial]


def test_a_board_that_was_revoked_in_the_copy_is_revoked_whatever_it_was_given_since(day: Day) -> None:
    board = KeyedBoard("nsp-0101", day.board(day.cp, "nsp-0101", "aa"))
    day.leave()
    renew(day.cp, board)
    serial = renew(day.cp, board)
    opened(day.laptop).revoke("nsp-0101", "stolen", NOW)
    found = joined(day)
    assert found.of("nsp-0101", "valid") == []
    record = found.find(serial)
    assert record is not None
    assert record.reason == "stolen"


def test_a_board_of_the_old_authority_may_come_while_that_counts_and_not_after(day: Day) -> None:
    day.leave()
    succession.begin(opened(day.cp), "Proef", NOW)
    day.board(day.laptop, "nsp-0101", "aa")
    assert [r.cn for r in joined(day).of("nsp-0101", "valid")] == ["nsp-0101"]
    assert [r.cn for r in succession.standing(day.cp).left] == ["nsp-0101"], "it is due, over the broker"
    opened(day.cp).revoke("nsp-0101", "lost", NOW)
    succession.move_services(opened(day.cp), NOW)
    opened(day.cp).drop_older(NOW)
    day.board(day.laptop, "nsp-0102", "bb")
    with pytest.raises(BringBackError, match="counts here no longer: nsp-0102"):
        bring_back.plan(day.cp, day.laptop)


def test_a_new_authority_is_made_at_home_only(day: Day) -> None:
    day.leave()
    succession.begin(opened(day.laptop), "Proef", NOW)
    with pytest.raises(BringBackError, match="not known here: Paraat Proef 2"):
        bring_back.plan(day.cp, day.laptop)
