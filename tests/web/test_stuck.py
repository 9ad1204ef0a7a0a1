"""What is stuck, for the office and for machines."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from qtxvol.jobs.ledger import run_due
from qtxvol.watch.backup import note_backup
from tests.databases import running_app, settings_for
from tests.factories import NOW, dispatched, make_city, placed
from tests.web.pages import get_page
from tests.web.site import Site

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

TOKEN = "a-token-for-machines-0123456789-abcdefgh"


def test_the_office_sees_who_has_what_and_where_it_is_late(site: Site):
    site.make(placed, NOW - timedelta(days=20))
    site.make(dispatched)
    html = get_page(site.browser(site.city.office), "/office/stuck").html
    assert "裕民街道" in html or "东街" in html
    assert "市卫生健康局" in html or "卫健局" in html
    assert "哪里超时：单位和步骤" in html
    assert "还没有运行过" in html
    assert "最近两天没有备份。" in html
    assert "还没有备份过" in html


def test_a_quiet_house_says_so(site: Site):
    with site.app.app_context():
        run_due(NOW)
        note_backup(NOW)
    html = get_page(site.browser(site.city.office), "/office/stuck").html
    assert "任务按时运行" in html
    assert "需要有人看一看" not in html


def test_nobody_but_the_office_sees_it(site_sqlite: Site):
    assert site_sqlite.browser(site_sqlite.city.department).get("/office/stuck").status_code == 403
    assert site_sqlite.app.test_client().get("/office/stuck").status_code == 303


def test_machines_read_readiness_with_warnings(site: Site):
    client = site.app.test_client()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    with site.app.app_context():
        run_due(NOW)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["warnings"] == ["backup"]
    assert answer.json["jobs"]["count_targets"] == NOW.isoformat()


def test_metrics_are_for_those_who_show_the_token(sqlite_database: str, tmp_path: Path, app_sqlite: Flask):
    assert app_sqlite.test_client().get("/metrics").status_code == 404
    with running_app(settings_for(sqlite_database, tmp_path, metrics_token=TOKEN)) as app:
        with app.app_context():
            make_city()
        client = app.test_client()
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN[:-1]}, {"Authorization": "é"}):
            assert client.get("/metrics", headers=header).status_code == 401
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert answer.content_type.startswith("text/plain")
        assert "qtxvol_ownerless_orders 0.0" in answer.get_data(as_text=True)
