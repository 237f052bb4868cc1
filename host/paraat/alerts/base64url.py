"""Bytes as text for a link or a header, and back: base64url without padding (RFC 4648, 5)."""

import base64


def encode(data: bytes) -> str:
    """Letters, digits, - and _ only."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> str:
    """What was encoded, as UTF-8. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "==").decode()  # more padding than is wanted does no harm
