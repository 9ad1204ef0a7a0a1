"""A city made from a seed, once for all tests of a module that only look, on both databases."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.reports.world import World, make_world
from tests.web.conftest import app_of_module

__all__ = ["app_of_module"]


@pytest.fixture(scope="module")
def world_of_module(app_of_module: Flask) -> World:
    with app_of_module.app_context():
        return make_world(7)


@pytest.fixture
def world(app_of_module: Flask, world_of_module: World) -> Iterator[World]:
    """Nothing may be written to it."""
    with app_of_module.app_context():
        yield world_of_module


@pytest.fixture
def own_world(ctx_sqlite: None) -> World:
    """One of its own, for a test that changes it."""
    return make_world(7)
