"""Whether every pin can do what it is asked to, and is asked once.

A pin is asked for by a claim: of the Ethernet chip, a bus, the local alarm or a sensor. The first claim that cannot be
met is a SettingsError that names the pin, the file and the key.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from paraat.boards.board_file import Board, Bus, UartBus, contacts
from paraat.boards.builds import builds
from paraat.boards.chips import CHIPS, MODULES, Chip
from paraat.boards.driver_keys import driver_keys, first_wrong
from paraat.boards.driver_limits import unsafe
from paraat.boards.parts import ALARM_PINS, BUS_PINS, CLOCK, Part, Use, part_of
from paraat.site.errors import SettingsError
from paraat.texts import Phrase

_OUTPUTS = (Use.OUTPUT, Use.BOTH_WAYS)
_PULLED = (Use.PULLED_UP, Use.PULLED_DOWN)


class Place(NamedTuple):
    """Where something stands: a file, and a key in it."""

    path: Path
    key: str

    def error(self, found: str, expected: str) -> SettingsError:
        """The complaint about it."""
        return SettingsError(self.path, self.key, found, expected)


class Sensor(NamedTuple):
    """A sensor's table, and where each of its keys stands: the board's file and the point's may both have a part."""

    table: dict[str, Any]
    places: dict[str, Place]
    place: Place  # of the table itself

    def at(self, key: str) -> Place:
        """Where this key stands, or would stand."""
        return self.places.get(key, Place(self.place.path, f"{self.place.key}.{key}"))


class Claim(NamedTuple):
    """A pin that somebody asks for."""

    pin: int
    use: Use
    place: Place


def check_board(board: Board) -> None:
    """Check a board with its standard sensors, and with those that points are expected to add. Raises SettingsError."""
    _check_chip(board)
    _check_psram(board)
    check(board, kit(board))
    _check_reasons(board)


def kit(board: Board) -> list[Sensor]:
    """The standard sensors, and those that points are expected to add. Raises SettingsError."""
    return [*sensors_of(board.path, board.sensors), *sensors_of(board.path, board.point_sensors, "point_sensors")]


def check(board: Board, sensors: Iterable[Sensor], *, wifi: bool | None = None) -> None:
    """Check a board with these sensors, each of them whole. wifi: whether the radio runs; None: as the board says.

    Raises SettingsError.
    """
    sensors = list(sensors)
    for sensor in sensors:
        if wrong := first_wrong(sensor.table) or unsafe(sensor.table):
            raise sensor.at(wrong.key).error(wrong.found, wrong.expected)
    _check_buses(board, sensors)
    chip = CHIPS[board.chip]
    radio = board.link.kind == "wifi" if wifi is None else wifi
    taken: dict[int, Place] = {}
    for claim in claims(board, sensors):
        if claim.pin in taken:
            other = taken[claim.pin]
            raise claim.place.error(
                f"GPIO {claim.pin}",
                Phrase("a pin that is free; {key} of {path} has it already", key=other.key, path=other.path),
            )
        _check_claim(board, chip, claim, radio=radio)
        taken[claim.pin] = claim.place


def _check_chip(board: Board) -> None:
    fitting = [name for name, module in MODULES.items() if module.chip == board.chip]
    if board.module not in fitting:
        raise SettingsError(
            board.path, "board.module", repr(board.module), Phrase("one of: {known}", known=", ".join(fitting))
        )
    offset = CHIPS[board.chip].firmware_offset
    if board.flash.firmware_offset != offset:
        found = f"0x{board.flash.firmware_offset:X}"
        raise SettingsError(
            board.path,
            "flash.firmware_offset",
            found,
            Phrase("0x{offset}: there the chip looks for it", offset=f"{offset:X}"),
        )


def _check_psram(board: Board) -> None:
    """PSRAM that the module has not, or that the build does not use, would be missed only when the board runs."""
    if board.psram is None:
        return
    place = Place(board.path, "psram.kind")
    module, kind = MODULES[board.module], board.psram.kind
    if kind != module.psram:
        raise place.error(
            repr(kind),
            Phrase(
                "what the {module} has: {psram}",
                module=board.module,
                psram=module.psram or Phrase("no [psram], it has none"),
            ),
        )
    known = builds()
    fitting = sorted(name for name, build in known.items() if build.psram == kind)
    if board.firmware.image in known and board.firmware.image not in fitting:
        found = repr(board.firmware.image)
        place = Place(board.path, "firmware.image")
        raise place.error(
            found, Phrase("a build that uses {kind} PSRAM: {fitting}", kind=kind, fitting=", ".join(fitting))
        )


