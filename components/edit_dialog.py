"""What a session keeps of a form in a dialog: its values, why it was not saved, what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import streamlit as st

from components import authorized, url_state
from components.escaping import plain
from umami.content_groups import GroupKind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EditDialog(Generic[T]):
    """The state of one kind of dialog, for its current viewer; ``name`` tells the kinds apart."""

    name: str

    def next_number(self) -> int:
        """A number for the keys of the inputs of a new form."""
        key = f"number of the form {self.name}"
        number: int = st.session_state.get(key, 0) + 1
        st.session_state[key] = number
        return number

    def open(self, form: T) -> None:
        """Open the dialog with a form. Call it in a callback."""
        self._data.pop(self._problem, None)
        self._data[self._form] = form
        self._data[self._place] = _here()

    def close(self) -> None:
        """Close the dialog. Call it in a callback."""
        self._data.pop(self._form, None)

    def form(self) -> T | None:
        """The form in the dialog; ``None`` while it is closed."""
        form: T | None = self._data.get(self._form)
        return form

    def form_here(self) -> T | None:
        """The form, unless another page or website is shown now, which closes the dialog. Draws
        what was done. Call once per run."""
        self.show_confirmation()
        self._data.pop(self._changed, None)
        if self._data.get(self._place) != _here():
            self.close()
        return self.form()

    def current(self) -> T:
        """The form, within the dialog. Reruns the page where the dialog was closed, or where the
        page behind it has to be drawn again."""
        form = self.form()
        if form is None or self._changed in self._data:
            st.rerun()
        return form

    def redraw(self) -> None:
        """Draw the page behind the dialog again. Call it in a callback."""
        self._data[self._changed] = True

    def refuse(self, problem: str) -> None:
        """Show in the dialog why the form was not saved."""
        self._data[self._problem] = problem

    def confirm(self, done: str) -> None:
        """Say in the next run what was done."""
        self._data[self._done] = done

    def show_problem(self) -> None:
        """Draw why the form was not saved, once."""
        if problem := self._data.pop(self._problem, ""):
            st.error(plain(problem, 400), icon=":material/error:")

    def show_confirmation(self) -> None:
        """Draw what was done, once. Call it once per run."""
        if done := self._data.pop(self._done, None):
            st.toast(plain(done), icon=":material/check:")

    @property
    def _data(self) -> dict[str, Any]:
        return authorized.data()

    @property
    def _form(self) -> str:
        return f"form {self.name}"

    @property
    def _place(self) -> str:
        return f"place of the form {self.name}"

    @property
    def _changed(self) -> str:
        return f"change behind the form {self.name}"

    @property
    def _problem(self) -> str:
        return f"problem of the form {self.name}"

    @property
    def _done(self) -> str:
        return f"result of the form {self.name}"


def _here() -> tuple[str, str]:
    """The website and the page that are shown."""
    return url_state.view().website, url_state.path()


GROUPS: Final[EditDialog[GroupKind]] = EditDialog("of a kind of groups")
"""The kind of groups whose form is to be opened (``components.group_dialog``)."""
