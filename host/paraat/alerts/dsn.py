"""A delivery status notification (RFC 3464): what a mail server says later of a mail that it could not deliver.

It comes from anybody who knows the sender's address, so nothing in it is believed but a mark of ours. Pure.
"""

import email
from collections.abc import Iterator
from email.message import Message
from typing import NamedTuple

from paraat.alerts.marks import HEADER

_PARTS_MOST = 50
_WHY_CHARS = 200
_HEADERS = ("text/rfc822-headers", "message/global-headers")  # of the mail that came back; or all of it:
_WHOLE = ("message/rfc822", "message/global")
_STATUS = ("message/delivery-status", "message/global-delivery-status")


class Failed(NamedTuple):
    """A mail that could not be delivered. mark: as it stands in the mail that came back, whoever wrote it.

    why: the status and the reason, such as "5.1.1: 550 no such user"; one line of at most 200 characters.
    """

    mark: str
    why: str


def read(raw: bytes) -> Failed | None:
    """What a mail says; None: it is no report of a mail with a mark that failed for good. Raises nothing.

    raw: the mail, or its beginning.
    """
    try:
        return _read(raw)
    except Exception:  # noqa: BLE001 - whatever somebody sends; Python's parser has mistakes of its own
        return None


def _read(raw: bytes) -> Failed | None:
    why, mark = "", ""
    for part in _parts(email.message_from_bytes(raw)):
        kind = part.get_content_type()
        if kind in _STATUS and not why:
            why = _why(part)
        elif kind in (*_WHOLE, *_HEADERS) and not mark:
            mark = _mark(part, kind)
    return Failed(mark, why) if mark and why else None


def _parts(message: Message) -> Iterator[Message]:
    """Those of the report itself, and none of the mail that came back."""
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return
    yield from message.get_payload()[:_PARTS_MOST]  # type: ignore[index, misc]


def _why(part: Message) -> str:
    """Why a recipient did not get it; "": all did, or may yet. Its payload is a block of fields each (RFC 3464, 2.1)."""
    blocks = part.get_payload()
    for block in blocks if isinstance(blocks, list) else ():
        if _line(block.get("Action", "")).lower() != "failed":  # type: ignore[union-attr]
            continue
        status = _line(block.get("Status", ""))  # type: ignore[union-attr]
        said = _line(block.get("Diagnostic-Code", ""))  # type: ignore[union-attr]
        reason = said.partition(";")[2].strip() or said  # "smtp; 550 no such user"
        return ": ".join(filter(None, (status[:20], reason)))[:_WHY_CHARS] or "failed"
    return ""


def _mark(part: Message, kind: str) -> str:
    payload = part.get_payload()
    if kind in _HEADERS:
        raw = part.get_payload(decode=True)
        returned = email.message_from_bytes(raw if isinstance(raw, bytes) else b"")
    elif isinstance(payload, list) and payload:
        returned = payload[0]  # type: ignore[assignment]
    else:
        return ""
    return "".join(str(returned.get(HEADER, "")).split())  # a header that was folded


def _line(value: object) -> str:
    return " ".join(str(value).split())
