"""An alias of ``access``: ``python -m people`` keeps working."""
