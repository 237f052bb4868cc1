"""What the pins of the chips and modules can do, from Espressif's documents.

# Ref: "PG" ESP-IDF Programming Guide, per chip: "GPIO & RTC GPIO", table gpio-summary (which pins there are, input-only, ADC,
#      flash, USB, strapping pins of the ESP32-S3 and -C3; ADC2 and Wi-Fi), retrieved 2026-11.
#      "BM" esptool documentation, "Boot Mode Selection", per chip: what GPIO 0, 2, 12, 15, 46, 8 and 9 decide; where the
#      bootloader lies. Espressif's datasheets, "Strapping Pins": GPIO 5 of the ESP32, 3 and 45 of the -S3, 2 of the -C3.
#      "EX" ESP-IDF, examples/ethernet/README.md, "Common Pin Assignments": the fixed RMII pins and the clock.
#      "DK" ESP32-DevKitC V4 and ESP32-S3-DevKitC-1 v1.1 user guides, notes below "Header Block": pins of PSRAM.
"""

from collections.abc import Mapping
from typing import NamedTuple

from paraat.boards.board_file import ChipName, PsramKind
from paraat.texts import Phrase


class Chip(NamedTuple):
    """The pins of a chip, by GPIO number. strapping: what a pin decides at the start. reserved: why not to use one."""

    title: str
    gpios: frozenset[int]
    input_only: frozenset[int]  # no output, no pull inside
    strapping: Mapping[int, str]
    reserved: Mapping[int, str]
    adc1: frozenset[int]
    adc2: frozenset[int]
    rmii: Mapping[int, str]  # fixed pins of the Ethernet MAC; empty: there is none
    ref_clk_in: frozenset[int]
    ref_clk_out: frozenset[int]
    uarts: int
    i2cs: int
    firmware_offset: int  # where the ROM looks for the bootloader


class Module(NamedTuple):
    """A module, and the pins that it needs for itself. psram: the kind that it has, or can have."""

    chip: ChipName
    taken: Mapping[int, str]
    psram: PsramKind | None = None


def _pins(*ranges: tuple[int, int]) -> frozenset[int]:
    """Pins from the first to the last of each range, both included."""
    return frozenset(pin for first, last in ranges for pin in range(first, last + 1))


CHIPS: Mapping[ChipName, Chip] = {
    "esp32": Chip(
        title="ESP32",
        gpios=_pins((0, 19), (21, 23), (25, 27), (32, 39)),  # PG
        input_only=_pins((34, 39)),  # PG: "GPI"
        strapping={  # BM
            0: Phrase("low starts the serial loader instead of the firmware"),
            2: Phrase("must not be high for the serial loader"),
            5: Phrase("timing of the SDIO slave"),
            12: Phrase("high sets the flash to 1.8 V, and the board does not start"),
            15: Phrase("low silences the ROM's messages"),
        },
        reserved={1: Phrase("console TX"), 3: Phrase("console RX")}
        | dict.fromkeys(range(6, 12), Phrase("flash")),  # PG
        adc1=_pins((32, 39)),
        adc2=frozenset((0, 2, 4, 12, 13, 14, 15, 25, 26, 27)),
        rmii={19: "TXD0", 21: "TX_EN", 22: "TXD1", 25: "RXD0", 26: "RXD1", 27: "CRS_DV"},  # EX
        ref_clk_in=frozenset((0,)),
        ref_clk_out=frozenset((0, 16, 17)),
        uarts=3,
        i2cs=2,
        firmware_offset=0x1000,
    ),
    "esp32s3": Chip(
        title="ESP32-S3",
        gpios=_pins((0, 21), (26, 48)),  # PG
        input_only=frozenset(),
        strapping={  # PG, BM
            0: Phrase("low starts the serial loader instead of the firmware"),
            3: Phrase("source of the JTAG signals"),
            45: Phrase("high sets the flash to 1.8 V, and the board does not start"),
            46: Phrase("must not be high for the serial loader"),
        },
        reserved={19: "USB D-", 20: "USB D+", 43: Phrase("console TX"), 44: Phrase("console RX")}
        | dict.fromkeys(range(26, 33), Phrase("flash")),
        adc1=_pins((1, 10)),
        adc2=_pins((11, 20)),
        rmii={},
        ref_clk_in=frozenset(),
        ref_clk_out=frozenset(),
        uarts=3,
        i2cs=2,
        firmware_offset=0x0,
    ),
    "esp32c3": Chip(
        title="ESP32-C3",
        gpios=_pins((0, 21)),  # PG
        input_only=frozenset(),
        strapping={  # PG, BM
            2: Phrase("low can keep the board from starting"),
            8: Phrase("low keeps the serial loader from starting"),
            9: Phrase("low starts the serial loader instead of the firmware"),
        },
        reserved={
            11: Phrase("power of the flash"),
            18: "USB D-",
            19: "USB D+",
            20: Phrase("console RX"),
            21: Phrase("console TX"),
        }
        | dict.fromkeys(range(12, 18), Phrase("flash")),
        adc1=_pins((0, 4)),
        adc2=frozenset((5,)),
        rmii={},
        ref_clk_in=frozenset(),
        ref_clk_out=frozenset(),
        uarts=2,
        i2cs=1,
        firmware_offset=0x0,
    ),
}

_PSRAM_16_17 = {16: "PSRAM", 17: "PSRAM"}
_OCTAL = dict.fromkeys(range(33, 38), Phrase("octal PSRAM or flash"))

MODULES: Mapping[str, Module] = {
    # Of the variants without PSRAM (no R in the code).
    "ESP32-WROOM-32E": Module("esp32", {}),
    "ESP32-WROVER-E": Module("esp32", _PSRAM_16_17, "quad"),  # DK, note 3
    # GPIO33 and 34 are not led out, 35 to 37 only where there is no octal PSRAM (DK).
    "ESP32-S3-WROOM-1": Module(
        "esp32s3", {33: Phrase("not led out of the module"), 34: Phrase("not led out of the module")}
    ),
    "ESP32-S3-WROOM-1-R8": Module("esp32s3", _OCTAL, "octal"),
    "ESP32-S3-WROOM-2": Module("esp32s3", _OCTAL, "octal"),
    "ESP32-C3-WROOM-02": Module("esp32c3", {}),
    "ESP32-C3-MINI-1": Module("esp32c3", {}),
}
