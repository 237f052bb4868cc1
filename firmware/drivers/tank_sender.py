"""A resistive float sender in the tank, read by the board's own ADC.

    supply --- reference_ohm ---+--- series_ohm --- sender --- ground
                                |
                           pin (ADC1)

The resistor in series keeps a sender of 0 ohm above the 150 mV under which the ESP32 measures nothing; with it, a wire
that touches ground before it is told from an empty tank. A sender of 0-190 ohm that is itself short reads as empty: that
raises the alarm, which is the safe side. One whose full end is the low one must be told from a short, so what lies too
near to 0 ohm for this ADC is refused.

# Ref: Espressif ESP32 data sheet, pins: ADC1 on GPIO 32 to 39, ADC2 is the radio's; ESP32-S3 data sheet: ADC1 on GPIO 1
#      to 10. ESP-IDF programming guide, ADC, attenuation: 150 to 2450 mV with 11 dB (ESP32). ESP32 data sheet, ADC
#      calibration results: within 60 mV of the truth with 11 dB.
#      MicroPython, machine.ADC.read_uv: microvolts, with the calibration of the chip's fuses.
"""

from collections import namedtuple

from drivers import SensorError, _level, named

KEYS = {
    "pin": "pin",
    "sender": "text?",
    "empty_ohm": "number?",
    "full_ohm": "number?",
    "table": "list?",
    "reference_ohm": "number?",
    "series_ohm": "number?",
    "supply_mv": "int?",
    "supply_pin": "pin?",
    "name": "name?",
}
ENDS = ("empty_ohm", "full_ohm")

SENDERS = {"240-33": (240, 33), "0-190": (0, 190)}  # ohm of an empty tank, of a full one

_LOW_UV = 150000
_HIGH_UV = 2450000
_REFERENCE_OHM = 470
_SERIES_OHM = 47
_SUPPLY_MV = 3300
APART_UV = 120000  # a full tank from a short: the ADC may be wrong by half of it

Sender = namedtuple("Sender", ("sender_ohm",))


def sender_ohm(node_uv, supply_uv, reference_ohm, series_ohm):
    """Ohm's law in the divider: the same current flows through all three."""
    return reference_ohm * node_uv / (supply_uv - node_uv) - series_ohm


def node_uv(ohm, supply_uv, reference_ohm, series_ohm):
    """What the pin sees of a sender of so many ohm."""
    total_ohm = ohm + series_ohm
    return supply_uv * total_ohm / (total_ohm + reference_ohm)


def level_percent(ohm, table):
    """On the lines through the rows [[ohm, percent], ...], which are sorted by ohm; beyond the ends it stays."""
    before = table[0]
    for row in table[1:]:
        if ohm <= row[0]:
            return before[1] + _level.percent(ohm, before[0], row[0]) * (row[1] - before[1]) / 100
        before = row
    return before[1]


