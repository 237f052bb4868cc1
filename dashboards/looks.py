"""How things look on every dashboard: a sign and a word beside each colour, in Okabe and Ito's colours that the colour-blind can tell.

What is not known has a look of its own and is never fine.
"""

from collections.abc import Iterable, Mapping

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    DashboardRegexMapOptions,
    DashboardSpecialValueMapOptions,
    RegexMap,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from paraat.domain.readiness import Verdict
from paraat.texts import Words

# Of three of them a lighter tint: Grafana writes in black from a brightness of 180 on, and white on the full colour cannot be read
# from afar (2.2 to 2.9 to 1).
FINE, ATTENTION, ALARM = "#009E73", "#F5B642", "#D55E00"
UNKNOWN, STALE, PLAIN = "#E5A9CB", "#7F7F7F", "#8FCDF2"
FAINT = "rgba(127, 127, 127, 0.25)"

_VERDICTS = (("?", UNKNOWN), ("~", STALE), ("✓", FINE), ("!", ATTENTION), ("✗", ALARM))
# Of a resource, by its number: as a verdict, and expired, and not required.
_STANDINGS = {
    0: ("?", UNKNOWN),
    2: ("✓", FINE),
    3: ("!", ATTENTION),
    4: ("✗", ALARM),
    5: ("?", UNKNOWN),
    6: ("–", FAINT),
}
_PHASES = (FAINT, FINE, ATTENTION, ATTENTION, PLAIN, ATTENTION, FAINT)

Look = tuple[str, str]  # text, colour


def mapping(looks: Mapping[str, Look], absent: str = "") -> list[ValueMapping]:
    """Values as texts in colours. absent: what stands where there is none, in the look of the unknown."""
    found: list[ValueMapping] = [
        ValueMap(
            options={
                value: ValueMappingResult(text=text, color=colour, index=number)
                for number, (value, (text, colour)) in enumerate(looks.items())
            }
        )
    ]
    if absent:
        result = ValueMappingResult(text=f"? {absent}", color=UNKNOWN, index=len(looks))
        match = DashboardSpecialValueMapOptions(match=SpecialValueMatch.NULL, result=result)
        found.append(SpecialValueMap(options=match))
    return found


def verdicts(words: Words) -> list[ValueMapping]:
    """Of the metric point/verdict."""
    looks = {str(n): (f"{sign} {words(f'verdict.{n}')}", colour) for n, (sign, colour) in enumerate(_VERDICTS)}
    return mapping(looks, words("unknown"))


def signs(words: Words) -> list[ValueMapping]:
    """Of the metric point/verdict, where there is no room for a word."""
    return mapping({str(n): (sign, colour) for n, (sign, colour) in enumerate(_VERDICTS)}, words("unknown"))


def judged(words: Words) -> list[ValueMapping]:
    """Of the tag `judged` of the reason, which is that verdict as a word; the colour is another column's."""
    signs = zip(Verdict, (sign for sign, _ in _VERDICTS), strict=True)
    texts = {verdict.word: f"{sign} {words(f'verdict.{int(verdict)}')}" for verdict, sign in signs}
    results = {word: ValueMappingResult(text=text, index=n) for n, (word, text) in enumerate(texts.items())}
    return [ValueMap(options=results)]


def standings(words: Words) -> list[ValueMapping]:
    """Of how a resource stands."""
    looks = {str(n): (f"{sign} {words(f'standing.{n}')}", colour) for n, (sign, colour) in _STANDINGS.items()}
    return mapping(looks, words("unknown"))


def phases(words: Words) -> list[ValueMapping]:
    """Of the metric point/phase."""
    return mapping({str(n): (words(f"phase.{n}"), colour) for n, colour in enumerate(_PHASES)}, words("unknown"))


