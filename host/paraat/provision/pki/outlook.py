"""What keeps every board of a site from ever reaching the coordination point, as far as the site's own files tell.

A board that was written with it passes its self-test in a hall without a network, and is silent when it hangs at its point.
"""

import contextlib
import ipaddress
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509

from paraat.provision.pki.authority import BROKER
from paraat.site import inventory
from paraat.site.site import Site
from paraat.texts import SpokenError

PLAIN_PORT = 1883  # IANA: MQTT without TLS; with it 8883


class ImpossibleError(SpokenError):
    """Raised for a site whose boards would never reach it."""


def boards_broker(site: Site) -> str:
    """Where the boards look for the broker."""
    return site.broker.boards_host or site.broker.host


def is_loopback(host: str) -> bool:
    """Whether that is the machine itself, whoever asks."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def impossible(site: Site, now: datetime) -> Iterator[ImpossibleError]:
    """Each reason, the gravest first. now: aware. Raises InventoryError when the site's list cannot be read."""
    host, path = boards_broker(site), site.directory / "site.toml"
    values: dict[str, object] = {"host": host, "port": site.broker.port, "path": path, "site": site.directory}
    if is_loopback(host):
        yield ImpossibleError("outlook.loopback", **values)
    if site.broker.ca_file is None:
        yield ImpossibleError("outlook.plain", **values)
    elif site.broker.port == PLAIN_PORT:
        yield ImpossibleError("outlook.plain-port", **values)
    yield from _ended(site, now)
    names = _names(site.directory / inventory.FOLDER / BROKER)
    if names is not None and host not in names and not is_loopback(host):
        # With those that it has: who reaches it by one of them goes on.
        options = " ".join(f"--broker-name {name}" for name in (*names, host))
        yield ImpossibleError("outlook.name", names=", ".join(names), options=options, **values)


def _ended(site: Site, now: datetime) -> Iterator[ImpossibleError]:
    for record in inventory.load(site.directory).certificates:
        if record.state == "valid" and record.kind in ("broker", "host") and record.not_after < now:
            about = {"kind": record.kind, "name": record.cn, "until": f"{record.not_after:%Y-%m-%d}"}
            yield ImpossibleError("outlook.expired", site=site.directory, **about)


def _names(path: Path) -> tuple[str, ...] | None:
    """The names and addresses of the broker's certificate; None where it is not to be read here."""
    with contextlib.suppress(OSError, ValueError, x509.ExtensionNotFound):
        found = x509.load_pem_x509_certificate(path.read_bytes())
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(str(name.value) for name in names)
    return None
