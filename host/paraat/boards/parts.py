"""What hangs on a board: per driver its bus, its pins and its terminals. One row a driver, as in firmware/drivers."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from paraat.texts import Phrase

BusKind = str  # i2c, uart or onewire


class Use(Enum):
    """What a pin must be able to do. The value is how a message says it."""

    OUTPUT = Phrase("an output")
    INPUT = Phrase("an input")
    PULLED_UP = Phrase("an input with the chip's own pull-up")
    PULLED_DOWN = Phrase("an input with the chip's own pull-down")
    BOTH_WAYS = Phrase("an input and an output")
    ANALOG = Phrase("an analog input")
    ETHERNET = Phrase("a pin of the Ethernet chip")


# The pins of a bus, by its kind.
BUS_PINS: Mapping[BusKind, Mapping[str, Use]] = {
    "i2c": {"scl": Use.BOTH_WAYS, "sda": Use.BOTH_WAYS},
    "uart": {"rx": Use.INPUT, "tx": Use.OUTPUT},
    "onewire": {"pin": Use.BOTH_WAYS},
}
# The pins of a board's [pins].
ALARM_PINS: Mapping[str, Use] = {
    "led": Use.OUTPUT,
    "buzzer": Use.OUTPUT,
    "button": Use.PULLED_UP,
    "open_switch": Use.PULLED_UP,
    "open_button": Use.PULLED_UP,
}


class Terminal(NamedTuple):
    """One terminal. to: 3V3, 5V, GND, or the key of a pin (of the bus, the sensor or [pins])."""

    label: str
    to: str


class Part(NamedTuple):
    """What is wired to the board. pins: of its own table. addresses: of an I2C chip, the first is its standard one.

    shares: several may hang on one bus. notes: what to add or to mind, one line each.
    """

    title: Phrase
    terminals: tuple[Terminal, ...]
    notes: tuple[Phrase, ...] = ()
    bus: BusKind | None = None
    pins: Mapping[str, Use] = {}
    addresses: tuple[int, ...] = ()
    shares: bool = True


_FUEL = Phrase("Fuel")
_BATTERY = Phrase("Battery")
_MAINS_OR_GENERATOR = Phrase("Mains or generator")
_TEMPERATURE = Phrase("Temperature")
_CLIMATE = Phrase("Climate")
_AIR = Phrase("Air")
_PEOPLE = Phrase("People")


def _of(measured: Phrase, part: str) -> Phrase:
    """A title: what it measures, and what it is. A name of a part needs no translation."""
    return Phrase("{measured}: {part}", measured=measured, part=part)


_SUPPLY = (Terminal("VCC", "3V3"), Terminal("GND", "GND"))
_I2C = (*_SUPPLY, Terminal("SCL", "scl"), Terminal("SDA", "sda"))
_PULL_UPS = Phrase("4.7 kΩ from SCL and SDA to 3V3 if the module has none")

PARTS: Mapping[str, Part] = {
    "a02yyuw": Part(
        _of(_FUEL, Phrase("A02YYUW, ultrasonic")),
        (*_SUPPLY, Terminal("TX", "rx"), Terminal("RX", "tx")),
        (
            Phrase("Looks straight down; nothing within 15° of its axis"),
            Phrase("RX may stay open"),
        ),
        bus="uart",
        shares=False,
    ),
    "ina226": Part(
        _of(_BATTERY, Phrase("INA226 with shunt")),
        _I2C,
        (
            Phrase("IN+ on the side of charger and load"),
            Phrase("IN- and VBUS on the battery's plus"),
            Phrase("1 A fuse in IN+, IN- and VBUS; at most 36 V"),
            _PULL_UPS,
        ),
        bus="i2c",
        addresses=tuple(range(0x40, 0x50)),
    ),
    "tank_sender": Part(
        _of(_FUEL, Phrase("resistive float sender")),
        (Terminal("S", "pin"), Terminal("GND", "GND"), Terminal("3V3 : 2", "supply_pin")),
        (Phrase("470 Ω from 3V3 to the pin, 47 Ω from the pin to the sender"),),
        pins={"pin": Use.ANALOG, "supply_pin": Use.ANALOG},
    ),
    "ads1115": Part(
        _of(_FUEL, Phrase("4-20 mA on an ADS1115")),
        _I2C,
        (
            Phrase("100 Ω 0.1 % from A0 to GND; probe from 24 V to A0"),
            _PULL_UPS,
        ),
        bus="i2c",
        addresses=(0x48, 0x49, 0x4A, 0x4B),
    ),
    "ds18b20": Part(
        _of(_TEMPERATURE, "DS18B20"),
        (Terminal("VDD", "3V3"), Terminal("GND", "GND"), Terminal("DQ", "pin")),
        (Phrase("4.7 kΩ from DQ to 3V3"),),
        bus="onewire",
    ),
    "sht31": Part(_of(_CLIMATE, "SHT31"), _I2C, (_PULL_UPS,), bus="i2c", addresses=(0x44, 0x45)),
    "sht4x": Part(_of(_CLIMATE, "SHT4x"), _I2C, (_PULL_UPS,), bus="i2c", addresses=(0x44, 0x45, 0x46)),
    "scd41": Part(_of(_AIR, "SCD41, CO2"), _I2C, (_PULL_UPS,), bus="i2c", addresses=(0x62,)),
    "light_beam": Part(
        _of(_PEOPLE, Phrase("light beams, A outside")),
        (Terminal("A", "pin_a"), Terminal("B", "pin_b"), Terminal("0 V", "GND"), Terminal("reset", "reset_pin")),
        (
            Phrase("NPN, open collector: never PNP on these pins"),
            Phrase("10 kΩ from A and from B to 3V3"),
            Phrase("Own supply 12-24 V, 0 V joined"),
            Phrase("10 cm apart, at hip height"),
        ),
        pins={"pin_a": Use.INPUT, "pin_b": Use.INPUT, "reset_pin": Use.PULLED_UP},
    ),
    "digital_input": Part(
        Phrase("Input"),
        (Terminal("C", "3V3"), Terminal("E", "pin")),
        (Phrase("10 kΩ from E to GND, 10 µF beside it"),),
        pins={"pin": Use.INPUT},
    ),
    "pzem004t": Part(
        _of(_MAINS_OR_GENERATOR, "PZEM-004T v3"),
        (Terminal("5V", "5V"), Terminal("GND", "GND"), Terminal("TX", "rx"), Terminal("RX", "tx")),
        (
            Phrase("Divide TX by 10 kΩ / 20 kΩ down to 3.3 V"),
            Phrase("230 V: work for an electrician"),
        ),
        bus="uart",
    ),
    "ve_direct": Part(
        _of(_BATTERY, "Victron VE.Direct"),
        (Terminal("1 GND", "GND"), Terminal("3 TX", "rx")),
        (
            Phrase("An MPPT gives 5 V: divide TX by 10 kΩ / 20 kΩ"),
            Phrase("Leave pin 4 (power) open"),
        ),
        bus="uart",
        shares=False,
    ),
}

# What each driver reports (names() in firmware/drivers); a digital input reports the metric of its table.
GIVES: Mapping[str, tuple[str, ...]] = {
    "a02yyuw": ("fuel/level", "fuel/distance"),
    "tank_sender": ("fuel/level",),
    "ads1115": ("fuel/level",),
    "ina226": ("battery/voltage", "battery/current"),
    "ve_direct": ("battery/voltage", "battery/current", "battery/charge", "battery/time-left"),
    "ds18b20": ("climate/temperature",),
    "sht31": ("climate/temperature", "climate/humidity"),
    "sht4x": ("climate/temperature", "climate/humidity"),
    "scd41": ("climate/co2",),
    "light_beam": ("people/in", "people/out", "people/present"),
    "pzem004t": ("power/load", "power/mains", "power/generator"),
    "digital_input": (),
}

CLOCK = Part(
    Phrase("Battery clock: DS3231"),
    _I2C,
    (
        Phrase("CR2032: take the module's charging resistor off"),
        _PULL_UPS,
    ),
    bus="i2c",
    addresses=(0x68,),
)

ALARMS: Mapping[str, Part] = {
    "led": Part(
        Phrase("Lamp"),
        (Terminal("+", "led"), Terminal("-", "GND")),
        (Phrase("LED with 330 Ω in its plus; larger: by a transistor"),),
    ),
    "buzzer": Part(
        Phrase("Buzzer, active, 3.3 V"),
        (Terminal("+", "buzzer"), Terminal("-", "GND")),
        (Phrase("More than 12 mA: by a transistor"),),
    ),
    "button": Part(
        Phrase("Button: silence, long = help"),
        (Terminal("1", "button"), Terminal("2", "GND")),
    ),
    "open_switch": Part(
        Phrase("Key: closed = point open"),
        (Terminal("1", "open_switch"), Terminal("2", "GND")),
    ),
    "open_button": Part(
        Phrase("Button: long = point open or closed"),
        (Terminal("1", "open_button"), Terminal("2", "GND")),
    ),
}

_MEASURED = {
    "power/mains": Phrase("Mains present"),
    "power/generator": Phrase("Generator runs"),
}
_TO_GROUND = Part(
    PARTS["digital_input"].title,
    (Terminal("C", "pin"), Terminal("E", "GND")),
    (Phrase("10 kΩ from C to 3V3, 10 µF from C to GND"),),
    pins=PARTS["digital_input"].pins,
)


def part_of(sensor: Mapping[str, Any]) -> Part:
    """The part behind a sensor's table, with what the table says about it. Raises KeyError for an unknown driver."""
    part = PARTS[sensor["driver"]]
    if sensor["driver"] == "digital_input":
        part = _digital_input(sensor)
    name = sensor.get("name")
    return part if name is None else part._replace(title=Phrase("{part} ({name})", part=part.title, name=name))


def _digital_input(sensor: Mapping[str, Any]) -> Part:
    part = _TO_GROUND if sensor.get("active_low") else PARTS["digital_input"]
    if pull := sensor.get("pull"):
        part = part._replace(pins={"pin": Use.PULLED_UP if pull == "up" else Use.PULLED_DOWN})
    measured = _MEASURED.get(sensor.get("metric", ""), part.title)
    return part._replace(title=Phrase("{measured}: opto-coupler", measured=measured))
