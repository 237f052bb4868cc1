"""Two lists of certificates that both went on: nothing revoked comes back, and what nobody can know is asked."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from paraat.site.inventory import Board, Inventory, Kind, Record, State
from paraat.site.joining import Joined, JoiningError, join

MORNING = datetime(2026, 11, 24, 8, tzinfo=UTC)
A, B, C = "24:6f:28:00:00:0a", "24:6f:28:00:00:0b", "24:6f:28:00:00:0c"


def row(
    serial: str,
    cn: str,
    state: State = "valid",
    *,
    mac: str | None = None,
    at_h: float = 0,
    reason: str | None = None,
    revoked_h: float = 0,
    kind: Kind = "board",
) -> Record:
    """at_h, revoked_h: hours after the morning in which the copy was made."""
    at = MORNING + timedelta(hours=at_h)
    return Record(
        serial=serial,
        cn=cn,
        kind=kind,
        state=state,
        not_before=at,
        not_after=at + timedelta(days=1825),
        revoked_at=MORNING + timedelta(hours=revoked_h) if state == "revoked" else None,
        reason=reason,
        board=Board(mac=mac, serial=mac, type="esp32_devkitc_ve", flashed_at=at) if mac else None,
    )


CA = row("CA", "Paraat Proef", kind="authority")


def lists(*rows: Record, number: int = 1) -> Inventory:
    return Inventory(crl_number=number, certificates=(CA, *rows))


def states(joined: Joined) -> dict[str, str]:
    return {r.serial: r.state if r.reason is None else f"{r.state}: {r.reason}" for r in joined.inventory.certificates}


def test_what_was_revoked_at_home_stays_revoked_and_what_was_replaced_elsewhere_too() -> None:
    ours = lists(
        row("A1", "nsp-0101", "revoked", mac=A, reason="stolen", revoked_h=3), row("B1", "nsp-0102", mac=B), number=2
    )
    theirs = lists(
        row("A1", "nsp-0101", mac=A),
        row("B1", "nsp-0102", "revoked", mac=B, reason="superseded", revoked_h=5),
        row("C1", "nsp-0102", mac=C, at_h=5),
        number=3,
    )
    for here, there in ((ours, theirs), (theirs, ours)):
        joined = join(here, there)
        assert states(joined) == {
            "CA": "valid",
            "A1": "revoked: stolen",
            "B1": "revoked: superseded",
            "C1": "valid",
        }
        assert joined.conflicts == []
        assert joined.inventory.crl_number == 3
        again = join(joined.inventory, there)
        assert again.inventory == joined.inventory
        assert again.changes == []


def test_it_says_what_changed() -> None:
    ours = lists(row("A1", "nsp-0101", mac=A), row("B1", "nsp-0102", "pending", at_h=1))
    theirs = lists(
        row("A1", "nsp-0101", "revoked", mac=A, reason="stolen"),
        row("B1", "nsp-0102", mac=B, at_h=1),
        row("C1", "nsp-0103", "pending", at_h=2),
    )
    assert join(ours, theirs).changes == [
        f"nsp-0101: board {A} is refused from now on (stolen)",
        f"nsp-0102: board {B} counts from now on",
        "nsp-0103: certificate C1 waits for its board",
    ]


def test_the_stolen_board_is_refused_with_the_certificate_that_it_got_elsewhere_before() -> None:
    stolen = row("A1", "nsp-0101", "revoked", mac=A, reason="stolen", revoked_h=3)
    theirs = lists(
        row("A1", "nsp-0101", "revoked", mac=A, reason="superseded", revoked_h=1), row("A2", "nsp-0101", mac=A, at_h=1)
    )
    joined = join(lists(stolen), theirs)
    assert states(joined) == {"CA": "valid", "A1": "revoked: stolen", "A2": "revoked: stolen"}
    joined = join(theirs, lists(stolen))
    assert states(joined) == {"CA": "valid", "A1": "revoked: stolen", "A2": "revoked: stolen"}


@pytest.mark.parametrize(("choice", "state"), [("keep", "revoked: stolen"), ("take", "valid")])
def test_a_board_that_was_written_after_its_theft_is_asked_about(choice: str, state: str) -> None:
    ours = lists(row("A1", "nsp-0101", "revoked", mac=A, reason="stolen", revoked_h=3))
    theirs = lists(
        row("A1", "nsp-0101", "revoked", mac=A, reason="superseded", revoked_h=4), row("A2", "nsp-0101", mac=A, at_h=4)
    )
    joined = join(ours, theirs)
    assert [conflict.name for conflict in joined.conflicts] == ["nsp-0101"]
    assert "stolen" in joined.conflicts[0].said
    chosen = join(ours, theirs, **{choice: ["nsp-0101"]})
    assert chosen.conflicts == []
    assert states(chosen)["A2"] == state
    other_way = {"keep": "take", "take": "keep"}[choice]
    assert states(join(theirs, ours, **{other_way: ["nsp-0101"]}))["A2"] == state
    assert join(chosen.inventory, theirs).inventory == chosen.inventory


def test_a_replacement_made_after_the_theft_counts_and_one_made_before_it_is_asked_about() -> None:
    stolen = lists(row("A1", "nsp-0101", "revoked", mac=A, reason="stolen", revoked_h=3))
    old = row("A1", "nsp-0101", "revoked", mac=A, reason="superseded", revoked_h=1)
    after = join(stolen, lists(row("A1", "nsp-0101", mac=A), row("B1", "nsp-0101", mac=B, at_h=5)))
    assert after.conflicts == []
    assert states(after)["B1"] == "valid"
    before = join(stolen, lists(old, row("B1", "nsp-0101", mac=B, at_h=1)))
    assert [conflict.name for conflict in before.conflicts] == ["nsp-0101"]


@pytest.mark.parametrize(("choice", "good"), [("keep", "A1"), ("take", "B1")])
def test_two_laptops_gave_one_point_a_board_each(choice: str, good: str) -> None:
    ours, theirs = lists(row("A1", "nsp-0101", mac=A, at_h=1)), lists(row("B1", "nsp-0101", mac=B, at_h=2))
    joined = join(ours, theirs)
    [conflict] = joined.conflicts
    assert A in conflict.said
    assert B in conflict.said
    chosen = join(ours, theirs, **{choice: ["nsp-0101"]})
    assert [r.serial for r in chosen.inventory.of("nsp-0101", "valid")] == [good]
    assert len(chosen.inventory.revoked()) == 1


def test_a_board_that_was_written_twice_has_only_the_last() -> None:
    same = join(lists(row("A1", "nsp-0101", mac=A, at_h=1)), lists(row("A2", "nsp-0101", mac=A, at_h=2)))
    assert states(same) == {"CA": "valid", "A1": "revoked: superseded", "A2": "valid"}
    moved = join(lists(row("A1", "nsp-0101", mac=A, at_h=2)), lists(row("A2", "nsp-0102", mac=A, at_h=1)))
    assert states(moved) == {"CA": "valid", "A1": "valid", "A2": "revoked: superseded"}


def test_a_service_that_was_renewed_in_both_has_the_newer() -> None:
    ours, theirs = (
        lists(row("H1", "paraat-host", at_h=1, kind="host")),
        lists(row("H2", "paraat-host", at_h=2, kind="host")),
    )
    joined = join(ours, theirs)
    assert states(joined) == {"CA": "valid", "H1": "revoked: superseded", "H2": "valid"}
    assert [record.serial for record in joined.taken] == ["H2"]


def test_lists_of_two_regions_and_rows_changed_by_hand_are_refused() -> None:
    with pytest.raises(JoiningError, match="different regions"):
        join(lists(), Inventory(certificates=(row("CB", "Paraat Ander", kind="authority"),)))
    changed = msgspec.structs.replace(row("A1", "nsp-0101", mac=A), cn="nsp-0102")
    with pytest.raises(JoiningError, match="changed by hand"):
        join(lists(row("A1", "nsp-0101", mac=A)), lists(changed))
