"""A site on disk: site.toml and points/*.toml, read and checked whole before anything starts.

Every complaint is a SettingsError that says which file, which key, what was found and what is expected.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from paraat.domain import tanks
from paraat.domain.battery import Battery
from paraat.domain.tanks import Tank
from paraat_wire import topics

# TOML knows inf and nan. These types refuse both: a hold of inf would never let an alert fire.
Positive = Annotated[float, Meta(gt=0, le=1e9)]
NotNegative = Annotated[float, Meta(ge=0, le=1e9)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Port = Annotated[int, Meta(ge=1, le=65535)]
# \Z and not $, which lets a line end behind it: a name goes into the subject of a mail.
_LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*\Z"
_HTTP_URL = r"^https?://[^\s/]+(/\S*)?\Z"
_EMAIL_ADDRESS = r"^[^@\s]+@[^@\s]+\Z"
Text = Annotated[str, Meta(pattern=_LINE)]
HttpUrl = Annotated[str, Meta(pattern=_HTTP_URL)]
EmailAddress = Annotated[str, Meta(pattern=_EMAIL_ADDRESS)]


class SettingsError(Exception):
    """Raised when a site file is missing or wrong. str() names file, key, what was found, what is expected."""

    def __init__(self, path: Path, key: str, found: str, expected: str) -> None:
        at = f"{path}: {key}: " if key else f"{path}: "
        super().__init__(f"{at}found {found}; expected {expected}")
        self.path = path
        self.key = key
        self.found = found
        self.expected = expected


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a site's or a board's file: an unknown key is an error."""


class Region(Part, frozen=True):
    """[site]"""

    region: Text
    language: Literal["nl", "en"] = "nl"
    timezone: Text = "Europe/Amsterdam"
    journal: Text = "journal.sqlite"  # relative to the site's folder


# What the broker calls the host service and who commands boards (deploy/mosquitto/acl): no point may have these names.
HOST_NAME = "paraat-host"
DESK_NAME = "paraat-desk"


class BrokerSettings(Part, frozen=True):
    """[broker]: the MQTT broker of the coordination point."""

    host: Text = "127.0.0.1"
    boards_host: Text | None = None  # under which the boards reach it, where that is not `host`
    port: Port = 1883
    client_id: Text = HOST_NAME
    username: str | None = None
    password_file: str | None = None  # relative to the site's folder, mode 0600
    ca_file: str | None = None  # PEM; switches TLS on
    cert_file: str | None = None
    key_file: str | None = None
    keepalive_s: Annotated[int, Meta(ge=5, le=3600)] = 30


class InfluxSettings(Part, frozen=True):
    """[influx]: optional; without it the journal and the status board still work."""

    url: HttpUrl
    bucket: Text
    org: str = ""
    token_file: str | None = None  # relative to the site's folder, mode 0600
    timeout_s: Positive = 10.0
    batch_points: Annotated[int, Meta(ge=1, le=50000)] = 5000
    status_interval_s: Positive = 60.0


class StatusBoardSettings(Part, frozen=True):
    """[board]: the status board binds to loopback until users are configured."""

    host: Literal["127.0.0.1", "::1", "localhost"] = "127.0.0.1"
    port: Port = 8080


class LowFuel(Part, frozen=True):
    """[alerts.low_fuel]: fires below one of raise_*, resolves only above both clear_*."""

    raise_hours: Positive = 6.0
    clear_hours: Positive = 8.0
    raise_percent: Percent = 20.0
    clear_percent: Percent = 25.0
    hold_s: NotNegative = 120.0


class Silent(Part, frozen=True):
    """[alerts.point_silent]: fires when a point was not heard for after_s."""

    after_s: Positive = 300.0
    hold_s: NotNegative = 60.0


class CertificateExpiry(Part, frozen=True):
    """[alerts.certificate_expiry]: fires so long before the certificate of a board ends."""

    raise_days: Positive = 60.0  # time to plan a visit to every point
    hold_s: NotNegative = 600.0


class FuelLoss(Part, frozen=True):
    """[alerts.fuel_loss]: fires when the level falls while the generator is off."""

    hold_s: NotNegative = 120.0


class HelpAsked(Part, frozen=True):
    """[alerts.help_asked]: fires when the help button of a point is held, and ends so long after the last time."""

    for_s: Positive = 3600.0


class Alerts(Part, frozen=True):
    """[alerts]"""

    low_fuel: LowFuel = LowFuel()
    fuel_loss: FuelLoss = FuelLoss()
    point_silent: Silent = Silent()
    certificate_expiry: CertificateExpiry = CertificateExpiry()
    help_asked: HelpAsked = HelpAsked()


class Email(Part, frozen=True):
    """[channels.email]: sent with apprise. url_file holds one apprise mailto(s):// URL (it may hold a password)."""

    url_file: Text  # relative to the site's folder, mode 0600


class Channels(Part, frozen=True):
    """[channels]: the log is always one of them."""

    email: Email | None = None