class TankSender:
    """pin, supply_pin: machine.ADC; supply_pin measures half of the supply, None: supply_uv is what it is."""

    def __init__(self, pin, supply_uv, reference_ohm, series_ohm, supply_pin=None):
        self.pin = pin
        self.supply_pin = supply_pin
        self.supply_uv = supply_uv
        self.reference_ohm = reference_ohm
        self.series_ohm = series_ohm

    async def _node_uv(self):
        return self.pin.read_uv()

    async def read(self):
        """The mean of eight medians. Raises SensorError: wire-break, short, range (the supply is away)."""
        if self.supply_pin is not None:
            self.supply_uv = 2 * self.supply_pin.read_uv()
            if self.supply_uv <= _HIGH_UV:
                raise SensorError("range", "the sender's supply is at %d mV" % (self.supply_uv // 1000))
        total_ohm = 0
        found = await _level.looks(self._node_uv)
        for uv in found:
            if uv > _HIGH_UV:
                raise SensorError("wire-break", "%d mV: no current, a wire of the sender is off" % (uv // 1000))
            if uv < _LOW_UV:
                raise SensorError("short", "%d mV: a wire touches ground, or the divider has no supply" % (uv // 1000))
            total_ohm += sender_ohm(uv, self.supply_uv, self.reference_ohm, self.series_ohm)
        return Sender(total_ohm / len(found))


class _Sensor:
    def __init__(self, driver, table, config):
        self.driver = driver
        self.table = table
        self.least_ohm, self.most_ohm = _limits(table)
        self.names = names(config)

    async def measure(self):
        return (await self.driver.read()).sender_ohm

    async def sample(self):
        ohm = await self.measure()
        if ohm > self.most_ohm:
            raise SensorError("wire-break", "%d ohm, at most %d: bad contact, or another sender" % (ohm, self.most_ohm))
        if ohm < self.least_ohm:
            raise SensorError("short", "%d ohm, at least %d: a short, or another sender" % (ohm, self.least_ohm))
        return [(self.names[0], level_percent(ohm, self.table))]


def names(config):
    return (named("fuel/level", config),)


def _table(config):
    """Rows [[ohm, percent], ...] sorted by ohm, from the keys table, or sender, empty_ohm and full_ohm."""
    rows = config.get("table")
    if rows is not None and ("sender" in config or "empty_ohm" in config or "full_ohm" in config):
        raise ValueError("table: found beside sender, empty_ohm or full_ohm, expected either")
    if rows is None:
        ends = SENDERS.get(config.get("sender", ""), (None, None))
        empty, full = config.get("empty_ohm", ends[0]), config.get("full_ohm", ends[1])
        if empty is None or full is None:
            known = " or ".join(sorted(SENDERS))
            raise ValueError("sender: found %s, expected %s, or empty_ohm and full_ohm" % (config.get("sender"), known))
        rows = [[empty, 0], [full, 100]]
    rows = sorted(rows)
    rising = [rows[i][0] < rows[i + 1][0] for i in range(len(rows) - 1)]
    percents = [row[1] for row in rows]
    if not rising or not all(rising) or min(percents) != 0 or max(percents) != 100:
        raise ValueError("table: found %s, expected rows [ohm, percent] of 0 to 100, each with its own ohm" % rows)
    return rows


def _limits(table):
    """(least, most ohm) of a sender that works: what a float does beyond its ends, and what its wires add."""
    low, high = table[0][0], table[-1][0]
    slack = _level.slack(low, high)
    # Below an empty end lies a short that reads as empty, which alarms; below a full one it must not read as full.
    return low - (_level.full_slack(high, low, 0) if table[0][1] else slack), high + slack


def setup(config, hw):
    table = _table(config)
    reference_ohm = config.get("reference_ohm", _REFERENCE_OHM)
    series_ohm = config.get("series_ohm", _SERIES_OHM)
    supply_mv = config.get("supply_mv", _SUPPLY_MV)
    if not 2500 <= supply_mv <= 3600:
        raise ValueError("supply_mv: found %s, expected 2500 to 3600: the 3.3 V of the board" % supply_mv)
    supply_uv = 1000 * supply_mv
    for ohm in (table[0][0], table[-1][0]):
        uv = node_uv(ohm, supply_uv, reference_ohm, series_ohm)
        if not _LOW_UV < uv < _HIGH_UV:
            raise ValueError(
                "reference_ohm, series_ohm: %s ohm would give %d mV, expected 150 to 2450" % (ohm, uv // 1000)
            )
    low_ohm = table[0][0]
    apart_uv = node_uv(low_ohm, supply_uv, reference_ohm, series_ohm) - node_uv(0, supply_uv, reference_ohm, series_ohm)
    if table[0][1] and apart_uv < APART_UV:
        raise ValueError(
            "full_ohm: %s ohm is %d mV from a short, which would read as full; expected at least %d mV: another sender, "
            "or less reference_ohm" % (low_ohm, apart_uv // 1000, APART_UV // 1000)
        )
    supply_pin = hw.adc(config["supply_pin"]) if "supply_pin" in config else None
    driver = TankSender(hw.adc(config["pin"]), supply_uv, reference_ohm, series_ohm, supply_pin)
    return _Sensor(driver, table, config)
