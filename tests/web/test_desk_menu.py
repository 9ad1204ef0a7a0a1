"""The menu of a desk: rooms that are folded in groups are rooms that the desk has, each once."""

from collections import Counter

import pytest
from flask import Flask

from qtxvol.orders.lifecycle import Party
from qtxvol.web.desk_frame import EXTRA_NAV, NAV_GROUPS


@pytest.mark.parametrize("party", NAV_GROUPS)
def test_a_group_holds_rooms_of_its_desk_each_once(app_sqlite: Flask, party: Party):
    grouped = Counter(endpoint for _label, endpoints in NAV_GROUPS[party] for endpoint in endpoints)
    assert set(grouped) <= {endpoint for endpoint, _label in EXTRA_NAV[party]}
    assert set(grouped.values()) == {1}
    assert set(grouped) <= set(app_sqlite.view_functions)
