"""[influx] of site.toml: where rows go, and how long they are kept there."""

from typing import Annotated

from msgspec import Meta

from paraat.domain.fields import HttpUrl, Part, Positive, Text


class InfluxSettings(Part, frozen=True):
    """[influx]: optional; without it the journal and the status page still work."""

    url: HttpUrl
    bucket: Text = "paraat"  # of InfluxDB 1 the database
    org: str = "paraat"  # of InfluxDB 2
    # Relative to the site's folder, mode 0600; of InfluxDB 1 <name>:<password>. Without the file: no password is asked for.
    token_file: Text = "influx.token"  # noqa: S105 - the name of a file
    ca_file: str | None = None  # of https://: whose certificates are believed, where the system does not
    raw_days: Annotated[int, Meta(ge=0, le=36500)] = 30  # so long InfluxDB keeps what was measured; 0: for ever
    means_days: Annotated[int, Meta(ge=0, le=36500)] = 730  # and the means of five minutes
    timeout_s: Positive = 10.0
    batch_points: Annotated[int, Meta(ge=1, le=50000)] = 5000
    status_interval_s: Positive = 60.0
