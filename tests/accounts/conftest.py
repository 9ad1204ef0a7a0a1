"""The small city of the order tests, shared by the tests of one module."""

from tests.orders.conftest import city, shared_city

__all__ = ["city", "shared_city"]
