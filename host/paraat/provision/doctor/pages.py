"""Writes the tables of messages in docs/technician.md and docs/technician.en.md from the words of the screen.

Run it after a change of the words: python -m paraat.provision.doctor.pages
"""

import re
import string
from pathlib import Path

from paraat.site import paths
from paraat.texts import Words, say

PAGES = {"nl": "technician.md", "en": "technician.en.md"}
_BEGIN, _END = "<!-- messages -->\n", "<!-- end of messages -->\n"
# Which command says it, by the beginning of the code; the doctor's own matters keep the names of its table.
_SAID_BY = {
    "doctor": "make doctor",
    "flash": "make flash",
    "selftest": "make flash",
    "pki": "make flash",
    "micropython": "make flash",
    "board": "make erase",
    "image": "make image",
    "bundle": "make bundle",
    "outlook": "make flash",
    "joining": "make bring-back",
    "succession": "make renew",
    "rollout": "make update",
    "console": "make logs",
    "verify": "make verify",
    "remote": "make verify",
}


def tables(language: str) -> str:
    """All messages that ask for something, as a table a command."""
    sections: dict[str, list[str]] = {}
    do = Words(language, "do")
    for code, found in Words(language, "found").all().items():
        step = do.known(code)
        topic = code.partition(".")[0]
        if step and topic != "sensor":
            name = _SAID_BY.get(topic)
            title = f"`{name}`" if name else f"`make doctor`: {say(f'check.{topic}', language)}"
            sections.setdefault(title, []).append(f"| {_plain(found)} | {_plain(step)} |\n")
    head = {"nl": "| u ziet | u doet |\n|---|---|\n", "en": "| you see | you do |\n|---|---|\n"}[language]
    return "\n".join(f"### {title}\n\n{head}{''.join(rows)}" for title, rows in sections.items())


def page(folder: Path, language: str) -> str:
    """The page with its tables as they should be."""
    text = (folder / PAGES[language]).read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    return f"{before}{_BEGIN}\n{tables(language)}\n{_END}{after}"


def _plain(text: str) -> str:
    """Without the values: … stands where the screen shows one."""
    shown = "".join(
        literal + ("…" if name is not None else "") for literal, name, _, _ in string.Formatter().parse(text)
    )
    return re.sub(r"…( \(?…\)?)+", "…", shown).replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Write both pages."""
    folder = paths.firmware_dir().parent / "docs"
    for language, name in PAGES.items():
        (folder / name).write_text(page(folder, language), encoding="utf-8")


if __name__ == "__main__":
    main()
