"""The small city of the order tests, shared by the tests of one module; `own_city` is for a test alone, and
`site_sqlite` the same city with browsers."""

from tests.orders.conftest import city, own_city, shared_city
from tests.web.conftest import site, site_sqlite

__all__ = ["city", "own_city", "shared_city", "site", "site_sqlite"]