class Lead(Part, frozen=True):
    """[lead] of a point, [coordination] of a site: where its alerts go; nothing more about anybody is kept."""

    email: EmailAddress | None = None


class SiteFile(Part, frozen=True):
    """site.toml"""

    site: Region
    broker: BrokerSettings = BrokerSettings()
    influx: InfluxSettings | None = None
    board: StatusBoardSettings = StatusBoardSettings()
    alerts: Alerts = Alerts()
    channels: Channels = Channels()
    coordination: Lead = Lead()


class PointBoard(Part, frozen=True):
    """[board] of a point"""

    type: Text = "esp32_devkitc"
    interval_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    link: Literal["wifi", "ethernet"] | None = None  # where it is not the board's own
    battery_low_v: Positive = 11.8  # the lamp's own alarm; twice as much for a battery of 24 V
    without: tuple[str, ...] = ()  # standard sensors that this point has not, by driver or metric


class Point(Part, frozen=True):
    """points/<id>.toml"""

    id: str
    name: Text
    municipality: Text
    capacity: Annotated[int, Meta(ge=1, le=5000)]
    tank: Tank
    battery: Battery | None = None  # where one carries the load when there is no generator
    position: tuple[Latitude, Longitude] | None = None  # latitude, longitude in degrees; never shown on a public feed
    board: PointBoard = PointBoard()
    lead: Lead = Lead()
    sensors: tuple[dict[str, Any], ...] = ()


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A whole site, checked. points is keyed by point id; relative file names count from `directory`."""

    directory: Path
    region: Region
    broker: BrokerSettings
    influx: InfluxSettings | None
    board: StatusBoardSettings
    alerts: Alerts
    channels: Channels
    coordination: Lead
    points: dict[str, Point]

    def path(self, name: str) -> Path:
        """A file named in site.toml, relative to the site's folder."""
        return self.directory / name


T = TypeVar("T", bound=msgspec.Struct)


def load_site(directory: Path) -> Site:
    """Read and check a site's folder. Raises SettingsError at the first thing that is wrong."""
    path = directory / "site.toml"
    site = read_table(path, SiteFile)
    try:
        ZoneInfo(site.site.timezone)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(
            path, "site.timezone", repr(site.site.timezone), 'a time zone such as "Europe/Amsterdam"'
        ) from error
    fuel = site.alerts.low_fuel
    for raise_key, clear_key in (("raise_hours", "clear_hours"), ("raise_percent", "clear_percent")):
        if getattr(fuel, clear_key) <= getattr(fuel, raise_key):
            raise SettingsError(
                path,
                f"alerts.low_fuel.{clear_key}",
                str(getattr(fuel, clear_key)),
                f"more than {raise_key} ({getattr(fuel, raise_key)}), or the alert would flutter",
            )
    _check_broker(path, site.broker)
    points: dict[str, Point] = {}
    for point_path, point in _read_points(directory / "points"):
        _check_interval(point_path, point, site.alerts.point_silent)
        points[point.id] = point
    if site.broker.client_id in points:
        raise SettingsError(
            path, "broker.client_id", repr(site.broker.client_id), "another name: it is a point's, whose board bears it"
        )
    return Site(
        directory=directory,
        region=site.site,
        broker=site.broker,
        influx=site.influx,
        board=site.board,
        alerts=site.alerts,
        channels=site.channels,
        coordination=site.coordination,
        points=points,
    )


def _check_broker(path: Path, broker: BrokerSettings) -> None:
    """What is of no use without another key: left out silently, the host would speak in clear, or without a name."""
    for key, other in (("cert_file", "ca_file"), ("key_file", "cert_file"), ("password_file", "username")):
        if getattr(broker, key) is not None and getattr(broker, other) is None:
            raise SettingsError(path, f"broker.{other}", "nothing", f"a value, because broker.{key} has one")


def _check_interval(path: Path, point: Point, silent: Silent) -> None:
    if point.board.interval_s >= silent.after_s:
        raise SettingsError(
            path,
            "board.interval_s",
            str(point.board.interval_s),
            f"less than alerts.point_silent.after_s ({silent.after_s:g}), or the point is silent between two sets",
        )


