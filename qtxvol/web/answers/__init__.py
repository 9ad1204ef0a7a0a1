"""Answers by one tap: the pages behind the links in notices, and the same buttons on desks."""

from qtxvol.web.answers.views import bp

__all__ = ["bp"]
