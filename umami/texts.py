"""Marks texts for translation. The texts of this package are English; who shows them translates
them (``components.texts``)."""

from __future__ import annotations

from typing import Self


def N_(text: str) -> str:
    """Mark a text that is translated where it is shown."""
    return text


class Message(str):
    """An English text with values, such as ``“6m” is not a period.``

    It keeps its template and its values, so that the text can be translated where it is shown.
    Values that are messages themselves are translated too. The message of a message is itself.
    """

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, **values: object) -> Self:
        if isinstance(template, cls):
            return template
        message = super().__new__(cls, template.format(**values))
        message.template, message.values = template, values
        return message

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        """A copy is made of the template: the text may contain braces of a value."""
        return (self.template,), self.values
