"""MicroPython's rule, and what it leaves, with the figures that were seen on the emulated ESP32."""

import dataclasses

import pytest

from paraat.boards import heaps
from paraat.boards.heaps import Image, Need

PLAIN = Image("ESP32_GENERIC", "1.26.1", 57344, (112968, 14656, 11848, 4552), 0, "emulated chip", "")
LARGEST = 110592  # as heap_caps_get_largest_free_block tells it, of a piece of 112,968


def test_an_area_gives_what_mem_info_called_its_total() -> None:
    assert heaps.usable(57344) == 56000


def test_the_heap_doubles_while_there_is_room() -> None:
    assert heaps.growth(56000, LARGEST) == 57344
    assert heaps.growth(112000, 200000) == pytest.approx(2 * 57344, abs=64)


def test_it_takes_all_of_what_is_less_than_a_doubling() -> None:
    assert heaps.growth(112000, 53248) == 53248


def test_one_large_allocation_takes_what_it_needs() -> None:
    assert heaps.growth(56000, LARGEST, wanted=90000) == 90000 + 90000 * 13 // 512


def test_too_little_for_the_allocation_is_left_alone() -> None:
    assert heaps.growth(56000, 2047) == 0
    assert heaps.growth(56000, 30000, wanted=29000) == 0


@pytest.mark.parametrize(
    ("live", "total"),
    [
        (7000, 56000),  # at the prompt
        (82000, 112000),  # `from node import app` done
        (149700, 163968),  # every module loaded
    ],
)
def test_it_grows_as_the_emulated_chip_did(live: int, total: int) -> None:
    areas = heaps.python_areas(57344, LARGEST, live)
    assert sum(map(heaps.usable, areas)) == pytest.approx(total, rel=0.01)


def test_the_radio_fills_the_small_pieces_first() -> None:
    left = heaps.left(PLAIN, [Need("Wi-Fi", 43912, "")], 2900)
    assert left.idf_free == pytest.approx(95276 + 4500, rel=0.01)  # seen, with the network stack's own 4.5 KB
    assert left.idf_largest == pytest.approx(95256 + 4500, rel=0.01)


def test_a_program_that_fills_two_areas_leaves_nothing_for_tls() -> None:
    left = heaps.left(PLAIN, heaps.load().needs, 110000)
    assert not left.fits
    assert left.idf_free < 0
    assert left.idf_largest == 0
    assert left.short[0].startswith("IDF heap free -")


def test_what_is_kept_from_python_stays_for_the_radio() -> None:
    needs = [Need("network", 80000, "")]
    left = heaps.left(PLAIN, needs, 60000, 104448)
    assert left.idf_free == 104448 - 80000
    assert left.python_total == 56000 + heaps.usable(sum(PLAIN.pieces) - 104448)


def test_what_is_kept_is_lost_when_python_needs_more_than_its_share() -> None:
    left = heaps.left(PLAIN, [], 100000, 104448)
    assert left.python_total > 56000 + heaps.usable(sum(PLAIN.pieces) - 104448)
    assert left.idf_free < 104448


def test_the_firmware_says_what_it_keeps() -> None:
    assert heaps.load().kept_bytes > 90000


def test_psram_takes_python_away_from_the_radio() -> None:
    image = Image("SPIRAM", "1.26.1", 57344, PLAIN.pieces, 4 << 20, "", "")
    left = heaps.left(image, heaps.load().needs, 150000)
    assert left.fits
    assert left.python_free > 3 << 20
    assert left.idf_free == heaps.left(image, heaps.load().needs, 3000).idf_free


def test_every_figure_says_where_it_is_from() -> None:
    memory = heaps.load()
    assert {image.micropython for image in memory.of("ESP32_GENERIC")} == {"1.24.0", "1.26.1"}
    assert all(row.source for row in (*memory.images, *memory.needs))
    assert all(image.measured or image.source for image in memory.images)


def memory(*images: Image, live_bytes: int = 25000) -> heaps.Memory:
    return heaps.Memory(images, heaps.load().needs, (), live_bytes, "", 110000)


def test_a_measured_board_is_offered_when_its_heaps_hold_all_of_it() -> None:
    assert memory(PLAIN).verdict("ESP32_GENERIC") == heaps.Verdict("")
    short = memory(PLAIN, live_bytes=110000).verdict("ESP32_GENERIC")
    assert short.kind == "short"
    assert short.missing_bytes > heaps.IDF_FREE_LIMIT


def test_every_version_of_a_build_must_fit() -> None:
    other = dataclasses.replace(PLAIN, micropython="1.24.0", pieces=(60000,))
    assert memory(PLAIN, other).verdict("ESP32_GENERIC").kind == "short"


def test_what_is_only_reckoned_counts_as_enough_with_psram_alone() -> None:
    reckoned = dataclasses.replace(PLAIN, measured="")
    assert memory(reckoned).verdict("ESP32_GENERIC").kind == "reckoned"
    assert memory(dataclasses.replace(reckoned, psram=4194304)).verdict("ESP32_GENERIC").kind == ""


def test_what_was_seen_to_be_short_is_not_offered_whatever_the_model_says() -> None:
    tight = heaps.Seen("ESP32_GENERIC", "1.26.1", "steady", 30000, 20479, 15000, "emulated chip")
    assert tight.left.short == ("IDF heap free 20479 < 20480",)
    found = dataclasses.replace(memory(PLAIN), seen=(tight,))
    assert found.verdict("ESP32_GENERIC") == heaps.Verdict("short", 1)
    assert found.verdict("ESP32_GENERIC_C3").kind == "unknown"


def test_a_build_without_a_row_is_unknown() -> None:
    assert memory(PLAIN).verdict("ESP32_GENERIC_C3").kind == "unknown"
