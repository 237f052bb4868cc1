"""By what a site knows its authority: the SHA-256 of pki/ca.crt in [site] authority of site.toml, and four words for people.

A site that lost its pki/ still knows whose boards it has, so that nobody makes a second authority beside the first. The words
are against mistakes, not against an attacker: 32 bits, for two people who read them to each other.
"""

import hashlib
import re
import ssl
import tomllib
from pathlib import Path

from paraat.site import inventory
from paraat.site.files import write_atomic
from paraat.site.inventory import PkiError
from paraat.texts import reason

CERTIFICATE = "ca.crt"
# 256 Dutch words of one byte each; none is another's beginning, and none sounds like another on a bad line.
_WORDS = [
    "aardbei",
    "adelaar",
    "akker",
    "amandel",
    "anker",
    "appel",
    "arend",
    "artiest",
    "asperge",
    "avond",
    "azijn",
    "baken",
    "balkon",
    "bamboe",
    "banaan",
    "barnsteen",
    "beker",
    "berg",
    "bever",
    "bezem",
    "biet",
    "bloem",
    "boerderij",
    "bomen",
    "boter",
    "bramen",
    "brug",
    "buffel",
    "bus",
    "cacao",
    "camping",
    "cello",
    "cirkel",
    "citroen",
    "clown",
    "concert",
    "cyclus",
    "dadel",
    "dak",
    "dans",
    "deksel",
    "dennen",
    "diamant",
    "dijk",
    "dolfijn",
    "donder",
    "dorp",
    "draak",
    "druif",
    "duin",
    "dweil",
    "eekhoorn",
    "eend",
    "egel",
    "eiland",
    "eland",
    "emmer",
    "engel",
    "ezel",
    "fabriek",
    "fakkel",
    "fazant",
    "feest",
    "fiets",
    "fles",
    "fluit",
    "fornuis",
    "framboos",
    "gans",
    "garage",
    "gazon",
    "geit",
    "gember",
    "gitaar",
    "glas",
    "gordijn",
    "goud",
    "graan",
    "grot",
    "haai",
    "hagel",
    "hamer",
    "handdoek",
    "haring",
    "haven",
    "hazelnoot",
    "heide",
    "hengel",
    "herfst",
    "hert",
    "honing",
    "hotel",
    "huis",
    "iglo",
    "ijsbeer",
    "inkt",
    "jager",
    "jas",
    "jongleur",
    "juni",
    "kaars",
    "kachel",
    "kameel",
    "kanaal",
    "kapstok",
    "kasteel",
    "kegel",
    "kelder",
    "kermis",
    "kers",
    "kikker",
    "klaver",
    "klok",
    "knoop",
    "koffer",
    "kompas",
    "konijn",
    "koper",
    "kraan",
    "krekel",
    "kroon",
    "kruik",
    "kudde",
    "kust",
    "kwal",
    "ladder",
    "lamp",
    "lantaarn",
    "laurier",
    "lawine",
    "leeuw",
    "lelie",
    "lente",
    "libel",
    "lijm",
    "linde",
    "lucht",
    "maan",
    "magneet",
    "mais",
    "mandarijn",
    "markt",
    "matroos",
    "meeuw",
    "melk",
    "merel",
    "metro",
    "mier",
    "molen",
    "mos",
    "muis",
    "muziek",
    "naald",
    "narcis",
    "nest",
    "neushoorn",
    "nevel",
    "noord",
    "nootmuskaat",
    "oase",
    "ober",
    "oever",
    "olifant",
    "olijf",
    "onweer",
    "opaal",
    "orgel",
    "otter",
    "oven",
    "paard",
    "paleis",
    "panter",
    "papier",
    "parel",
    "pauw",
    "peer",
    "pinda",
    "piraat",
    "plank",
    "ploeg",
    "poes",
    "potlood",
    "prei",
    "pruim",
    "puzzel",
    "raaf",
    "radijs",
    "raket",
    "rebel",
    "regen",
    "rendier",
    "reus",
    "rivier",
    "robijn",
    "roos",
    "rugzak",
    "saffier",
    "salade",
    "schaap",
    "schip",
    "sjaal",
    "sla",
    "slee",
    "smid",
    "sneeuw",
    "sok",
    "spiegel",
    "spin",
    "ster",
    "stoel",
    "suiker",
    "taart",
    "tafel",
    "tent",
    "tijger",
    "tomaat",
    "toren",
    "trein",
    "trommel",
    "tulp",
    "tunnel",
    "uil",
    "uur",
    "vaas",
    "valk",
    "varen",
    "veer",
    "venster",
    "vijver",
    "vlieger",
    "vlinder",
    "vogel",
    "vos",
    "vulkaan",
    "wafel",
    "walvis",
    "water",
    "weide",
    "wereld",
    "wezel",
    "wiel",
    "wijn",
    "wilg",
    "winter",
    "wolk",
    "wortel",
    "zadel",
    "zand",
    "zebra",
    "zee",
    "zeil",
    "zilver",
    "zon",
    "zout",
    "zwaan",
    "zwembad",
]
_END = "-----END CERTIFICATE-----"
_LINE = re.compile(r"^[ \t]*authority[ \t]*=.*$", re.MULTILINE)
_HEAD = re.compile(r"^[ \t]*\[site\][^\n]*$", re.MULTILINE)


