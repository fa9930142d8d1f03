"""To come."""

from components import gate

gate.opened()
