"""Signing in and out, the own account, and taking up a form whose session has ended."""

from qtxvol.web.auth.views import bp

__all__ = ["bp"]