class OtherAuthorityError(PkiError):
    """Raised when pki/ is not the one that the site knows."""


def words(fingerprint: str) -> str:
    """Four words of a fingerprint, such as "anker-vijver-mos-trein"."""
    return "-".join(_WORDS[byte] for byte in bytes.fromhex(fingerprint)[:4])


def of_certificate(der: bytes) -> str:
    """The fingerprint of a certificate."""
    return hashlib.sha256(der).hexdigest()


def here(site_dir: Path) -> str | None:
    """The fingerprint of the authority whose certificate lies in pki/; None where none can be read."""
    try:
        text = (site_dir / inventory.FOLDER / CERTIFICATE).read_text("ascii")
        first, end, _ = text.partition(_END)  # behind it the authority that it takes the place of, for a time
        return of_certificate(ssl.PEM_cert_to_DER_cert(first + end))
    except (OSError, ValueError):
        return None


def known(site_dir: Path) -> tuple[str, ...]:
    """What site.toml says, also where its other lines are wrong: the authority in use first."""
    try:
        found = tomllib.loads((site_dir / "site.toml").read_text(encoding="utf-8-sig"))["site"]["authority"]
        return tuple(bytes.fromhex(each).hex() for each in found)
    except (OSError, ValueError, LookupError, TypeError):
        return ()


def check(site_dir: Path) -> None:
    """Raise OtherAuthorityError when pki/ is of an authority that the site does not know."""
    expected, found = known(site_dir), here(site_dir)
    if expected and found is not None and found not in expected:
        about = {"folder": site_dir / inventory.FOLDER, "found": words(found), "site": site_dir}
        raise OtherAuthorityError("pki.other-authority", expected=words(expected[0]), **about)


def remember(site_dir: Path, fingerprints: tuple[str, ...]) -> None:
    """Write them into site.toml, and leave every other line as it is. Raises OtherAuthorityError when it cannot be written."""
    path = site_dir / "site.toml"
    listed = ", ".join(f'"{each}"' for each in fingerprints)
    line = f"authority = [{listed}]  # {', '.join(map(words, fingerprints))}"
    try:
        text = path.read_text(encoding="utf-8")
        head = _HEAD.search(text)
        assert head is not None, "a site that was read has this table"
        before, rest = text[: head.end()], text[head.end() :]
        end = next((m.start() for m in re.finditer(r"^[ \t]*\[", rest, re.MULTILINE)), len(rest))
        table = _LINE.sub(lambda _: line, rest[:end], count=1) if _LINE.search(rest[:end]) else f"\n{line}{rest[:end]}"
        write_atomic(path, (before + table + rest[end:]).encode(), mode=path.stat().st_mode & 0o777)
    except OSError as error:
        raise OtherAuthorityError("pki.not-remembered", path=path, why=reason(error)) from error


def traces(site_dir: Path) -> list[str]:
    """What is there of an earlier authority, beside pki/ itself: then nobody may simply begin anew."""
    found = ["site.toml [site] authority"] if known(site_dir) else []
    found += [name for name in ("taken.json", "labels") if (site_dir / name).exists()]
    return found
