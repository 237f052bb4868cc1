from pathlib import Path

import msgspec
import pytest

from paraat.boards import boards
from paraat.boards.board_file import contacts
from paraat.boards.boards import UnknownBoardError, board_names, load_board, load_checked
from paraat.boards.builds import builds
from paraat.boards.chips import CHIPS, MODULES
from paraat.boards.driver_keys import driver_keys
from paraat.boards.parts import PARTS, Use
from paraat.boards.pins import claims, kit
from paraat.site import paths
from paraat.site.errors import SettingsError

DEVKITC, OLIMEX, S3 = "esp32_devkitc", "olimex_esp32_poe_iso", "esp32_s3_devkitc"
# With PSRAM: those to buy.
VE, WROVER, R8 = "esp32_devkitc_ve", "olimex_esp32_poe_iso_wrover", "esp32_s3_devkitc_r8"


@pytest.mark.parametrize("name", board_names())
def test_every_board_is_in_order(name: str) -> None:
    board = load_board(name)
    assert board.id == name
    assert board.flash.vfs_offset + board.flash.vfs_size == board.flash.size_bytes
    assert board.flash.firmware_offset == CHIPS[board.chip].firmware_offset


def test_the_boards_say_what_flashing_needs() -> None:
    found = {
        name: (b.chip, b.firmware.image, b.flash.size_bytes >> 20, b.flash.firmware_offset, b.link.kind)
        for name, b in ((name, load_board(name)) for name in board_names())
    }
    assert found == {
        DEVKITC: ("esp32", "ESP32_GENERIC", 4, 0x1000, "wifi"),
        OLIMEX: ("esp32", "OLIMEX_ESP32_POE", 4, 0x1000, "ethernet"),
        S3: ("esp32s3", "ESP32_GENERIC_S3", 8, 0x0, "wifi"),
        VE: ("esp32", "ESP32_GENERIC-SPIRAM", 4, 0x1000, "wifi"),
        WROVER: ("esp32", "ESP32_GENERIC-SPIRAM", 4, 0x1000, "ethernet"),
        R8: ("esp32s3", "ESP32_GENERIC_S3-SPIRAM_OCT", 8, 0x0, "wifi"),
    }


def test_the_boards_to_buy_have_psram_and_a_build_that_uses_it() -> None:
    found = {name: load_board(name).psram for name in board_names()}
    assert {name: (p.kind, p.size_bytes >> 20) for name, p in found.items() if p is not None} == {
        VE: ("quad", 8),
        WROVER: ("quad", 8),
        R8: ("octal", 8),
    }
    for name, psram in found.items():
        if psram is not None:
            assert builds()[load_board(name).firmware.image].psram == psram.kind


def test_the_wrover_of_olimex_is_the_other_one_but_for_what_the_psram_takes() -> None:
    """By Olimex' netlist and bills of materials of revision L: the Ethernet clock from GPIO 0, SCL on GPIO 33."""
    plain, wrover = load_board(OLIMEX), load_board(WROVER)
    assert (wrover.ethernet, wrover.buses["i2c0"]) == (
        msgspec.structs.replace(plain.ethernet, ref_clk=0),
        msgspec.structs.replace(plain.buses["i2c0"], scl=33),
    )
    same = ("flash", "usb", "link", "rtc", "pins", "pull_ok", "point_sensors")
    assert all(getattr(wrover, key) == getattr(plain, key) for key in same)
    assert [s for s in plain.sensors if s["driver"] != "light_beam"] == list(wrover.sensors)
    assert not {16, 17} & {claim.pin for claim in claims(wrover, kit(wrover))}


# A board that is not offered: (the one in its place, the wires that move, a part of the reason).
NOT_OFFERED = [
    (DEVKITC, VE, ["buses.uart2.rx", "buses.uart2.tx"], "ESP32-DevKitC V4 has too little memory for the firmware"),
    (OLIMEX, WROVER, ["buses.i2c0.scl", "light_beam.pin_a", "light_beam.pin_b"], "Nobody has measured that Olimex"),
    (S3, R8, [], "Nobody has measured that ESP32-S3-DevKitC-1"),
]


def test_the_boards_with_enough_memory_are_offered() -> None:
    assert {board.id for board in boards.offered()} == {VE, WROVER, R8}
    for name in (VE, WROVER, R8):
        boards.check_memory(load_board(name))


@pytest.mark.parametrize(("name", "other", "moved", "why"), NOT_OFFERED)
def test_a_board_that_is_not_offered_is_told_with_the_one_that_takes_its_place(
    name: str, other: str, moved: list[str], why: str
) -> None:
    with pytest.raises(boards.TooLittleMemoryError) as caught:
        boards.check_memory(load_board(name))
    assert caught.value.board == other
    assert boards.stand_in(load_board(name)) == (load_board(other), moved)
    said = str(caught.value)
    assert why in said
    assert f"Take {other} (the same wires" in said
    assert all(wire in said for wire in moved)
    assert "geheugen" in caught.value.explain("nl")[0]


