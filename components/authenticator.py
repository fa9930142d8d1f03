"""streamlit-authenticator, imported so that Streamlit serves none of its components.

The library imports a cookie manager whose frame discloses all cookies of this host to any page
that embeds it. Streamlit serves components that are declared during a script run, so this module
declares it outside of a run.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

# A separate thread has no script run context.
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
