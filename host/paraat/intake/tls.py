"""The TLS of the host's connection, from the files that [broker] names; they are read again when they have changed."""

import ssl
from pathlib import Path

from paraat.site.broker import BrokerSettings
from paraat.site.errors import SettingsError
from paraat.site.private import check_private
from paraat.texts import Phrase, reason


class TlsFiles:
    """A context that follows its files: after `paraat pki renew host` the next connection shows the new certificate.

    An authority that was replaced stays trusted, beside the new one, until the service ends.
    """

    def __init__(self, settings: BrokerSettings, directory: Path) -> None:
        """directory: what file names count from. Raises SettingsError for a file that cannot be used."""
        self._ca = directory / str(settings.ca_file)
        self._certificate = None if settings.cert_file is None else directory / settings.cert_file
        self._key = None if settings.key_file is None else directory / settings.key_file
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._stamp = self._look()
        self._load(self.context)

    def refresh(self) -> None:
        """Take over what has changed since. Raises SettingsError, once a change; the context is then as it was."""
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        # First into another one: a new certificate beside the old key, halfway a renewal, would leave ours without any.
        self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        self._load(self.context)

    def _look(self) -> list[tuple[int, int] | None]:
        """What tells one state of the files from another."""
        stamps: list[tuple[int, int] | None] = []
        for path in filter(None, (self._ca, self._certificate, self._key)):
            try:
                stat = path.stat()
                stamps.append((stat.st_mtime_ns, stat.st_ino))
            except OSError:
                stamps.append(None)
        return stamps

    def _load(self, context: ssl.SSLContext) -> None:
        try:
            context.load_verify_locations(self._ca)
        except (OSError, ValueError) as error:
            raise SettingsError(self._ca, "broker.ca_file", _why(error), Phrase("a PEM file")) from error
        if self._certificate is None:
            return
        try:
            # A key with a passphrase is an error: without this OpenSSL would ask for it, and a service would hang.
            context.load_cert_chain(self._certificate, self._key, password="")
        except (OSError, ValueError) as error:
            expected = Phrase("a PEM certificate, and its key in broker.key_file")
            raise SettingsError(self._certificate, "broker.cert_file", _why(error), expected) from error
        check_private(self._key or self._certificate, "broker.key_file")


def _why(error: Exception) -> str:
    return reason(error) if isinstance(error, OSError) else str(error)
