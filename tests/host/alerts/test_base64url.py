"""Bytes as text for a link or a header, and back."""

import pytest

from paraat.alerts import base64url


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "abcd", "7/firing/é>?", "x" * 100])
def test_what_was_encoded_comes_back_and_needs_no_quoting(text: str) -> None:
    encoded = base64url.encode(text.encode())
    assert set(encoded) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert base64url.decode(encoded) == text


@pytest.mark.parametrize("text", ["a", "_w", "é"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        base64url.decode(text)
