"""The small city with browsers, from the tests of the pages."""

from tests.web.conftest import site, site_sqlite

__all__ = ["site", "site_sqlite"]
