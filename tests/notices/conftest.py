"""The small city of the order tests; `own_city` is for a test alone."""

from tests.orders.conftest import city, city_sqlite, own_city, shared_city

__all__ = ["city", "city_sqlite", "own_city", "shared_city"]
