"""The tables of docs/influxdb.md."""

from paraat.sinks import schema
from paraat.sinks.schema_table import PAGE, tables, written


def test_the_page_has_every_measurement_and_field_as_they_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page, "run `make words`"
    for measurement, types in schema.fields().items():
        assert f"#### `{measurement}`" in tables()
        for field in types:
            assert f"| `{field}` |" in tables()
