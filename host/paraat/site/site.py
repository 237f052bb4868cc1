"""A site on disk: site.toml and points/*.toml, read and checked whole before anything starts.

Every complaint is a SettingsError that says which file, which key, what was found and what is expected.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, field

from paraat.domain.fields import HttpUrl, Part, Port, Text
from paraat.domain.points import Lead, Point
from paraat.domain.profiles import Profile
from paraat.domain.roster import Roster
from paraat.domain.telling import Telling
from paraat.domain.thresholds import Alerts
from paraat.site.broker import BrokerSettings, check_broker, watching
from paraat.site.channels import AlertTest, Channels, read_channels
from paraat.site.errors import SettingsError
from paraat.site.influx import InfluxSettings
from paraat.site.points import check_interval, read_points
from paraat.site.private import OWN_KEY, own_key
from paraat.site.profiles import profile_of, read_profiles, with_capacity
from paraat.site.roster import read_roster
from paraat.site.tables import convert_table, either, read_toml
from paraat.site.thresholds import alerts_of, check_profile
from paraat.site.thresholds import check as check_thresholds
from paraat.site.watcher import Watcher, check_watcher
from paraat.texts import Phrase, languages
from paraat.texts.catalogue import DEFAULT

Fingerprint = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Region(Part, frozen=True):
    """[site]"""

    region: Text
    language: Text = DEFAULT  # of pages, mails and commands: one that has a catalogue (texts/)
    timezone: Text = "Europe/Amsterdam"
    journal: Text = "journal.sqlite"  # relative to the site's folder
    phone: Text | None = None  # of the coordination point, for who must call it
    standby: bool = False  # this machine is the spare one: it serves only while no other host does
    authority: tuple[Fingerprint, ...] = ()  # SHA-256 of pki/ca.crt; written by our commands (site/fingerprint.py)


class WebSettings(Part, frozen=True):
    """[web]: the status page binds to loopback until users are configured.

    base_url: where a phone reaches /seen/, the links of messages, through a proxy; None: messages have no link.
    health_port: where /healthz answers too, whatever keeps the page busy; None: only the page does.
    """

    host: Literal["127.0.0.1", "::1", "localhost"] = "127.0.0.1"
    port: Port = 8080
    base_url: HttpUrl | None = None
    health_port: Port | None = None


class SiteFile(Part, frozen=True):
    """site.toml"""

    site: Region
    broker: BrokerSettings = BrokerSettings()
    influx: InfluxSettings | None = None
    web: WebSettings = WebSettings()
    alerts: Alerts = Alerts()
    telling: Telling = Telling()
    channels: dict[str, Any] = field(default_factory=dict)  # site/channels.py
    coordination: Lead = Lead()
    watcher: Watcher = Watcher()
    alert_test: AlertTest = AlertTest()


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A whole site, checked. Relative file names count from `directory`. roster: who is told, the old addresses too.

    points and profiles are keyed by point id; a profile is what holds for its point, with the point's own changes.
    own_alerts: by point, where its profile or its file has other thresholds than the site.
    """

    directory: Path
    region: Region
    broker: BrokerSettings
    influx: InfluxSettings | None
    web: WebSettings
    alerts: Alerts
    telling: Telling
    channels: Channels
    coordination: Lead
    points: dict[str, Point]
    profiles: dict[str, Profile]
    own_alerts: dict[str, Alerts] = {}
    roster: Roster
    watcher: Watcher = Watcher()
    alert_test: AlertTest = AlertTest()

    def alerts_of(self, point: str) -> Alerts:
        """The thresholds that hold for a point."""
        return self.own_alerts.get(point, self.alerts)

    def path(self, name: str) -> Path:
        """A file named in site.toml, relative to the site's folder."""
        return self.directory / name

    def own_key(self) -> bytes:
        """The site's own key, beside the journal. Raises SettingsError."""
        return own_key(self._data)

    def check_own_key(self) -> None:
        """Raise SettingsError where the own key is there and cannot be used; it makes none."""
        if (self._data / OWN_KEY).exists():
            own_key(self._data)

    @property
    def _data(self) -> Path:
        return self.path(self.region.journal).parent


def load_site(directory: Path) -> Site:
    """Read and check a site's folder. Raises SettingsError at the first thing that is wrong."""
    path = directory / "site.toml"
    site = _read_site_file(path)
    if site.site.language not in languages():
        raise SettingsError(path, "site.language", repr(site.site.language), either(languages()))
    try:
        ZoneInfo(site.site.timezone)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(
            path, "site.timezone", repr(site.site.timezone), Phrase('a time zone such as "Europe/Amsterdam"')
        ) from error
    check_thresholds(path, site.alerts)
    check_broker(path, site.broker)
    if site.site.standby and watching(site.broker, directory, spare=True) is None:
        raise SettingsError(
            path,
            "site.standby",
            "true",
            Phrase(
                "pki/spare.crt and spare.key, the certificate of a spare host: make it with `.venv/bin/paraat pki renew spare`, and write"
                " the broker's configuration anew (docs/pki.md)"
            ),
        )
    check_watcher(path, site.watcher)
    known = read_profiles(directory / "profiles")
    for profile_path, profile in known.values():
        check_profile(site.alerts, profile_path, profile.alerts)
    points: dict[str, Point] = {}
    profiles: dict[str, Profile] = {}
    own_alerts: dict[str, Alerts] = {}
    for point_path, point in read_points(directory / "points"):
        check_interval(point_path, point, site.alerts.point_silent)
        profiles[point.id] = profile_of(point_path, point, known)
        points[point.id] = with_capacity(point_path, point, profiles[point.id])
        profile_path, profile = known[point.profile]
        own = alerts_of(site.alerts, (profile_path, profile.alerts), (point_path, point))
        if own != site.alerts:
            own_alerts[point.id] = own
    if site.broker.client_id in points:
        raise SettingsError(
            path,
            "broker.client_id",
            repr(site.broker.client_id),
            Phrase("another name: it is a point's, whose board bears it"),
        )
    return Site(
        directory=directory,
        region=site.site,
        broker=site.broker,
        influx=site.influx,
        web=site.web,
        alerts=site.alerts,
        telling=site.telling,
        channels=read_channels(path, site.channels),
        coordination=site.coordination,
        watcher=site.watcher,
        alert_test=site.alert_test,
        points=points,
        profiles=profiles,
        own_alerts=own_alerts,
        roster=read_roster(directory, points, site.coordination, site.site.timezone),
    )


def language_of(directory: Path) -> str | None:
    """The language of a site whose files may be wrong otherwise; None where it has none that can be told."""
    try:
        found = tomllib.loads((directory / "site.toml").read_text(encoding="utf-8-sig"))["site"]["language"]
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return None
    return found if found in languages() else None


def phone_of(directory: Path) -> str | None:
    """The telephone number of the coordination point, also of a site whose other files are wrong; None where it has none."""
    try:
        found = tomllib.loads((directory / "site.toml").read_text(encoding="utf-8-sig"))["site"]["phone"]
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return None
    return found if isinstance(found, str) and found.isprintable() else None


def _read_site_file(path: Path) -> SiteFile:
    """Raises SettingsError. [board] is the old name of [web]: a site that was set up under it goes on."""
    tables = read_toml(path)
    if "board" not in tables:
        return convert_table(path, tables, SiteFile)
    if "web" in tables:
        raise SettingsError(
            path, "board", Phrase("a table beside [web]"), Phrase("only [web]: [board] is its old name")
        )
    old = tables.pop("board")
    site = convert_table(path, tables, SiteFile)
    return msgspec.structs.replace(site, web=convert_table(path, old, WebSettings, "board"))