def sensors_of(path: Path, tables: Iterable[Mapping[str, Any]], key: str = "sensors") -> list[Sensor]:
    """The sensors of one file, each with where its keys stand. Raises SettingsError for an unknown driver."""
    drivers = driver_keys()
    found = []
    for row, table in enumerate(tables):
        at = f"{key}[{row}]"
        if table.get("driver") not in drivers:
            raise SettingsError(
                path, f"{at}.driver", repr(table.get("driver")), Phrase("one of: {known}", known=", ".join(drivers))
            )
        found.append(Sensor(dict(table), {name: Place(path, f"{at}.{name}") for name in table}, Place(path, at)))
    return found


def claims(board: Board, sensors: Iterable[Sensor]) -> Iterator[Claim]:
    """Every pin that is asked for, in the order in which the first one wins."""
    yield from _ethernet_claims(board)
    for name, bus in board.buses.items():
        for key, use in BUS_PINS[bus.kind].items():
            yield Claim(getattr(bus, key), use, Place(board.path, f"buses.{name}.{key}"))
    for key, use in ALARM_PINS.items():
        pin = getattr(board.pins, key)
        if pin is not None:
            yield Claim(pin, use, Place(board.path, f"pins.{key}"))
    for sensor in sensors:
        yield from _sensor_claims(sensor)


def _ethernet_claims(board: Board) -> Iterator[Claim]:
    ethernet = board.ethernet
    if ethernet is None:
        return
    chip = CHIPS[board.chip]
    if not chip.rmii:
        raise SettingsError(
            board.path, "ethernet", Phrase("a PHY"), Phrase("no PHY: the {chip} has no Ethernet", chip=chip.title)
        )
    for pin in chip.rmii:  # the chip's own, they cannot be chosen
        yield Claim(pin, Use.ETHERNET, Place(board.path, "ethernet"))
    for key in ("mdc", "mdio", "power", "ref_clk"):
        pin = getattr(ethernet, key)
        if pin is not None:
            yield Claim(pin, Use.ETHERNET, Place(board.path, f"ethernet.{key}"))
    allowed = chip.ref_clk_out if ethernet.ref_clk_mode == "out" else chip.ref_clk_in
    if ethernet.ref_clk is not None and ethernet.ref_clk not in allowed:
        raise SettingsError(board.path, "ethernet.ref_clk", f"GPIO {ethernet.ref_clk}", f"GPIO {_list(allowed)}")


def _sensor_claims(sensor: Sensor) -> Iterator[Claim]:
    for key, use in part_of(sensor.table).pins.items():
        if key in sensor.table:
            yield Claim(sensor.table[key], use, sensor.places[key])


def _check_claim(board: Board, chip: Chip, claim: Claim, *, radio: bool) -> None:
    pin, use, place = claim
    found = f"GPIO {pin}"
    if pin not in chip.gpios:
        raise place.error(
            found, Phrase("a pin that the {chip} has: GPIO {pins}", chip=chip.title, pins=_list(chip.gpios))
        )
    if why := MODULES[board.module].taken.get(pin):
        raise place.error(found, Phrase("another pin: on the {module} it is {why}", module=board.module, why=why))
    if why := chip.reserved.get(pin):
        raise place.error(found, Phrase("another pin: on the {chip} it is {why}", chip=chip.title, why=why))
    if pin in chip.input_only and use in _OUTPUTS:
        raise place.error(found, Phrase("a pin that can be {use}: it is input-only", use=use.value))
    if pin in chip.input_only and use in _PULLED and pin not in board.pull_ok:
        raise place.error(
            found,
            Phrase(
                "a pin with a pull inside, or pull_ok.{pin} in {path} that says what pulls it outside",
                pin=pin,
                path=board.path,
            ),
        )
    if (decides := chip.strapping.get(pin)) and pin not in board.strapping_ok:
        raise place.error(
            found,
            Phrase(
                "another pin: it is read at the start ({decides}); or strapping_ok.{pin} in {path} with the reason",
                decides=decides,
                pin=pin,
                path=board.path,
            ),
        )
    if use is Use.ANALOG and pin not in chip.adc1:
        if pin not in chip.adc2:
            raise place.error(found, Phrase("a pin with an ADC: GPIO {pins}", pins=_list(chip.adc1)))
        if radio:
            raise place.error(found, Phrase("a pin of ADC1 (GPIO {pins}): Wi-Fi takes ADC2", pins=_list(chip.adc1)))
    if use is not Use.ETHERNET and pin not in led_out(board):
        raise place.error(
            found, Phrase("a pin that the {name} leads out: GPIO {pins}", name=board.name, pins=_list(led_out(board)))
        )


def _check_buses(board: Board, sensors: list[Sensor]) -> None:
    for name, bus in board.buses.items():
        _check_controller(board, name, bus)
    users: dict[str, list[_Guest]] = {}
    if board.rtc is not None:
        place = Place(board.path, "rtc.bus")
        _check_bus(board, CLOCK, board.rtc.bus, place)
        users[board.rtc.bus] = [_Guest(CLOCK, CLOCK.addresses[0], place, place)]
    for sensor in sensors:
        part = part_of(sensor.table)
        if part.bus is not None:
            name = sensor.table["bus"]
            _check_bus(board, part, name, sensor.places["bus"])
            users.setdefault(name, []).append(_guest(part, sensor))
    for name, guests in users.items():
        _check_guests(name, guests)


