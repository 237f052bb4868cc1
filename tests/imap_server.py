"""A real IMAP server (pymap, in memory), and mail servers' reports to put into its mailbox; with TLS before it where asked."""

import imaplib
import select
import socket
import ssl
import subprocess
import sys
import threading
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

from paraat.simulate.servers import LOOPBACK, free_port
from waiting import wait_for

USER, PASSWORD = "paraat@example.org", "geheim/van@ons"
URL_USER, URL_PASSWORD = "paraat%40example.org", "geheim%2Fvan%40ons"


# pymap hashes a password 500,000 times at each login, which is right, and no test of ours.
_RUN = (
    "import sys; from pysasl.hashing import BuiltinHash; BuiltinHash.__init__.__kwdefaults__['rounds'] = 1; "
    "from pymap.main import main; sys.exit(main())"
)


class ImapServer:
    """The mailbox of one user. Starting takes half a second: share it in a test file, and let each test begin with a new folder."""

    def __init__(self) -> None:
        self.port = free_port()
        account = ["--demo-data", "--demo-user", USER, "--demo-password", PASSWORD]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _RUN, "--host", LOOPBACK, "--port", str(self.port), "--no-tls", "dict", *account],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.folder = "INBOX"
        self._folders = 0
        self._imap: imaplib.IMAP4 | None = None
        wait_for(self._listens, "the IMAP server listens")

    def begin(self) -> None:
        """Mails come into a new folder from here on."""
        self._folders += 1
        self.folder = f"Map {self._folders}"
        self._connected().create(f'"{self.folder}"')

    @property
    def path(self) -> str:
        """The folder, as the file of a mailbox has it."""
        return quote(self.folder)

    @property
    def url(self) -> str:
        """As the file of a mailbox has it."""
        return f"imap://{URL_USER}:{URL_PASSWORD}@{LOOPBACK}:{self.port}/{self.path}"

    def deliver(self, mail: bytes) -> None:
        """A mail comes in."""
        kind, answer = self._connected().append(f'"{self.folder}"', None, None, mail)  # type: ignore[arg-type]
        assert kind == "OK", answer

    def flags(self) -> list[bytes]:
        """Of each mail in the folder."""
        imap = self._connected()
        imap.select(f'"{self.folder}"', readonly=True)
        return [line for line in imap.fetch("1:*", "(FLAGS)")[1] if isinstance(line, bytes)]

    def close(self) -> None:
        if self._imap is not None:
            self._imap.shutdown()
        self._process.kill()
        self._process.wait()

    def _connected(self) -> imaplib.IMAP4:
        if self._imap is None:
            self._imap = imaplib.IMAP4(LOOPBACK, self.port, timeout=60)
            self._imap.login(USER, PASSWORD)
        return self._imap

    def _listens(self) -> bool:
        assert self._process.poll() is None, "pymap ended"
        try:
            socket.create_connection((LOOPBACK, self.port), 1).close()
        except OSError:
            return False
        return True


class TlsBefore:
    """What stands before a server that speaks no TLS from the first byte on, and does."""

    def __init__(self, port: int, cert: Path, key: Path) -> None:
        self._behind = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(cert, key)
        self._socket = socket.create_server((LOOPBACK, 0))
        self.port = self._socket.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Every connection ends, as when a server has waited long enough."""
        for one in self._open:
            one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(connection,), daemon=True).start()

    def _pass_on(self, plain: socket.socket) -> None:
        try:
            with (
                self._context.wrap_socket(plain, server_side=True) as outside,
                socket.create_connection((LOOPBACK, self._behind)) as inside,
            ):
                self._open.append(inside)
                while True:
                    ready = [outside] if outside.pending() else select.select([outside, inside], [], [])[0]
                    for one in ready:
                        data = one.recv(65536)
                        if not data:
                            return
                        (inside if one is outside else outside).sendall(data)
        except OSError:
            return


def report(
    mail: bytes | str,
    *,
    status: str = "5.1.1",
    reason: str = "550 5.1.1 no such user",
    action: str = "failed",
    headers_only: bool = False,
) -> bytes:
    """What a mail server says of a mail that it took (RFC 3464), with the mail or its headers."""
    raw = mail.encode() if isinstance(mail, str) else mail
    was = message_from_bytes(raw)
    returned = raw.replace(b"\r\n", b"\n")
    if headers_only:
        returned = returned.partition(b"\n\n")[0] + b"\n"
    lines = [
        "From: MAILER-DAEMON@mx.example.org",
        f"To: {was['From']}",
        "Subject: Undelivered Mail Returned to Sender",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="edge"',
        "",
        "--edge",
        "Content-Type: text/plain",
        "",
        "I am sorry to have to tell you that your message could not be delivered.",
        "--edge",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.org",
        "",
        f"Final-Recipient: rfc822; {was['To']}",
        f"Action: {action}",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; {reason}",
        "",
        "--edge",
        f"Content-Type: {'text/rfc822-headers' if headers_only else 'message/rfc822'}",
        "",
        *returned.decode().split("\n"),
        "--edge--",
        "",
    ]
    return "\r\n".join(lines).encode()


def mail(mark: str, to: str = "anna@example.org") -> bytes:
    """A mail of ours with that mark, as it went out."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "paraat@example.org", to, "Brandstof raakt op"
    if mark:
        made["X-Paraat-Message"] = mark
    made.set_content("Doe nu: laat brandstof brengen.")
    return bytes(made)
