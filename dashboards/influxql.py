"""InfluxQL targets for Grafana: the one query language of InfluxDB 1.x, 2.x and 3. Names come from the metrics table."""

from typing import Any, Literal, Self

from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from paraat_wire import metrics

DATASOURCE = DataSourceRef(type_val="influxdb", uid="${datasource}")


def field(name: str) -> str:
    """The quoted InfluxDB field of a metric, such as "level_percent". Raises KeyError for an unknown metric."""
    return f'"{metrics.row_of(name)[metrics.FIELD]}"'


def measurement(name: str) -> str:
    """The quoted InfluxDB measurement of a metric. Raises KeyError for an unknown metric."""
    return f'"{metrics.row_of(name)[metrics.MEASUREMENT]}"'


class InfluxQL(variants.Dataquery):
    """A target with a query as text."""

    def __init__(self, query: str, result: Literal["table", "time_series"], ref_id: str, alias: str) -> None:
        self.query = query
        self.result = result
        self.ref_id = ref_id
        self.alias = alias

    def to_json(self) -> dict[str, Any]:
        target: dict[str, Any] = {
            "refId": self.ref_id,
            "datasource": DATASOURCE.to_json(),
            "rawQuery": True,
            "query": self.query,
            "resultFormat": self.result,
        }
        if self.alias:
            target["alias"] = self.alias
        return target


class Query(cogbuilder.Builder[InfluxQL]):
    """Builds an InfluxQL target."""

    def __init__(self, query: str) -> None:
        self._target = InfluxQL(query, "table", "A", "")

    def time_series(self, alias: str) -> Self:
        """As lines over time; alias names them, with $tag_<tag>."""
        self._target.result = "time_series"
        self._target.alias = alias
        return self

    def ref_id(self, ref_id: str) -> Self:
        """The letter of the target in its panel."""
        self._target.ref_id = ref_id
        return self

    def build(self) -> InfluxQL:
        return self._target
