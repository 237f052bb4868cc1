"""The one table of metrics. Encoder, decoder, line protocol, dashboards and the reference page read it.

Rules of evolution: within wire version 1 rows are only added. A retired name is never used again; it goes to RETIRED.
A name has two parts (`fuel/level`). A second sensor of a kind adds its own name (`climate/temperature/hall`).
A reading that failed is sent as `<name>/fault` with a short code, so no part may be called "fault".
Units are SenML units (RFC 8428 section 12.1; `dBm`, `h`, `ppm` from RFC 8798); `l/h` is not registered and therefore
stands only on host rows, which never travel.
"""

# Types. The InfluxDB field type follows from it and never changes: FLOAT -> float, INT -> integer, BOOL -> boolean.
FLOAT = "f"
INT = "i"
BOOL = "b"

# Where a row comes from.
TELEMETRY = "t"  # a board, on .../telemetry
EVENT = "e"  # a board, on .../event
HOST = "h"  # derived by the host service; refused from a board

FAULT = "fault"
SEQ = "seq"

# Columns of a row.
NAME, SOURCE, TYPE, UNIT, LOW, HIGH, DIGITS, MEASUREMENT, FIELD, MEANING = range(10)

_NONE = None
# name, source, type, unit, plausible low and high (inclusive), decimals sent, measurement, field, meaning
ROWS = (
    ("fuel/level", TELEMETRY, FLOAT, "%", 0, 100, 1, "fuel", "level_percent", "generator tank, full = 100"),
    ("fuel/distance", TELEMETRY, FLOAT, "m", 0, 10, 3, "fuel", "distance_m", "sensor face to fuel surface"),
    ("fuel/volume", TELEMETRY, FLOAT, "l", 0, 100000, 1, "fuel", "volume_l", "fuel in the generator tank"),
    ("power/mains", TELEMETRY, BOOL, _NONE, 0, 1, 0, "power", "mains", "the grid feeds the point"),
    ("power/generator", TELEMETRY, BOOL, _NONE, 0, 1, 0, "power", "generator", "the generator runs"),
    ("power/load", TELEMETRY, FLOAT, "W", 0, 200000, 0, "power", "load_w", "active power taken by the point"),
    ("battery/voltage", TELEMETRY, FLOAT, "V", 0, 80, 3, "battery", "voltage_v", "bus voltage"),
    ("battery/current", TELEMETRY, FLOAT, "A", -500, 500, 3, "battery", "current_a", "charging is positive"),
    ("battery/charge", TELEMETRY, FLOAT, "%EL", 0, 100, 1, "battery", "charge_percent", "state of charge"),
    ("battery/time-left", TELEMETRY, FLOAT, "h", 0, 1000, 2, "battery", "time_left_h", "until it is empty, as its own monitor reckons"),
    ("climate/temperature", TELEMETRY, FLOAT, "Cel", -40, 85, 2, "climate", "temperature_c", "air temperature"),
    ("climate/humidity", TELEMETRY, FLOAT, "%RH", 0, 100, 1, "climate", "humidity_percent", "relative humidity"),
    ("climate/co2", TELEMETRY, FLOAT, "ppm", 250, 40000, 0, "climate", "co2_ppm", "carbon dioxide in the air; outdoors about 430"),
    ("people/present", TELEMETRY, INT, "count", 0, 5000, 0, "people", "present", "people inside, counted, never identified"),
    ("people/in", TELEMETRY, INT, "count", 0, 1073741823, 0, "people", "in", "came in since the count was reset"),
    ("people/out", TELEMETRY, INT, "count", 0, 1073741823, 0, "people", "out", "went out since the count was reset"),
    ("node/uptime", TELEMETRY, INT, "s", 0, 1073741823, 0, "node", "uptime_s", "since the board started"),
    ("node/heap", TELEMETRY, INT, "B", 0, 1073741823, 0, "node", "heap_free_b", "free heap after a collection"),
    ("node/idf-free", TELEMETRY, INT, "B", 0, 1073741823, 0, "node", "idf_free_b", "free of the chip's own heap, on which network and TLS live"),
    ("node/idf-largest", TELEMETRY, INT, "B", 0, 1073741823, 0, "node", "idf_largest_b", "largest free block of that heap"),
    ("node/backlog", TELEMETRY, INT, "count", 0, 1073741823, 0, "node", "backlog", "journal entries the host has not acknowledged"),
    ("node/dropped", TELEMETRY, INT, "count", 0, 1073741823, 0, "node", "dropped", "journal entries lost because the ring was full"),
    ("node/rssi", TELEMETRY, INT, "dBm", -128, 0, 0, "node", "rssi_dbm", "Wi-Fi signal"),
    # Only ever sent as node/clock/fault = "unsure": the set was read before the clock was known, in an earlier boot,
    # so it is at least as old as its bt says.
    ("node/clock", TELEMETRY, BOOL, _NONE, 0, 1, 0, "node", "clock", "the time of this set is trusted"),
    ("alarm/low-fuel", EVENT, BOOL, _NONE, 0, 1, 0, "board_event", "alarm_low_fuel", "local alarm on or off"),
    ("alarm/low-battery", EVENT, BOOL, _NONE, 0, 1, 0, "board_event", "alarm_low_battery", "local alarm on or off"),
    ("alarm/generator-down", EVENT, BOOL, _NONE, 0, 1, 0, "board_event", "alarm_generator_down", "mains out and no generator"),
    ("event/generator", EVENT, BOOL, _NONE, 0, 1, 0, "board_event", "generator", "generator started or stopped"),
    ("event/refuel", EVENT, FLOAT, "%", 0, 100, 1, "board_event", "refuel_percent", "level after a rise of the fuel"),
    ("button/ack", EVENT, BOOL, _NONE, 0, 1, 0, "board_event", "button_ack", "local alarm acknowledged at the board"),
    ("button/help", EVENT, BOOL, _NONE, 0, 1, 0, "board_event", "button_help", "help asked for at the board"),
    ("point/open", EVENT, BOOL, _NONE, 0, 1, 0, "board_event", "open", "point opened or closed by key switch or button"),
    # What the host makes of a point, once a minute. All of it stands in one measurement, so that the newest row of a point
    # is whole: what it lacks is not known, and no panel takes an older value in its stead.
    ("fuel/percent", HOST, FLOAT, "%", 0, 200, 1, "point", "fuel_percent", "of the tank, from litres, as the page shows it"),
    ("fuel/litres", HOST, FLOAT, "l", 0, 100000, 1, "point", "fuel_litres", "volume through the point's calibration table"),
    ("fuel/tank", HOST, FLOAT, "l", 0, 100000, 0, "point", "fuel_tank_l", "what the tank holds"),
    ("fuel/burn", HOST, FLOAT, "l/h", 0, 10000, 2, "point", "fuel_burn_l_per_h", "burn rate, robust slope while the generator runs"),
    ("fuel/hours", HOST, FLOAT, "h", 0, 100000, 2, "point", "fuel_hours", "hours of fuel left, likely"),
    ("fuel/hours-low", HOST, FLOAT, "h", 0, 100000, 2, "point", "fuel_hours_low", "hours of fuel left, cautious"),
    ("fuel/hours-high", HOST, FLOAT, "h", 0, 100000, 2, "point", "fuel_hours_high", "hours of fuel left, at best"),
    ("fuel/refuel-in", HOST, FLOAT, "h", -100000, 100000, 2, "point", "fuel_refuel_in_h", "until fuel must be there; below 0: it is too late"),
    ("fuel/round", HOST, INT, _NONE, 0, 100000, 0, "point", "fuel_round", "place in the refuel round of the page: 0 must get fuel first"),
    ("fuel/to-target", HOST, FLOAT, "l", 0, 100000, 1, "point", "fuel_to_target_l", "litres wanted to hold out as long as its profile asks"),
    ("fuel/to-full", HOST, FLOAT, "l", 0, 100000, 1, "point", "fuel_to_full_l", "litres wanted until its tank is full"),
    ("fuel/planned", HOST, FLOAT, "l", 0, 100000, 1, "point", "fuel_planned_l", "litres that somebody will still bring; absent: nothing is arranged"),
    ("fuel/planned-in", HOST, FLOAT, "h", -100000, 100000, 2, "point", "fuel_planned_in_h", "until they are brought; below 0: that moment is over, and nobody confirmed it"),
    ("battery/hours", HOST, FLOAT, "h", 0, 100000, 2, "point", "battery_hours", "hours of battery left"),
    ("off-grid/hours", HOST, FLOAT, "h", 0, 200000, 2, "point", "hours", "hours without the grid, fuel and battery, likely"),
    ("off-grid/hours-low", HOST, FLOAT, "h", 0, 200000, 2, "point", "hours_low", "hours without the grid, cautious"),
    ("off-grid/hours-high", HOST, FLOAT, "h", 0, 200000, 2, "point", "hours_high", "hours without the grid, at best"),
    ("off-grid/target", HOST, FLOAT, "h", 0, 100000, 1, "point", "target_h", "hours without the grid that its profile asks for"),
    ("now/mains", HOST, BOOL, _NONE, 0, 1, 0, "point", "mains", "the grid feeds the point, as far as is known now"),
    ("now/generator", HOST, BOOL, _NONE, 0, 1, 0, "point", "generator", "the generator runs, as far as is known now"),
    ("now/load", HOST, FLOAT, "W", 0, 200000, 0, "point", "load_w", "active power, as far as is known now"),
    ("now/voltage", HOST, FLOAT, "V", 0, 80, 3, "point", "battery_voltage_v", "of the battery, as far as is known now"),
    ("now/charge", HOST, FLOAT, "%EL", 0, 100, 1, "point", "battery_charge_percent", "of the battery, as far as is known now"),
    ("now/temperature", HOST, FLOAT, "Cel", -40, 85, 2, "point", "temperature_c", "of the air, as far as is known now"),
    ("now/co2", HOST, FLOAT, "ppm", 250, 40000, 0, "point", "co2_ppm", "carbon dioxide, as far as is known now"),
    ("people/likely", HOST, INT, "count", 0, 1000000, 0, "point", "people", "people inside, from counts by hand and the doors since"),
    ("people/low", HOST, INT, "count", 0, 1000000, 0, "point", "people_low", "people inside, at least"),
    ("people/high", HOST, INT, "count", 0, 1000000, 0, "point", "people_high", "people inside, at most"),
    ("people/age", HOST, FLOAT, "s", 0, 1000000000, 0, "point", "people_age_s", "since people were counted by hand"),
    ("upkeep/test-age", HOST, FLOAT, "s", 0, 1000000000, 0, "point", "test_age_s", "since the last test run of the generator under load"),
    ("upkeep/fuel-age", HOST, FLOAT, "s", 0, 1000000000, 0, "point", "fuel_age_s", "since the last delivery of fuel"),
    ("upkeep/check-age", HOST, FLOAT, "s", 0, 1000000000, 0, "point", "check_age_s", "since somebody was last there"),
    ("upkeep/rest-voltage", HOST, FLOAT, "V", 0, 80, 3, "point", "rest_voltage_v", "of the battery, lowest of the last night"),
    ("upkeep/rest-drop", HOST, FLOAT, "%", -100, 100, 2, "point", "rest_drop_percent", "of that voltage in 90 days"),
    ("upkeep/overdue", HOST, INT, "count", 0, 1000, 0, "point", "upkeep_overdue", "tasks whose day is past; 0 while not in use"),
    ("upkeep/word-ends", HOST, FLOAT, "s", -1000000000, 1000000000, 0, "point", "word_ends_in_s", "until the first of its words ends; below 0: it has; 0 where nobody gave one that is asked for"),
    ("upkeep/unknown", HOST, INT, "count", 0, 1000, 0, "point", "upkeep_unknown", "tasks of which nobody knows; 0 while not in use"),
    # 0 or 1 as the next ones: what is remarked on a point's last figures, absent while it is silent.
    ("remark/battery-low", HOST, INT, "count", 0, 1, 0, "point", "remark_battery_low", "1 when its voltage is too low"),
    ("remark/cold", HOST, INT, "count", 0, 1, 0, "point", "remark_cold", "1 when it is too cold for people"),
    ("remark/warm", HOST, INT, "count", 0, 1, 0, "point", "remark_warm", "1 when it is too warm for people"),
    ("remark/busy", HOST, INT, "count", 0, 1, 0, "point", "remark_busy", "1 from 80 % of its capacity on, below full"),
    ("remark/full", HOST, INT, "count", 0, 1, 0, "point", "remark_full", "1 when it is full"),
    ("remark/stuffy", HOST, INT, "count", 0, 1, 0, "point", "remark_stuffy", "1 when carbon dioxide says that it is crowded"),
    ("remark/exhaust", HOST, INT, "count", 0, 1, 0, "point", "remark_exhaust", "1 when exhaust gas may come in"),
    ("point/age", HOST, FLOAT, "s", 0, 1000000000, 0, "point", "age_s", "since the point was last heard"),
    ("point/alerts", HOST, INT, "count", 0, 1000, 0, "point", "alerts_firing", "alerts that fire for the point"),
    ("point/missing", HOST, INT, "count", 0, 1000000000, 0, "point", "missing", "sets the host knows of and does not have"),
    # 0 or 1, so that their sum over all points is a number as long as the host speaks, and nothing at all when it does not.
    ("point/low-fuel", HOST, INT, "count", 0, 1, 0, "point", "low_fuel", "1 while its low fuel alert fires"),
    ("point/capacity", HOST, INT, "count", 0, 5000, 0, "point", "capacity", "people the point is meant for"),
    ("point/verdict", HOST, INT, _NONE, 0, 4, 0, "point", "verdict", "0 unknown, 1 silent, 2 ready, 3 limited, 4 not ready"),
    ("point/last-verdict", HOST, INT, _NONE, 0, 4, 0, "point", "last_verdict", "as verdict; of a silent point by what it said last"),
    ("point/phase", HOST, INT, _NONE, 0, 6, 0, "point", "phase", "0 building, 1 standby, 2 alerted, 3 opening, 4 operational, 5 closing, 6 out of use"),
    ("point/phase-age", HOST, FLOAT, "s", 0, 1000000000, 0, "point", "phase_age_s", "in that phase"),
    ("point/due-in", HOST, FLOAT, "s", -1000000000, 1000000000, 0, "point", "due_in_s", "until it must be open; below 0: it is late, absent: no alarm"),
    ("point/opens-in", HOST, FLOAT, "s", -1000000000, 1000000000, 0, "point", "opens_in_s", "until it opens, by what is done; absent once it is open"),
    ("point/at", HOST, FLOAT, "s", 0, 100000000000, 0, "point", "at_s", "when the host wrote the row, unix seconds: for sums with moments"),
    ("point/rank", HOST, INT, _NONE, 0, 100000, 0, "point", "rank", "place in the order of the page: 0 needs somebody first"),
    ("point/in-use", HOST, INT, "count", 0, 1, 0, "point", "in_use", "0 while it is built or out of use; then the next ones are 0"),
    ("point/ready", HOST, INT, "count", 0, 1, 0, "point", "ready", "1 when its verdict is ready"),
    ("point/standby", HOST, INT, "count", 0, 1, 0, "point", "standby", "1 when it is in standby"),
    ("point/opening", HOST, INT, "count", 0, 1, 0, "point", "opening", "1 when it is alerted or opening"),
    ("point/operational", HOST, INT, "count", 0, 1, 0, "point", "operational", "1 when it is open"),
    ("point/late", HOST, INT, "count", 0, 1, 0, "point", "late", "1 when it is, or will be, open later than its profile asks"),
    ("point/mains-out", HOST, INT, "count", 0, 1, 0, "point", "mains_out", "1 when it is known to have no mains"),
    ("point/fuel-unknown", HOST, INT, "count", 0, 1, 0, "point", "fuel_unknown", "1 when nobody knows what is in its tank"),
    ("point/short", HOST, INT, "count", 0, 1, 0, "point", "short", "1 when its cautious hours without the grid are fewer than its profile asks"),
    ("point/hours-unknown", HOST, INT, "count", 0, 1, 0, "point", "hours_unknown", "1 when nobody knows how long it holds out"),
    ("point/limited", HOST, INT, "count", 0, 1, 0, "point", "limited", "1 when its last verdict is limited"),
    ("point/not-ready", HOST, INT, "count", 0, 1, 0, "point", "not_ready", "1 when its last verdict is not ready"),
    ("point/unknown", HOST, INT, "count", 0, 1, 0, "point", "unknown", "1 when its last verdict is unknown"),
    ("point/quiet", HOST, INT, "count", 0, 1, 0, "point", "quiet", "1 when it was heard once and is silent now"),
)  # fmt: skip

