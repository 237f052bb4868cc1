"""The helper that looks into the mailbox of the sender for mails that came back, over IMAP (RFC 3501). It changes nothing there.

A server may hang, or drip, for ever: then this process is killed, and the next one begins with the same mail again. Order:
{"url", "ca_file", "folder": validity of the last look, "after": the last mail that was read, "since_t"}; see `look`.
"""

import contextlib
import imaplib
import re
import ssl
import time
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from paraat.alerts import dsn
from paraat.alerts.helpers.aside import Answer, AsideError, serve

_MOST_AT_ONCE = 100  # mails in one look: the rest comes with the next
_MOST_BYTES = 131_072  # of one mail: a report begins with what is to be known
_WAIT_S = 20.0  # for one answer of the server
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UID, _KIND = re.compile(rb"\bUID (\d+)"), re.compile(rb"multipart/report", re.IGNORECASE)


class Mailbox:
    """One mailbox; the connection is kept from one look to the next."""

    def __init__(self) -> None:
        self._imap: imaplib.IMAP4 | None = None

    def __call__(self, order: Answer) -> Answer:
        """Look into it. Raises AsideError with the words of the server, without what is secret."""
        url = urlsplit(order["url"])
        kept = self._imap is not None
        try:
            try:
                return self._look(url, order)
            except (imaplib.IMAP4.abort, OSError):
                if not kept:  # one that was kept may just have been closed by the server
                    raise
                self._close()
                return self._look(url, order)
        except (imaplib.IMAP4.error, OSError) as error:
            self._close()
            raise AsideError(_words(error, url)) from error

    def _look(self, url: SplitResult, order: Answer) -> Answer:
        """{"folder": its validity, "after": the last mail that was read, "more": whether others wait, "failed": [(mark, why)]}.

        folder, after of the order: as of the last answer, 0 at first; since_t: then mails since so long ago are read.
        """
        imap = self._imap or self._open(url, order["ca_file"])
        folder = unquote(url.path.strip("/")) or "INBOX"
        _ask(imap.select(f'"{_quoted(folder)}"', readonly=True))
        validity = int((imap.response("UIDVALIDITY")[1] or [b"0"])[0] or 0)
        after = int(order["after"]) if validity == order["folder"] else 0
        uids = self._newer(imap, after, order["since_t"])
        mine = uids[:_MOST_AT_ONCE]
        failed = [found for uid in self._reports(imap, mine) if (found := self._read(imap, uid)) is not None]
        return {
            "folder": validity,
            "after": mine[-1] if mine else after,
            "more": len(uids) > len(mine),
            "failed": failed,
        }

    def _open(self, url: SplitResult, ca_file: str | None) -> imaplib.IMAP4:
        host, port = url.hostname or "", url.port
        if url.scheme == "imaps":
            context = ssl.create_default_context(cafile=ca_file)
            imap: imaplib.IMAP4 = imaplib.IMAP4_SSL(host, port or 993, ssl_context=context, timeout=_WAIT_S)
        else:
            imap = imaplib.IMAP4(host, port or 143, timeout=_WAIT_S)
        self._imap = imap
        imap.login(unquote(url.username or ""), unquote(url.password or ""))
        return imap

    def _close(self) -> None:
        if self._imap is not None:
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                self._imap.shutdown()
        self._imap = None

    @staticmethod
    def _newer(imap: imaplib.IMAP4, after: int, since_t: float) -> list[int]:
        if after:
            found = _ask(imap.uid("SEARCH", "UID", f"{after + 1}:*"))  # the last one is always among them
        else:
            day = time.gmtime(since_t)
            found = _ask(imap.uid("SEARCH", "SINCE", f"{day.tm_mday:02}-{_MONTHS[day.tm_mon - 1]}-{day.tm_year}"))
        uids = sorted(int(uid) for line in found if isinstance(line, bytes) for uid in line.split())
        return [uid for uid in uids if uid > after]

    @staticmethod
    def _reports(imap: imaplib.IMAP4, uids: list[int]) -> list[int]:
        """Which of these mails say that they are reports."""
        if not uids:
            return []
        asked = "(UID BODY.PEEK[HEADER.FIELDS (CONTENT-TYPE)])"
        found = _ask(imap.uid("FETCH", ",".join(map(str, uids)), asked))
        said = {int(uid[1]): one[1] for one in found if isinstance(one, tuple) and (uid := _UID.search(one[0]))}
        return [uid for uid in uids if _KIND.search(said.get(uid, b""))]

    @staticmethod
    def _read(imap: imaplib.IMAP4, uid: int) -> dsn.Failed | None:
        found = _ask(imap.uid("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{_MOST_BYTES}>)"))
        raw = next((one[1] for one in found if isinstance(one, tuple)), b"")
        return dsn.read(raw[:_MOST_BYTES])


def _ask(answer: tuple[str, list[Any]]) -> list[Any]:
    kind, found = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(str(found[:1]))
    return found


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _words(error: Exception, url: SplitResult) -> str:
    """What the server or the network said; a server may repeat what it was told."""
    said = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error).encode()
    words = " ".join(said.decode(errors="replace").split())[:200]
    for secret in filter(None, (url.password, unquote(url.password or ""))):
        words = words.replace(secret, "***")
    return words or type(error).__name__


if __name__ == "__main__":
    serve(Mailbox())
