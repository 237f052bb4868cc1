"""The broker's configuration: deploy/mosquitto with the site's paths, and the site's certificates beside it."""

import os
import shutil
from pathlib import Path
from string import Template

from paraat.provision.pki.authority import BROKER, BROKER_KEY, CA, CRL
from paraat.site import inventory, paths
from paraat.site.broker import CLIENTS
from paraat.site.files import write_atomic
from paraat.site.inventory import PkiError
from paraat.site.site import Site
from paraat.texts import Phrase, reason

CONFIG = "mosquitto.conf"
FOLDER = "paraat"
ACL = "acl"
GROUP = "mosquitto"  # what Debian's broker becomes after its start; at a reload it reads its key as that group


class BrokerConfigError(PkiError):
    """Raised when the configuration cannot be written. str() says which file, why, and what to do."""


def write(site: Site, out: Path, *, address: str, data: Path) -> list[Path]:
    """Write mosquitto.conf and the folder paraat/ into `out` (on a CP: /etc/mosquitto). Returns the files.

    address: to listen on; empty for all. data: where the broker keeps sessions and messages. The key is readable by its
    owner, and when root runs this by the group mosquitto. Raises BrokerConfigError.
    """
    out = out.resolve()
    folder = out / FOLDER
    words: dict[str, object] = {"port": site.broker.port, "address": address, "folder": folder, "data": data}
    words |= CLIENTS
    source = site.directory / inventory.FOLDER
    try:
        templates = {name: (paths.mosquitto_dir() / name).read_text("utf-8") for name in (CONFIG, ACL)}
        files = {folder / name: (source / name).read_bytes() for name in (CA, BROKER, BROKER_KEY, CRL)}
    except OSError as error:
        raise BrokerConfigError(
            Phrase(
                "{filename}: {why}; of the broker's own files `.venv/bin/paraat pki renew broker --site {directory}` makes new ones,"
                " and a region that never had a board begins as docs/pki.md says",
                filename=error.filename,
                why=reason(error),
                directory=site.directory,
            )
        ) from error
    files[folder / ACL] = Template(templates[ACL]).substitute(words).encode()
    # Last: a broker that starts meanwhile finds the old configuration, or all that the new one names.
    files[out / CONFIG] = Template(templates[CONFIG]).substitute(words).encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # whatever root's umask: at a reload the broker reads as the user mosquitto
        for path, content in files.items():
            _write(path, content, secret=path.name == BROKER_KEY)
    except OSError as error:
        raise BrokerConfigError(
            Phrase("{out}: {why}; may this user write there (sudo)?", out=out, why=reason(error))
        ) from error
    return list(files)


def _write(path: Path, content: bytes, *, secret: bool) -> None:
    write_atomic(path, content, mode=0o600 if secret else 0o644)
    if secret and os.geteuid() == 0:
        try:
            shutil.chown(path, group=GROUP)
        except LookupError:
            return  # no mosquitto on this machine
        path.chmod(0o640)