# point/status, point/fine and point/silent told a status of before there were verdicts.
RETIRED = ("point/status", "point/fine", "point/silent")

_BY_NAME = {row[NAME]: row for row in ROWS}


def _is_part(text):
    """True for a name part: 1 to 20 of a-z, 0-9 and hyphen."""
    if not 0 < len(text) <= 20:
        return False
    for c in text:
        if not ("a" <= c <= "z" or "0" <= c <= "9" or c == "-"):
            return False
    return True


def lookup(name):
    """Find the row of a name as it stands on the wire.

    Returns (row, instance, is_fault): instance is "" or the sensor's own name. Returns None for an unknown name.
    """
    row = _BY_NAME.get(name)
    if row is not None:
        return row, "", False
    parts = name.split("/")
    is_fault = len(parts) > 2 and parts[-1] == FAULT
    if is_fault:
        parts.pop()
    if not 2 <= len(parts) <= 3:
        return None
    row = _BY_NAME.get(parts[0] + "/" + parts[1])
    if row is None:
        return None
    if len(parts) == 2:
        return row, "", is_fault
    if parts[2] == FAULT or not _is_part(parts[2]):
        return None
    return row, parts[2], is_fault


def row_of(name):
    """The row of a base name such as "fuel/level". Raises KeyError when there is none."""
    return _BY_NAME[name]