def test_a_build_that_nobody_knows_is_not_enough() -> None:
    board = load_board(VE)
    board = msgspec.structs.replace(board, firmware=msgspec.structs.replace(board.firmware, image="ESP32_GENERIC_C3"))
    with pytest.raises(boards.TooLittleMemoryError, match=r"Nobody knows whether .* memory enough"):
        boards.check_memory(board)


def test_an_unknown_board_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UnknownBoardError, match=r"no board 'esp64'. There are: esp32_devkitc, "):
        load_board("esp64")


def test_every_driver_has_a_part_to_draw_and_to_check() -> None:
    keys = driver_keys()
    assert set(PARTS) == set(keys)
    for driver, part in PARTS.items():
        kinds = {key: kind.rstrip("?") for key, kind in keys[driver].items()}
        assert {key for key, kind in kinds.items() if kind == "pin"} == set(part.pins), driver
        assert kinds.get("bus") == part.bus, driver


def test_modules_take_only_pins_of_their_chip() -> None:
    for name, module in MODULES.items():
        assert set(module.taken) <= CHIPS[module.chip].gpios, name
    for chip in CHIPS.values():
        assert chip.input_only | set(chip.strapping) | set(chip.reserved) | chip.adc1 | chip.adc2 <= chip.gpios


# What is changed in a board's file, and what is said then: (board, old, new, key, found, a part of what is expected).
REFUSED = [
    pytest.param(DEVKITC, "led = 26", "led = 24", "pins.led", "GPIO 24", "a pin that the ESP32 has", id="not-there"),
    pytest.param(S3, "led = 2\n", "led = 22\n", "pins.led", "GPIO 22", "0-21, 26-48", id="not-there-s3"),
    pytest.param(DEVKITC, "led = 26", "led = 36", "pins.led", "GPIO 36", "input-only", id="input-only-as-output"),
    pytest.param(DEVKITC, "tx = 17", "tx = 39", "buses.uart2.tx", "GPIO 39", "input-only", id="input-only-as-tx"),
    pytest.param(DEVKITC, "sda = 21", "sda = 36", "buses.i2c0.sda", "GPIO 36", "input-only", id="input-only-as-sda"),
    pytest.param(DEVKITC, "button = 27", "button = 36", "pins.button", "GPIO 36", "pull_ok.36", id="no-pull-inside"),
    pytest.param(DEVKITC, "led = 26", "led = 2", "pins.led", "GPIO 2", "strapping_ok.2", id="strapping"),
    pytest.param(DEVKITC, "pin = 4", "pin = 12", "buses.w1.pin", "GPIO 12", "the board does not start", id="strapping-12"),
    pytest.param(S3, "pin = 4\n", "pin = 46\n", "buses.w1.pin", "GPIO 46", "strapping_ok.46", id="strapping-s3"),
    pytest.param(DEVKITC, "led = 26", "led = 6", "pins.led", "GPIO 6", "it is flash", id="flash"),
    pytest.param(S3, "led = 2\n", "led = 35\n", "pins.led", "GPIO 35", "octal PSRAM or flash", id="psram-s3"),
    pytest.param(DEVKITC, 'module = "ESP32-WROOM-32E"', 'module = "ESP32-WROVER-E"', "buses.uart2.rx", "GPIO 16", "it is PSRAM", id="psram-wrover"),
    pytest.param(VE, "rx = 18", "rx = 16", "buses.uart2.rx", "GPIO 16", "it is PSRAM", id="psram-ve"),
    pytest.param(WROVER, "tx = 4", "tx = 17", "buses.uart2.tx", "GPIO 17", "it is PSRAM", id="psram-olimex"),
    pytest.param(WROVER, "ref_clk = 0", "ref_clk = 17", "ethernet.ref_clk", "GPIO 17", "it is PSRAM", id="psram-clock"),
    pytest.param(R8, "led = 2\n", "led = 37\n", "pins.led", "GPIO 37", "octal PSRAM or flash", id="psram-r8"),
    pytest.param(R8, "_S3-SPIRAM_OCT", "_S3", "firmware.image", "'ESP32_GENERIC_S3'", "octal PSRAM: ESP32_GENERIC_S3-SPIRAM_OCT", id="build-of-other-psram"),
    pytest.param(VE, "GENERIC-SPIRAM", "GENERIC", "firmware.image", "'ESP32_GENERIC'", "quad PSRAM: ESP32_GENERIC-SPIRAM", id="build-without-psram"),
    pytest.param(VE, '"quad"', '"octal"', "psram.kind", "'octal'", "what the ESP32-WROVER-E has: quad", id="psram-of-another-kind"),
    pytest.param(DEVKITC, "[usb]", '[psram]\nkind = "quad"\nsize_bytes = 0x800000\n\n[usb]', "psram.kind", "'quad'", "it has none", id="psram-on-a-module-without"),
    pytest.param(DEVKITC, "led = 26", "led = 1", "pins.led", "GPIO 1", "console TX", id="console"),
    pytest.param(S3, "led = 2\n", "led = 19\n", "pins.led", "GPIO 19", "USB D-", id="usb"),
    pytest.param(DEVKITC, "led = 26", "led = 22", "pins.led", "GPIO 22", "buses.i2c0.scl of", id="twice-bus-and-alarm"),
    pytest.param(DEVKITC, "pin_a = 32", "pin_a = 4", "sensors[2].pin_a", "GPIO 4", "buses.w1.pin of", id="twice-bus-and-sensor"),
    pytest.param(DEVKITC, "pin_b = 33", "pin_b = 32", "sensors[2].pin_b", "GPIO 32", "sensors[2].pin_a of", id="twice-in-a-sensor"),
    pytest.param(OLIMEX, "led = 2\n", "led = 19\n", "pins.led", "GPIO 19", "ethernet of", id="ethernet-fixed-pin"),
    pytest.param(OLIMEX, "rx = 36 ", "rx = 37 ", "buses.uart2.rx", "GPIO 37", "leads out", id="not-led-out"),
    pytest.param(OLIMEX, "ref_clk = 17", "ref_clk = 4", "ethernet.ref_clk", "GPIO 4", "0, 16-17", id="ref-clk"),
    pytest.param(DEVKITC, "led = 26", "led = 38", "pins.led", "GPIO 38", "input-only", id="input-only-38"),
    pytest.param(DEVKITC, "buzzer = 25", "buzer = 25", "pins.buzer", "an unknown key", "buzzer", id="unknown-key"),
    pytest.param(DEVKITC, "led = 26", "led = 60", "pins.led", "60", "48", id="no-gpio-at-all"),
    pytest.param(DEVKITC, 'kind = "onewire"', 'kind = "spi"', "buses.w1.kind", "'spi'", "onewire", id="bus-kind"),
    pytest.param(DEVKITC, "scl = 22\n", "", "buses.i2c0.scl", "nothing", "required", id="bus-without-a-pin"),
    pytest.param(DEVKITC, "buses.uart2", "buses.uart0", "buses.uart0", "UART 0", "console", id="console-uart"),
    pytest.param(DEVKITC, "buses.uart2", "buses.uart3", "buses.uart3", "UART 3", "no more", id="no-such-uart"),
    pytest.param(DEVKITC, "firmware_offset = 0x1000", "firmware_offset = 0x0", "flash.firmware_offset", "0x0", "0x1000", id="offset"),
    pytest.param(DEVKITC, "vfs_size = 0x200000", "vfs_size = 0x201000", "flash.vfs_size", "an end at 0x401000", "0x400000", id="flash-too-small"),
    pytest.param(DEVKITC, 'module = "ESP32-WROOM-32E"', 'module = "ESP32-S3-WROOM-2"', "board.module", "'ESP32-S3-WROOM-2'", "ESP32-WROVER-E", id="module"),
    pytest.param(DEVKITC, "address = 0x40", "address = 0x68", "sensors[0].address", "0x68", "0x40", id="address-of-another-chip"),
    pytest.param(OLIMEX, '5 = "decides', '0 = "boot"\n5 = "decides', "strapping_ok.0", "GPIO 0", "take the line out", id="idle-reason"),
    pytest.param(OLIMEX, '34 = "R48', '32 = "x"\n34 = "R48', "pull_ok.32", "GPIO 32", "34-39", id="pull-reason-for-another"),
]  # fmt: skip


