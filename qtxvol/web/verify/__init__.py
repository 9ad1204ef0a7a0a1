"""Checking a certificate: open to anybody who holds the paper."""

from qtxvol.web.verify.views import bp

__all__ = ["bp"]
