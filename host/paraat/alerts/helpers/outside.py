"""The helper that hands messages to apprise: {"url", "title", "body"} in, {"done", "why", "refused"} out."""

import logging
import re

import apprise

from paraat.alerts.helpers.aside import Answer, serve

# What a mail server said stands in these lines alone, which are for who debugs apprise.
_SERVER_SAID = "Socket Exception: "
# As smtplib says that an address was refused, for good; and the words by which a server says that it is because of the address
# (RFC 3463: 5.1.x, 5.2.1), and not because of us.
_RECIPIENT = re.compile(r"\{'[^']*': \((5\d\d), b['\"](.*)['\"]\)\}\Z")
_ADDRESS, _ENHANCED, _PLAIN = re.compile(r"5\.(1\.\d+|2\.1)\b"), re.compile(r"\d\.\d+\.\d+\b"), ("550", "551", "553")


class _Said(logging.Handler):
    """apprise tells why something failed only in its log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if record.levelno >= logging.WARNING or line.startswith(_SERVER_SAID):
            self.lines.append(" ".join(line.removeprefix(_SERVER_SAID).split()))


def hand_over(order: Answer) -> Answer:
    """Send one message to one URL. why: what apprise logged, which may hold pieces of the URL. refused: why there is no such
    address, in the words of a mail server; "": nothing of the kind was said.
    """
    out = apprise.Apprise()
    if not out.add(order["url"]):
        return {"done": False, "why": "apprise does not take this URL", "refused": ""}
    said, log = _Said(), logging.getLogger("apprise")
    log.setLevel(logging.DEBUG)
    log.addHandler(said)
    try:
        done = out.notify(title=order["title"], body=order["body"], body_format=apprise.NotifyFormat.TEXT)
    finally:
        log.removeHandler(said)
    return {"done": bool(done), "why": "; ".join(said.lines), "refused": refused(said.lines)}


def refused(lines: list[str]) -> str:
    """In what words of a mail server an address is none; "": no server said so."""
    for line in lines:
        found = _RECIPIENT.search(line)
        if found is None:
            continue
        code, words = found[1], found[2]
        if _ADDRESS.match(words) or (code in _PLAIN and not _ENHANCED.match(words)):
            return f"{code} {words}"
    return ""


if __name__ == "__main__":
    serve(hand_over)