@pytest.mark.parametrize(("board", "old", "new", "key", "found", "expected"), REFUSED)
def test_what_a_pin_cannot_do_is_refused(
    tmp_path: Path, board: str, old: str, new: str, key: str, found: str, expected: str
) -> None:
    path = write(tmp_path, board, old, new)
    with pytest.raises(SettingsError) as caught:
        load_checked(path)
    error = caught.value
    assert (error.key, error.found) == (key, found)
    assert expected in error.expected
    assert error.path == path
    assert str(path) in str(error)


def write(directory: Path, board: str, old: str, new: str) -> Path:
    """A copy of a board's file with one thing changed, everywhere where it stands."""
    text = (paths.boards_dir() / board / "board.toml").read_text(encoding="utf-8")
    assert old in text
    path = directory / board / "board.toml"
    path.parent.mkdir()
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


SENDER = '\n[[sensors]]\ndriver = "tank_sender"\nsender = "240-33"\npin = {pin}\n'


@pytest.mark.parametrize(
    ("board", "pin", "expected"),
    [
        (DEVKITC, 13, "Wi-Fi takes ADC2"),
        (DEVKITC, 18, "a pin with an ADC"),
        (DEVKITC, 36, None),
        (S3, 11, "Wi-Fi takes ADC2"),
        (S3, 10, None),
    ],
)
def test_an_analog_sensor_wants_adc1_beside_wifi(tmp_path: Path, board: str, pin: int, expected: str | None) -> None:
    path = write(tmp_path, board, "\n[[point_sensors]]", SENDER.format(pin=pin) + "\n[[point_sensors]]")
    if expected is None:
        load_checked(path)
        return
    with pytest.raises(SettingsError) as caught:
        load_checked(path)
    assert (caught.value.key, caught.value.found) == ("sensors[5].pin", f"GPIO {pin}")
    assert expected in caught.value.expected