def yes_or_no(words: Words, key: str, yes: str, no: str) -> list[ValueMapping]:
    """Of a bool, as "<key>.yes" and "<key>.no" say it, in these colours. InfluxDB's bools come as words or as numbers."""
    on, off = (words(f"{key}.yes"), yes), (words(f"{key}.no"), no)
    return mapping({"true": on, "false": off, "1": on, "0": off}, words("unknown"))


def nothing() -> list[ValueMapping]:
    """Of what need not be there: where there is none, a dash, in no colour: Grafana would give it that of the lowest figures."""
    result = ValueMappingResult(text="–", color="transparent", index=0)
    return [SpecialValueMap(options=DashboardSpecialValueMapOptions(match=SpecialValueMatch.NULL, result=result))]


def or_nothing(mappings: list[ValueMapping]) -> list[ValueMapping]:
    """These, and of what they do not say when it is absent, a dash."""
    said = any(isinstance(one, SpecialValueMap) and one.options.match is SpecialValueMatch.NULL for one in mappings)
    return mappings if said else [*mappings, *nothing()]


def uncoloured(mappings: list[ValueMapping]) -> list[ValueMapping]:
    """The same texts, in the colour of all text: one that is made to stand behind a text is too faint for the text itself."""
    found: list[ValueMapping] = []
    for one in mappings:
        if isinstance(one, ValueMap):
            found.append(ValueMap(options={key: _plain(result) for key, result in one.options.items()}))
        elif isinstance(one, SpecialValueMap):
            match, result = one.options.match, _plain(one.options.result)
            found.append(SpecialValueMap(options=DashboardSpecialValueMapOptions(match=match, result=result)))
        else:
            found.append(one)  # a RegexMap is of texts that are none of a state
    return found


def _plain(result: ValueMappingResult) -> ValueMappingResult:
    return ValueMappingResult(text=result.text, index=result.index)


def absent(words: Words) -> list[ValueMapping]:
    """Of a figure: where there is none, that is said."""
    return mapping({}, words("unknown"))[1:]


def after(sign: str, none: str | None = None) -> list[ValueMapping]:
    """Of a text that follows another one: behind a sign. none: what stands where it is empty; else Grafana puts there what the panel
    says when it has no row at all."""
    options = DashboardRegexMapOptions(pattern="/^(.+)$/", result=ValueMappingResult(text=f"{sign} $1", index=0))
    found: list[ValueMapping] = [RegexMap(options=options)]
    if none is not None:
        empty = DashboardSpecialValueMapOptions(
            match=SpecialValueMatch.EMPTY, result=ValueMappingResult(text=none, index=1)
        )
        found.append(SpecialValueMap(options=empty))
    return found


def unsaid() -> list[ValueMapping]:
    """Of what is there for a link alone."""
    options = DashboardRegexMapOptions(pattern="/^.*$/", result=ValueMappingResult(text="", index=0))
    return [RegexMap(options=options)]


def sentence(words: Words, nothing: str) -> list[ValueMapping]:
    """Of a sentence of the host: where it has none, that nothing is the matter; where there is no row, that nobody knows."""
    result = ValueMappingResult(text=nothing, index=0)
    none = SpecialValueMap(options=DashboardSpecialValueMapOptions(match=SpecialValueMatch.EMPTY, result=result))
    return [none, *absent(words)]


def steps(*levels: tuple[float | None, str]) -> ThresholdsConfig:
    """Colours from these values on; the first value is None."""
    found = [Threshold(value=value, color=colour) for value, colour in levels]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(found)


def none_is_fine(colour: str) -> ThresholdsConfig:
    """For a count of trouble: fine at 0, this colour from 1 on."""
    return steps((None, FINE), (1, colour))


def codes(words: Words, kind: str, known: Iterable[str]) -> list[ValueMapping]:
    """Of a code: its words "<kind>.<code>"."""
    found = {code: ValueMappingResult(text=words(f"{kind}.{code}"), index=n) for n, code in enumerate(known)}
    return [ValueMap(options=found)]
