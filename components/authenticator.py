"""streamlit-authenticator, imported so that Streamlit serves none of its components.

The library imports a cookie manager whose frame tells whoever embeds it all cookies of this host.
Streamlit serves a component once it was declared inside a run; so it is declared outside of one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

# A thread of its own belongs to no run.
with ThreadPoolExecutor(1) as outside:
    outside.submit(import_module, "extra_streamlit_components").result()

from streamlit_authenticator import Authenticate
from streamlit_authenticator.controllers import (
    AuthenticationController,
    CookieController,
)
from streamlit_authenticator.models import AuthenticationModel
from streamlit_authenticator.models.cookie_model import CookieModel

__all__ = [
    "Authenticate",
    "AuthenticationController",
    "AuthenticationModel",
    "CookieController",
    "CookieModel",
]