def test_adc2_is_free_where_the_radio_rests(tmp_path: Path) -> None:
    path = write(tmp_path, OLIMEX, "buzzer = 14\n", "")
    path.write_text(
        path.read_text().replace("\n[[point_sensors]]", SENDER.format(pin=14) + "\n[[point_sensors]]"), encoding="utf-8"
    )
    load_checked(path)


@pytest.mark.parametrize(
    ("sensor", "key", "found", "expected"),
    [
        ('driver = "ina226"\nname = "b"\nbus = "i2c0"\nshunt_milliohm = 1.0', "sensors[5].bus", "0x40 on i2c0", "sensors[0].address of"),
        ('driver = "ads1115"\nbus = "w1"', "sensors[5].bus", "'w1'", "i2c buses: i2c0"),
        ('driver = "ve_direct"\nbus = "uart2"', "point_sensors[0].bus", "'uart2'", "a bus of its own"),
        ('driver = "ds18b20"\nname = "hall"\nbus = "w1"', "sensors[5].bus", "no address on w1", "sensors[1].bus of"),
        ('driver = "sht31"', "sensors[5].bus", "nothing", "i2c"),
        ('driver = "light_beam"\nname = "b"\npin_a = "18"\npin_b = 19', "sensors[5].pin_a", "'18'", "GPIO"),
    ],
    ids=["address-twice", "wrong-kind-of-bus", "uart-is-not-shared", "onewire-without-rom", "no-bus", "pin-as-text"],
)  # fmt: skip
def test_what_cannot_hang_on_a_bus_is_refused(tmp_path: Path, sensor: str, key: str, found: str, expected: str) -> None:
    path = write(tmp_path, DEVKITC, "\n[[point_sensors]]", f"\n[[sensors]]\n{sensor}\n\n[[point_sensors]]")
    with pytest.raises(SettingsError) as caught:
        load_checked(path)
    assert (caught.value.key, caught.value.found) == (key, found)
    assert expected in caught.value.expected


def test_a_strapping_pin_with_a_reason_is_allowed(tmp_path: Path) -> None:
    path = write(tmp_path, DEVKITC, "led = 26", "led = 2")
    path.write_text(path.read_text() + '\n[strapping_ok]\n2 = "only the serial loader reads it"\n', encoding="utf-8")
    assert load_checked(path).pins.led == 2


def test_a_chip_without_ethernet_has_no_phy(tmp_path: Path) -> None:
    path = write(tmp_path, S3, "[rtc]", "[ethernet]\nmdc = 39\nmdio = 40\n\n[rtc]")
    with pytest.raises(SettingsError, match="the ESP32-S3 has no Ethernet"):
        load_checked(path)


def test_the_headers_are_those_of_the_makers_documents() -> None:
    """Counts and corners; the rest was compared by hand."""
    found = {
        name: [[c.print for c in contacts(header)] for header in load_board(name).headers] for name in board_names()
    }
    assert [len(row) for row in found[DEVKITC]] == [19, 19]
    assert [len(row) for row in found[S3]] == [22, 22]
    assert [len(row) for row in found[OLIMEX]] == [10, 10]
    assert (found[VE], found[R8], found[WROVER]) == (found[DEVKITC], found[S3], found[OLIMEX])
    assert (found[DEVKITC][0][2], found[DEVKITC][1][-1]) == ("VP", "CLK")


def test_everything_that_is_drawn_is_claimed_once() -> None:
    for name in board_names():
        board = load_board(name)
        pins = [claim.pin for claim in claims(board, kit(board))]
        assert len(pins) == len(set(pins))
        assert Use.ETHERNET in {claim.use for claim in claims(board, kit(board))} or board.ethernet is None
