"""The small city of the order tests, shared by the tests of one module; `own_city` is for a test alone."""

from tests.orders.conftest import city, own_city, shared_city

__all__ = ["city", "own_city", "shared_city"]
