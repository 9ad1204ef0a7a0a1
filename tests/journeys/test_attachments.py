"""现场照片: for those who may see the order, and nobody else."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.factories import accepted
from tests.journeys.cast import Cast
from tests.journeys.people import Visit
from tests.journeys.stories import AFTERWARDS

#: The tag of a camera's position.
_GPS = 0x8825


@pytest.fixture
def photos(tmp_path: Path) -> tuple[Path, ...]:
    """Two photos as a phone takes them: one with its position, one a PNG."""
    hall, banner = tmp_path / "活动室.jpg", tmp_path / "横幅.png"
    exif = Image.Exif()
    exif.get_ifd(_GPS)[2] = (38.0, 1.0, 16.0)
    Image.new("RGB", (900, 600), "#8aa").save(hall, exif=exif)
    Image.new("RGBA", (400, 700), "#c40c").save(banner)
    return hall, banner


def test_photos_of_a_closed_order_are_for_its_resident_and_team_only(
    cast: Cast, photos: tuple[Path, ...], tmp_path: Path
):
    order = cast.given(accepted)
    cast.move_to(AFTERWARDS)
    cast.leader.close(order, Visit(photos=photos))

    by_link = cast.resident.sees_photos(order, count=2)
    at_desk = cast.leader.sees_photos(order, count=2)

    answer = cast.resident.page.request.get(by_link[0])
    assert answer.headers["content-type"] == "image/jpeg"
    (tmp_path / "served.jpg").write_bytes(answer.body())
    with Image.open(tmp_path / "served.jpg") as served:
        assert not served.getexif()

    assert cast.other_leader.page.request.get(at_desk[0]).status == 404
    stranger = cast.new_page()
    stranger.goto(at_desk[0])
    assert "/login" in stranger.url
    token = order.link.split("/")[-1]
    assert stranger.request.get(by_link[0].replace(token, token[::-1])).status == 404


def test_a_file_that_lies_about_its_type_is_refused_in_a_sentence(cast: Cast, tmp_path: Path):
    liar = tmp_path / "照片.jpg"
    liar.write_bytes(b"MZ" + b"\0" * 200)
    order = cast.given(accepted)
    cast.move_to(AFTERWARDS)

    cast.leader.open_order(order, "我队待服务")
    form = cast.leader._step("办结")
    cast.leader.fill("到场人次", "12", form)
    cast.leader.fill("服务情况", "讲了防诈骗。", form)
    form.get_by_label("现场照片").set_input_files(liar)
    cast.leader._confirm("办结")

    cast.leader.reads("这个文件不是照片。")
    expect(cast.leader.page.get_by_label("到场人次")).to_have_value("12")
    assert cast.status(order) == "accepted"
