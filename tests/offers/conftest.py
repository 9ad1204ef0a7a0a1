"""The small cities of the orders' tests, for tests that ask for them and make none of their own."""

from tests.orders.conftest import city, city_sqlite, own_city, shared_city

__all__ = ["city", "city_sqlite", "own_city", "shared_city"]