def read_secret(path: Path, key: str) -> str:
    """The one line of a secret file that `key` of site.toml names. Raises SettingsError; never shows the content."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            path, key, f"no readable file ({error.__class__.__name__})", "a file with one line"
        ) from error
    check_private(path, key)
    if not secret:
        raise SettingsError(path, key, "an empty file", "one line")
    if not secret.isprintable():  # in a header of HTTP it would be an error whose words show it
        raise SettingsError(path, key, "more than one line, or a character that cannot be printed", "one line")
    return secret


def check_private(path: Path, key: str = "") -> None:
    """Raise SettingsError when others than its owner may read a file that is there."""
    mode = path.stat().st_mode
    if mode & 0o077:
        raise SettingsError(path, key, f"mode {mode & 0o777:04o}", f"mode 0600: run `chmod 600 {path}`")


def _read_points(directory: Path) -> Iterator[tuple[Path, Point]]:
    """Each point with its file. Raises SettingsError."""
    paths = sorted(directory.glob("*.toml"))
    for path in sorted(directory.glob("*")):
        # A point that nobody sees missing: Windows may hide the end of a name, or write it in capitals.
        if path not in paths and path.name.lower().endswith((".toml", ".toml.txt")):
            raise SettingsError(path, "", "a name that does not end in .toml", f"{path.name.split('.')[0]}.toml")
    if not paths:
        raise SettingsError(directory, "", "no *.toml", "one file a point, such as points/nsp-0101.toml")
    for path in paths:
        point = read_table(path, Point)
        if not topics.is_point_id(point.id):
            raise SettingsError(path, "id", repr(point.id), "2 to 31 of a-z, 0-9 and -, not starting with -")
        if point.id in (HOST_NAME, DESK_NAME):
            raise SettingsError(
                path, "id", repr(point.id), "another id; the broker knows one of our programs by this one"
            )
        if path.stem != point.id:  # the name of the file says it too, so that no two points can have one id
            other = path.with_name(f"{point.id}.toml")
            raise SettingsError(
                path,
                "id",
                repr(point.id),
                f"an id of its own; {other} has it already"
                if other.exists()
                else f"{path.stem!r}, as the file is called; or call the file {other.name}",
            )
        for key, found, expected in tanks.mistakes(point.tank):
            raise SettingsError(path, f"tank.{key}", found, expected)
        yield path, point


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises SettingsError when it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows puts a mark before it
    except FileNotFoundError as error:
        raise SettingsError(path, "", "no such file", "a file as in deploy/site.example/") from error
    except (
        OSError,
        ValueError,
        RecursionError,
    ) as error:  # ValueError: no UTF-8, no TOML, a number too long to be read
        raise SettingsError(path, "", f"a mistake ({error})", "a readable TOML file in UTF-8") from error


def read_table(path: Path, kind: type[T]) -> T:
    """A TOML file as one typed table. Raises SettingsError."""
    return convert_table(path, read_toml(path), kind)


def convert_table(path: Path, data: dict[str, Any], kind: type[T], key: str = "") -> T:
    """A table read from `path` as `kind`; key: where in the file it stands. Raises SettingsError."""
    try:
        return msgspec.convert(data, kind, str_keys=True)
    except msgspec.ValidationError as error:
        raise _explain(path, data, kind, str(error), key) from error


_PATTERNS = {
    _LINE: "a text on one line",
    _HTTP_URL: "a URL such as http://127.0.0.1:8086",
    _EMAIL_ADDRESS: "a mail address",
}

# What msgspec says: "Expected `int`, got `str` - at `$.broker.port`", "Object contains unknown field `x` - at `$.a`".
_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<key>[^`]*)`)?$", re.DOTALL)


def _explain(path: Path, data: dict[str, Any], kind: type[msgspec.Struct], message: str, at: str) -> SettingsError:
    match = _WHERE.match(message)
    assert match is not None
    what, key = match["what"], match["key"] or ""

    def error(found: str, expected: str, last: str = "") -> SettingsError:
        return SettingsError(path, ".".join(part for part in (at, key, last) if part), found, expected)

    if unknown := re.search(r"unknown field `(.*)`", what):
        known = ", ".join(_keys(kind, key)) or "a key of this table"
        return error("an unknown key", f"one of: {known}", unknown[1])
    if missing := re.search(r"missing required field `(.*)`", what):
        return error("nothing", "a value: this key is required", missing[1])
    if "Invalid enum value" in what:
        return error(_found(data, key), " or ".join(repr(value) for value in _choices(kind, key)))
    for regex, words in _PATTERNS.items():
        if f"regex {regex!r}" in what:
            return error(_found(data, key), words)
    expected = re.sub(r", got .*", "", what).removeprefix("Expected ").replace("`", "")
    return error(_found(data, key), expected)


def _found(data: Any, key: str) -> str:
    for part in re.findall(r"[^.\[\]]+", key):
        try:
            data = data[int(part)] if isinstance(data, list) else data[part]
        except (KeyError, ValueError, IndexError, TypeError):
            return "nothing"
    return repr(data)[:80]


def _table(kind: type[msgspec.Struct], parts: list[str]) -> type[msgspec.Struct] | None:
    """The struct that describes the table at `parts`, or None where the table is free."""
    for part in parts:
        found = _types(kind).get(part)
        structs = [o for o in (found, *get_args(found)) if isinstance(o, type) and issubclass(o, msgspec.Struct)]
        if not structs:
            return None
        kind = structs[0]
    return kind


def _types(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


def _keys(kind: type[msgspec.Struct], key: str) -> tuple[str, ...]:
    """The keys that the table at `key` may have."""
    table = _table(kind, key.split(".") if key else [])
    return table.__struct_fields__ if table else ()


def _choices(kind: type[msgspec.Struct], key: str) -> tuple[Any, ...]:
    """The values that a Literal at `key` may have."""
    *parents, last = key.split(".")
    table = _table(kind, parents)
    return get_args(_types(table).get(last)) if table else ()
