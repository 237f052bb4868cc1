"""A board's reading as people say it: "brandstof 61,2 %", by the table of metrics."""

from paraat.texts import Words
from paraat_wire import metrics

_UNITS = {"%EL": "%", "%RH": "%", "Cel": "°C", "count": "", None: ""}


def name(metric: str, language: str) -> str:
    """What is measured; a sensor's own name stands behind it. Of a metric that is new to us its name on the wire."""
    row = metrics.lookup(metric)
    said = Words(language, "screen").known(f"reading.{row[0][metrics.NAME]}") if row else None
    if row is None or said is None:
        return metric
    return f"{said} ({row[1]})" if row[1] else said


def value(metric: str, found: bool | int | float, language: str) -> str:
    """The value in the reader's own figures, with its unit."""
    words = Words(language, "screen")
    if isinstance(found, bool):
        return words("selftest.on" if found else "selftest.off")
    row = metrics.lookup(metric)
    digits, unit = (row[0][metrics.DIGITS], row[0][metrics.UNIT]) if row else (2, "")
    return f"{words.number(found, digits)} {_UNITS.get(unit, unit)}".rstrip()