def _check_bus(board: Board, part: Part, name: str, place: Place) -> None:
    fitting = sorted(n for n, bus in board.buses.items() if bus.kind == part.bus)
    if name not in fitting:
        raise place.error(
            repr(name),
            Phrase(
                "one of the board's {bus} buses: {fitting}",
                bus=part.bus,
                fitting=", ".join(fitting) or Phrase("it has none"),
            ),
        )


class _Guest(NamedTuple):
    """Who hangs on a bus, by what it is told from the others there: an address, a rom, or None."""

    part: Part
    address: int | str | None
    bus_place: Place
    place: Place


def _guest(part: Part, sensor: Sensor) -> _Guest:
    bus_place = sensor.places["bus"]
    address = sensor.table.get("address")
    if not part.addresses:
        return _Guest(part, sensor.table.get("rom", address), bus_place, bus_place)
    place = sensor.places.get("address", bus_place)
    if address is None:
        address = part.addresses[0]
    if address not in part.addresses:
        known = ", ".join(f"0x{a:02X}" for a in part.addresses)
        raise place.error(
            f"0x{address:02X}",
            Phrase("an address that the {driver} can have: {known}", driver=sensor.table["driver"], known=known),
        )
    return _Guest(part, address, bus_place, place)


def _check_guests(name: str, guests: list[_Guest]) -> None:
    first, last = guests[0], guests[-1]
    if first is not last and not all(guest.part.shares for guest in guests):
        raise last.bus_place.error(
            repr(name),
            Phrase(
                "a bus of its own; {key} of {path} has it already", key=first.bus_place.key, path=first.bus_place.path
            ),
        )
    seen: dict[int | str | None, _Guest] = {}
    for guest in guests:
        if other := seen.get(guest.address):
            found = f"0x{guest.address:02X}" if isinstance(guest.address, int) else repr(guest.address)
            raise guest.place.error(
                Phrase(
                    "{address} on {name}", address=Phrase("no address") if guest.address is None else found, name=name
                ),
                Phrase(
                    "an address (or rom) of its own; {key} of {path} has it already",
                    key=other.place.key,
                    path=other.place.path,
                ),
            )
        seen[guest.address] = guest


def _check_controller(board: Board, name: str, bus: Bus) -> None:
    """The firmware takes the controller's number from the end of the bus's name (firmware/node/hardware.py)."""
    chip = CHIPS[board.chip]
    place = Place(board.path, f"buses.{name}")
    number = int(name[-1]) if name[-1:].isdigit() else 0
    if isinstance(bus, UartBus) and not 1 <= number < chip.uarts:
        raise place.error(
            f"UART {number}",
            Phrase(
                "a name that ends with 1 to {uarts}: UART 0 is the console, the chip has no more", uarts=chip.uarts - 1
            ),
        )
    if bus.kind == "i2c" and number >= chip.i2cs:
        raise place.error(
            f"I2C {number}", Phrase("a name that ends with 0 to {i2cs}: the chip has no more", i2cs=chip.i2cs - 1)
        )


def _check_reasons(board: Board) -> None:
    """A reason that allows nothing would hide the next mistake."""
    chip = CHIPS[board.chip]
    asked = {claim.pin for claim in claims(board, kit(board))}
    for key, reasons, pins in (
        ("strapping_ok", board.strapping_ok, chip.strapping),
        ("pull_ok", board.pull_ok, chip.input_only),
    ):
        for pin, reason in reasons.items():
            place = Place(board.path, f"{key}.{pin}")
            if pin not in pins:
                known = _list(pins)
                at_start = Phrase("a pin that is read at the start: GPIO {pins}", pins=known)
                unpulled = Phrase("a pin that is without a pull inside: GPIO {pins}", pins=known)
                raise place.error(f"GPIO {pin}", at_start if key == "strapping_ok" else unpulled)
            if pin not in asked:
                raise place.error(f"GPIO {pin}", Phrase("a pin that this file uses; take the line out"))
            if not reason.strip():
                raise place.error(Phrase("no reason"), Phrase("why it is right here"))


def led_out(board: Board) -> set[int]:
    """The GPIOs that have a contact on a header."""
    return {c.gpio for header in board.headers for c in contacts(header) if c.gpio is not None}


def _list(pins: Iterable[int]) -> str:
    """0-19, 21-23"""
    runs: list[list[int]] = []
    for pin in sorted(pins):
        if runs and pin == runs[-1][-1] + 1:
            runs[-1].append(pin)
        else:
            runs.append([pin])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
