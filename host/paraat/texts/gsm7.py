"""Text as an SMS of one part carries it: the 7-bit alphabet of GSM 03.38 (3GPP TS 23.038), without its two-place extension.

One character beyond it makes the whole message 16-bit, and then 70 characters are all there are.
"""

import unicodedata

SMS = 160  # characters of one part

_ALPHABET = frozenset(
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà\n"
)
_INSTEAD = {
    "€": "EUR", "[": "(", "]": ")", "{": "(", "}": ")", "|": "/", "\\": "/", "~": "-", "^": "", "`": "'",
    "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\t": " ", "\u00a0": " ", "\r": "", "°": "",
    "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i",
}  # fmt: skip


def gsm7(text: str) -> str:
    """`text` in that alphabet: a letter that it lacks loses its accent, anything else becomes a question mark."""
    return "".join(map(_character, unicodedata.normalize("NFC", text)))


def _character(character: str) -> str:
    if character in _ALPHABET:
        return character
    if character in _INSTEAD:
        return _INSTEAD[character]
    base = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    return base if base and all(c in _ALPHABET for c in base) else "?"
