"""What the domain says in a sentence: English, and the pieces to say it in another language."""

from typing import Self


class Said(str):
    """English with its figures by name in a template, so that it can be said in other languages too."""

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, **values: object) -> Self:
        made = super().__new__(cls, template.format_map(values))
        made.template, made.values = template, values
        return made
