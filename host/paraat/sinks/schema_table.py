"""The tables of docs/influxdb.md, from the schema itself: make words"""

from collections.abc import Iterator
from pathlib import Path

from paraat.sinks import schema
from paraat_wire import metrics

PAGE = Path(__file__).parents[3] / "docs/influxdb.md"
_BEGIN, _END = "<!-- schema: make words -->\n", "<!-- end of schema -->\n"
_TYPES = {schema.FLOAT: "float", schema.INT: "integer", schema.BOOL: "boolean", schema.TEXT: "string"}


def tables() -> str:
    """In Markdown a table for each measurement: its tags, and its fields with type, unit and meaning."""
    of_metrics: dict[str, list[tuple[str, str, str, str]]] = {}
    for row in metrics.ROWS:
        unit = row[metrics.UNIT] or ""
        field = (row[metrics.FIELD], row[metrics.TYPE], "" if unit == "count" else unit, row[metrics.MEANING])
        of_metrics.setdefault(row[metrics.MEASUREMENT], []).append(field)
    of_metrics[schema.POINT] += schema.PLACE_FIELDS
    order = [schema.POINT, *schema.ROWS, *(name for name in of_metrics if name != schema.POINT)]
    return "\n".join(line for name in order for line in _table(name, of_metrics.get(name, []))) + "\n"


def _table(name: str, of_metrics: list[tuple[str, str, str, str]]) -> Iterator[str]:
    fields = of_metrics or list(schema.ROWS[name].fields)
    yield f"#### `{name}`"
    yield f"Tags: {', '.join(f'`{tag}`' for tag in schema.tags(name))}."
    yield ""
    yield "| field | type | unit | meaning |"
    yield "|---|---|---|---|"
    for field, kind, unit, meaning in fields:
        yield f"| `{field}` | {_TYPES[kind]} | {unit} | {meaning} |"
    yield ""


def written(page: str) -> str:
    """The page with the tables as they are now. Raises ValueError where it has no place for them."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{PAGE}: no lines {_BEGIN.strip()} and {_END.strip()}")
    return f"{before}{begin}{tables()}{end}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
