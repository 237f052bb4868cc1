"""What was measured at the tank itself, over what the configuration says.

A calibration holds as long as the configuration says what it said then: once the host sends another value for that key,
somebody has decided anew, and the old measurement must not win against it.
"""

import json

from node import flash

FILE = "calibration.json"  # [[driver, name, key, value in the configuration, measured value], ...]


def load():
    """The calibrations; none where the file is missing or damaged."""
    try:
        rows = json.loads(flash.read(FILE))
        return [row for row in rows if isinstance(row, list) and len(row) == 5]
    except (ValueError, TypeError):
        return []


def apply(config):
    """Put the calibrations into a checked configuration that still says what it said when they were measured."""
    for driver, name, key, said, measured in load():
        for sensor in config["sensors"]:
            if sensor["driver"] == driver and sensor.get("name", "") == name and _same(sensor.get(key), said):
                sensor[key] = measured


def keep(config, sensor, changes):
    """Write measured values of one sensor over those of its table. config: as its file says it.

    Raises OSError; what was kept before stands then.
    """
    own = _identity(sensor)
    rows = [row for row in _standing(config) if row[:2] != own or row[2] not in changes]
    for said in config["sensors"]:
        if _identity(said) == own:
            rows += [own + [key, said.get(key), value] for key, value in changes.items()]
    _store(rows)


def forget(config):
    """Drop what no longer holds: this configuration is confirmed. config: as its file says it. Raises OSError."""
    rows = _standing(config)
    if len(rows) < len(load()):
        _store(rows)


def _standing(config):
    """The calibrations that hold with this configuration."""
    rows = []
    for row in load():
        if any([_identity(s) == row[:2] and _same(s.get(row[2]), row[3]) for s in config["sensors"]]):
            rows.append(row)
    return rows


def _store(rows):
    flash.replace(FILE, json.dumps(rows))


def _identity(sensor):
    return [sensor["driver"], sensor.get("name", "")]


def _same(found, said):
    """Whether a number is still the same; it went through JSON as text, with the digits that a single float has."""
    if isinstance(found, bool) or isinstance(said, bool) or found is None or said is None:
        return found is said
    if not isinstance(found, (int, float)) or not isinstance(said, (int, float)):
        return found == said
    return abs(found - said) <= 1e-5 * max(abs(found), abs(said))
