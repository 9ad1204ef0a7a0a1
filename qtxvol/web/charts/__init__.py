"""The pictures of the public board and of the office's pages: counted numbers become sentences, plans and tables.

One picture a file. Each carries `finding`, one sentence with what it shows: it is the picture's text alternative, and
stands under the title for everybody. Numbers come from `progress/` and `reports/`, geometry from `progress/charts.py`.
"""

from qtxvol.web.charts.board import board_picture
from qtxvol.web.charts.flow import flow_picture
from qtxvol.web.charts.heat import heat_picture, unit_heat_picture
from qtxvol.web.charts.map import map_picture
from qtxvol.web.charts.people import people_tables
from qtxvol.web.charts.weeks import rating_note, weeks_picture
from qtxvol.web.charts.words import one_decimal

__all__ = [
    "board_picture",
    "flow_picture",
    "heat_picture",
    "map_picture",
    "one_decimal",
    "people_tables",
    "rating_note",
    "unit_heat_picture",
    "weeks_picture",
]
