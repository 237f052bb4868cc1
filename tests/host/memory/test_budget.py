"""No board may leave the hall that cannot connect: the firmware as it is, in the memory of every board that we offer."""

import firmware_size
import pytest
from firmware_size import Budget

pytestmark = [pytest.mark.needs("micropython"), pytest.mark.needs("mosquitto")]


@pytest.fixture(scope="module")
def budget() -> Budget:
    return firmware_size.measure_all()


def test_every_board_that_we_offer_fits(budget: Budget) -> None:
    short = {
        f"{boards} ({image.name} {image.micropython})": left.short
        for boards, image in firmware_size.images(budget.memory)
        if boards and not (left := firmware_size.what_is_left(budget, image)).fits
    }
    assert not short


def test_every_board_that_we_offer_is_known(budget: Budget) -> None:
    known = {image.name for image in budget.memory.images}
    assert firmware_size.carried_images() <= known


def test_every_limit_is_kept(budget: Budget) -> None:
    assert not [row for row in firmware_size.limits(budget) if not row.kept]


def test_what_is_lent_is_given_back(budget: Budget) -> None:
    """A steady minute holds what the first one held, and nothing of the start's."""
    steady = [moment for moment in budget.moments if moment.phase == "steady"]
    assert {"node/config.mpy", "node/update.mpy"}.isdisjoint(frozenset.intersection(*[m.files for m in steady]))
    assert steady[-1].live <= 1.05 * min(moment.live for moment in steady)


def test_the_report_has_every_file(budget: Budget) -> None:
    text = firmware_size.report(budget)
    assert all(f"| {path} |" in text for path in budget.files)
