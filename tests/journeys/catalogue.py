"""Every kind of page that there is, once: what accessibility, reflow, first load and the screenshots go through.

A page that a new GET route brings must be named here (`test_catalogue.py` says so). The same route stands here more
than once where it looks different: an order in another status, a list without rows, a form with errors.
Names are those of the screenshots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Page
from sqlalchemy import ColumnElement, Select, and_, exists, select

from qtxvol.accounts.models import Account
from qtxvol.emergencies.models import Emergency, EmergencyFact
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry, HoursRequest, SpotCheck
from qtxvol.notices.answers import answer_path
from qtxvol.notices.links import unsubscribe_token
from qtxvol.notices.queue import To
from qtxvol.offers.models import CounterOffer, JointInvite
from qtxvol.offers.plan_solving import solve_next
from qtxvol.offers.plans import ask_for_plan
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import CallBack, Crew, CrewAsk, Offer, Order, OrderEvent, Rating, WishedTime
from qtxvol.recognition.models import Certificate, StarAward
from qtxvol.roster.take import read_roster
from qtxvol.volunteers.models import Team, Volunteer
from tests.roster import lists
from tests.roster.lists import HEADINGS

if TYPE_CHECKING:
    from tests.journeys.scene import Scene

#: What a form sends; a list is a field that is there several times.
Fields = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Entry:
    """A kind of page.

    :ivar endpoint: of the route that answers.
    :ivar path: or a function that finds it in the demo city.
    :ivar party: whose desk the visitor sits at; None for nobody's.
    :ivar status: of the answer.
    :ivar fields: makes it a POST of these from a page of the site.
    :ivar then: what is still done on the page.
    :ivar is_first_visit: the desk's guide has not been put away.
    :ivar is_paper: a sheet of fixed size that is meant to be printed.
    :ivar is_drilling: while the demo city's exercise goes on.
    """

    name: str
    endpoint: str
    path: str | Callable[[Scene], str]
    party: Party | None = None
    status: int = 200
    fields: Callable[[Scene], Fields] | None = None
    then: Callable[[Page], None] | None = None
    is_first_visit: bool = False
    is_paper: bool = False
    is_drilling: bool = False

    def address(self, scene: Scene) -> str:
        return self.path if isinstance(self.path, str) else self.path(scene)


# What is looked for in the demo city

_IS_RATED = exists().where(Rating.order_id == Order.id)
_HAS_CALL = exists().where(CallBack.order_id == Order.id, CallBack.done_at.is_(None))
_HAS_LATE = exists().where(HoursEntry.order_id == Order.id, HoursEntry.source == "late")
_IS_ASKED = Order.clock_stopped_at.is_not(None)
_WAS_LATE = exists().where(OrderEvent.order_id == Order.id, OrderEvent.was_overdue)


def _moment() -> datetime:
    from tests.journeys.scene import MOMENT  # here: the scene imports this module

    return MOMENT


def _is_ahead() -> ColumnElement[bool]:
    return Order.agreed_start > _moment()


def _is_over() -> ColumnElement[bool]:
    return Order.agreed_end < _moment()


def _link(
    *conditions: ColumnElement[bool] | Callable[[], ColumnElement[bool]], more: str = ""
) -> Callable[[Scene], str]:
    return lambda scene: scene.link(*(_ready(each) for each in conditions)) + more


def _unsubscribe_link(scene: Scene) -> str:
    order_id = scene.ask(select(Order.id).order_by(Order.id))
    return "/u/" + unsubscribe_token(f"order:{order_id}", "remind_day", scene.app.config["SECRET_KEY"])


def _ready(condition: ColumnElement[bool] | Callable[[], ColumnElement[bool]]) -> ColumnElement[bool]:
    return condition() if callable(condition) and not isinstance(condition, ColumnElement) else condition


def _order(
    party: Party, *conditions: ColumnElement[bool] | Callable[[], ColumnElement[bool]], more: str = ""
) -> Callable[[Scene], str]:
    def find(scene: Scene) -> str:
        return f"/{party}/orders/{scene.find(party, *(_ready(each) for each in conditions))}{more}"

    return find


def _is_served_soon() -> ColumnElement[bool]:
    """It waits for a team, none was asked, and there is a time that one can still prepare for: some are suggested."""
    ahead = WishedTime.starts_at > _moment() + timedelta(days=1)
    return and_(
        Order.status == Status.CLAIMED,
        Order.urgency == "normal",
        exists().where(WishedTime.order_id == Order.id, ahead),
        ~exists().where(Offer.order_id == Order.id),
    )


def _plan(party: Party, *, is_solved: bool = True, more: str = "") -> Callable[[Scene], str]:
    """A plan of what waits in the demo city; each is asked for once."""

    def find(scene: Scene) -> str:
        from tests.journeys.scene import MOMENT  # here: the scene imports this module

        with scene.app.app_context():
            plan_id = ask_for_plan(scene.actor(party), MOMENT)
            while is_solved and solve_next(MOMENT, "scene", clock=lambda: MOMENT):
                pass
        return f"/{party}/plan/{plan_id}{more}"

    return find


def _code(is_revoked: bool) -> Callable[[Scene], str]:
    is_it = Certificate.revoked_at.is_not(None) if is_revoked else Certificate.revoked_at.is_(None)
    return lambda scene: f"/verify/{scene.ask(select(Certificate.code).where(is_it).order_by(Certificate.id))}"


def _certificate(party: Party, more: str = "") -> Callable[[Scene], str]:
    wanted = select(Certificate.id).where(Certificate.revoked_at.is_(None)).order_by(Certificate.id)
    return lambda scene: f"/{party}/certificates/{scene.ask(wanted)}{more}"


def _late_entry(scene: Scene) -> str:
    wanted = select(HoursRequest.id).where(HoursRequest.notice_ends_on >= _moment().date())
    return f"/hours/notices/{scene.ask(wanted.order_by(HoursRequest.id))}"


def _draw(scene: Scene) -> str:
    most = select(SpotCheck.day).order_by(SpotCheck.drawn_count.desc(), SpotCheck.day)
    return f"/hours/spot-checks/{scene.ask(most)}"


def _own_service(more: str) -> Callable[[Scene], str]:
    """An accepted order of the team's own, the nearest first."""

    def find(scene: Scene) -> str:
        own = select(Order.number).where(
            Order.status == Status.ACCEPTED, Order.team_id == scene.actor(Party.TEAM).team_id
        )
        return f"/team/orders/{scene.ask(own.order_by(Order.agreed_start))}{more}"

    return find


def _person(party: Party, path: str) -> Callable[[Scene], str]:
    """`path` with the id of the person behind the volunteer's desk."""
    return lambda scene: f"/{party}{path.format(scene.actor(Party.VOLUNTEER).volunteer_id)}"


def _roster(scene: Scene) -> str:
    """A list that was read and waits to be decided on, with lines that are wrong."""
    lines = [HEADINGS, lists.person(1), lists.person(2, 手机=""), lists.person(3, 区划="火星镇"), lists.person(1)]
    actor = scene.actor(Party.OFFICE)
    with scene.app.app_context(), TemporaryDirectory() as folder:
        file = lists.write_csv(Path(folder) / "市三小名单.csv", lines)
        return f"/office/rosters/{read_roster(actor, file, file.name, _moment())}"


# What is typed

_WHAT = {"audience": "elderly", "item": "S05"}
_WHERE = {"division_code": "640381001002", "venue": "社区二楼活动室", "day_1": "2026-11-28", "slot_1": "morning"}
_WHO = {
    "requester_kind": "resident",
    "headcount": "30",
    "contact_name": "王女士",
    "contact_phone": "199 0000 1234",
    "urgency": "normal",
    "consent": "y",
}


def _typed(*parts: Fields, **more: str) -> Callable[[Scene], Fields]:
    fields = {name: value for part in (*parts, more) for name, value in part.items()}
    return lambda scene: fields


def _order_placed_before(scene: Scene) -> Fields:
    """The form of an order that is there already, with other content."""
    key: str = scene.ask(select(Order.place_key).where(Order.status == Status.PLACED).order_by(Order.id))
    return {**_WHAT, **_WHERE, **_WHO, "key": key, "screen": "3", "go": "send"}


def _order_again(scene: Scene) -> Fields:
    """The same wish as one of the account's own, which is open, with the same telephone."""
    mine = scene.actor(Party.RESIDENT).account_id
    phone: str = scene.ask(
        select(Order.contact_phone)
        .where(Order.placed_by_account_id == mine, Order.status == Status.ACCEPTED, Order.menu_item_id == "S05")
        .order_by(Order.id)
    )
    return {**_WHAT, **_WHERE, **_WHO, "contact_phone": phone, "key": "again", "screen": "3", "go": "send"}


def _wrong_tail(scene: Scene) -> Fields:
    """A number that is right with digits that are not."""
    order = select(Order.number).where(Order.contact_phone_tail != "0000").order_by(Order.id)
    return {"number": scene.ask(order), "tail": "0000"}


def _placed_order(scene: Scene) -> str:
    """One that the community can dispatch, the newest: the others are looked at."""
    newest = select(Order.number).where(
        Order.status == Status.PLACED, Order.returns_count == 0, ~_IS_ASKED, Order.division_code.like("640381001%")
    )
    number: str = scene.ask(newest.order_by(Order.placed_at.desc(), Order.id.desc()))
    return number


def _version(scene: Scene, number: str) -> int:
    version: int = scene.ask(select(Order.version).where(Order.number == number))
    return version


def _ticked(scene: Scene) -> Fields:
    """One order that can be dispatched and one that can't any more."""
    return {"number": [_placed_order(scene), scene.find(Party.COMMUNITY, Order.status == Status.CLOSED)], "list": ""}


def _confirmed(scene: Scene) -> Fields:
    """The same two, confirmed: one is done, the other told why not."""
    good, late = _placed_order(scene), scene.find(Party.COMMUNITY, Order.status == Status.CLOSED)
    return {"order": [f"{good}|{_version(scene, good)}|health", f"{late}|1|health"], "list": "", "key": f"bulk-{good}"}


def _to_dispatch(scene: Scene) -> str:
    return f"/community/orders/{_placed_order(scene)}/dispatch"


def _dispatching(scene: Scene) -> Fields:
    return {"department_id": "health", "version": str(_version(scene, _placed_order(scene)))}


def _of_closed_order(scene: Scene) -> str:
    """A step that came too late."""
    return f"/community/orders/{scene.find(Party.COMMUNITY, Order.status == Status.CLOSED)}/dispatch"


def _case_order(scene: Scene) -> str:
    """A closed order that can be told about, or has been."""
    is_good = (Order.status == Status.CLOSED, Rating.stars > 3)
    good = select(Order.id).join(Rating, Rating.order_id == Order.id).where(*is_good).order_by(Order.id)
    return f"/office/cases/{scene.ask(good)}"


def _emergency(more: str = "", *, desk: str = "/office", is_drill: bool = False) -> Callable[[Scene], str]:
    """One of the demo city's two emergencies."""

    def find(scene: Scene) -> str:
        return f"{desk}/emergencies/{scene.ask(select(Emergency.id).where(Emergency.is_drill.is_(is_drill)))}{more}"

    return find


def _drill_fact(scene: Scene) -> str:
    """A fact of the exercise."""
    of_drill = select(EmergencyFact.id).join(Emergency, Emergency.id == EmergencyFact.emergency_id)
    fact = scene.ask(of_drill.where(Emergency.is_drill))
    return f"{_emergency(is_drill=True)(scene)}/facts/{fact}"


def _answer_link(
    purpose: str, party: Party, condition: Callable[[], ColumnElement[bool]], more: str = ""
) -> Callable[[Scene], str]:
    """The link in a notice about an order that meets the condition: to its resident, team, or one of its crew."""

    def find(scene: Scene) -> str:
        crew = exists().where(Crew.order_id == Order.id)
        order_id = scene.ask(select(Order.id).where(condition(), crew).order_by(Order.id))
        scope = ""
        if party is Party.TEAM:
            scope = str(scene.ask(select(Order.team_id).where(Order.id == order_id)))
        elif party is Party.VOLUNTEER:
            scope = str(scene.ask(select(Crew.volunteer_id).where(Crew.order_id == order_id)))
        with scene.app.app_context():
            reader = To(party, scope, order_id)
            return answer_path(purpose, order_id=order_id, reader=reader, now=_moment()) + more

    return find


def _asking_link(purpose: str, party: Party, asked: Callable[[], Select[Any]]) -> Callable[[Scene], str]:
    """The link of somebody who is being asked; `asked` gives the order's id and which one of the party."""

    def find(scene: Scene) -> str:
        with scene.app.app_context():
            order_id, scope = db.session.execute(asked()).first() or (0, 0)
            reader = To(party, "" if party is Party.RESIDENT else str(scope), order_id)
            path = answer_path(purpose, order_id=order_id, reader=reader, now=_moment())
        assert path, purpose
        return path

    return find


def _open_offers() -> Select[Any]:
    return select(Offer.order_id, Offer.team_id).join(Order).where(
        Order.status == Status.CLAIMED, Order.held_team_id.is_(None), Offer.answer.is_(None), Offer.is_standing()
    )  # fmt: skip


def _open_asks() -> Select[Any]:
    return select(CrewAsk.order_id, CrewAsk.volunteer_id).where(
        CrewAsk.asked_at.is_not(None), CrewAsk.answer.is_(None), CrewAsk.ending == ""
    )


def _open_counters() -> Select[Any]:
    return select(CounterOffer.order_id, CounterOffer.order_id).where(CounterOffer.answer.is_(None))


def _open_invites() -> Select[Any]:
    return select(JointInvite.order_id, JointInvite.order_id).where(JointInvite.answer.is_(None))


def _is_agreed() -> ColumnElement[bool]:
    return and_(Order.status == Status.ACCEPTED, _is_ahead())


def _is_overdue_service() -> ColumnElement[bool]:
    return and_(Order.status == Status.ACCEPTED, _is_over())


def _is_unrated_yet() -> ColumnElement[bool]:
    recent = Order.closed_at > _moment() - timedelta(days=14)
    return and_(Order.status == Status.CLOSED, ~_IS_RATED, recent)


def _unfold_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")


def _unfold_term(page: Page) -> None:
    page.locator("button.term").first.click()


P, S = Party, Status

PUBLIC = (
    Entry("home", "public.home", "/"),
    Entry("menu", "public.menu", "/menu"),
    Entry("menu-filtered", "public.menu", "/menu?audience=elderly&theme=health"),
    Entry("menu-empty", "public.menu", "/menu?q=没有这一项"),
    Entry("menu-item", "public.menu_item", "/menu/S05"),
    Entry("about", "public.about", "/about"),
    Entry("progress", "public.progress", "/progress", then=_unfold_all),
    Entry("targets", "public.targets", "/progress/targets?period=2021-2025"),
    Entry("targets-sheet", "public.targets_sheet", "/progress/targets/sheet", is_paper=True),
    Entry("cases", "public.cases", "/progress/cases"),
    Entry("emergency", "emergencies.emergency", _emergency(desk=""), then=_unfold_all),
    Entry("emergency-drill", "emergencies.emergency", _emergency(desk="", is_drill=True), is_drilling=True),
    Entry("home-drill", "public.home", "/", is_drilling=True),
    Entry("view-settings", "view_settings.page", "/view"),
    Entry("styleguide", "styleguide.page", "/styleguide"),
    Entry("offline", "offline.page", "/offline"),
    Entry("offline-order", "offline.order", "/offline/order"),
    Entry("help", "help.index", "/help"),
    Entry("help-words", "help.words", "/help/words"),
    Entry("help-resident", "help.party", "/help/resident", then=_unfold_all),
    Entry("help-community", "help.party", "/help/community", then=_unfold_all),
    Entry("help-department", "help.party", "/help/department", then=_unfold_all),
    Entry("help-team", "help.party", "/help/team", then=_unfold_all),
    Entry("help-volunteer", "help.party", "/help/volunteer", then=_unfold_all),
    Entry("help-office", "help.party", "/help/office", then=_unfold_all),
    Entry("hours-notices", "public.hours_notices", "/hours/notices"),
    Entry("hours-notice", "public.hours_notice", _late_entry),
    Entry("hours-notice-errors", "public.object_hours", _late_entry, status=422, fields=_typed()),
    Entry("spot-checks", "public.spot_checks", "/hours/spot-checks"),
    Entry("spot-check", "public.spot_check", _draw),
    Entry("login", "auth.login", "/login"),
    Entry(
        "login-errors", "auth.submit_login", "/login", status=422, fields=_typed(username="nobody", password="wrong")
    ),
    Entry("register", "auth.register", "/register"),
    Entry("register-errors", "auth.submit_register", "/register", status=422, fields=_typed(username="a")),
    Entry("resume-after-login", "community.place", "/community/order", status=401, fields=_typed(_WHAT, _WHERE)),
    Entry("resume", "resident.place", "/order", status=400, fields=_typed(_WHAT, _WHERE, csrf_token="old")),
    Entry("join", "join.form", "/join"),
    Entry("join-errors", "join.submit", "/join", status=422, fields=_typed(name="王测试", id_number="1")),
    Entry("join-done", "join.done", "/join/done"),
    Entry("verify", "verify.ask", "/verify"),
    Entry("verify-errors", "verify.ask", "/verify?code=1", status=422),
    Entry("verify-unknown", "verify.certificate", "/verify/ABCDEFGHJKMNPQRS", status=404),
    Entry("verify-valid", "verify.certificate", _code(is_revoked=False)),
    Entry("verify-revoked", "verify.certificate", _code(is_revoked=True)),
    Entry("commendations", "honours.years", "/commendations"),
    Entry("commendation", "honours.year", "/commendations/2025"),
    Entry("error-400", "errors_on_stage.error_page", "/errors-on-stage/400", status=400),
    Entry("error-403", "errors_on_stage.error_page", "/errors-on-stage/403", status=403),
    Entry("error-404", "errors_on_stage.error_page", "/errors-on-stage/404", status=404),
    Entry("error-405", "errors_on_stage.error_page", "/errors-on-stage/405", status=405),
    Entry("error-409", "errors_on_stage.error_page", "/errors-on-stage/409", status=409),
    Entry("error-413", "errors_on_stage.error_page", "/errors-on-stage/413", status=413),
    Entry("error-422", "errors_on_stage.error_page", "/errors-on-stage/422", status=422),
    Entry("error-429", "errors_on_stage.error_page", "/errors-on-stage/429", status=429),
    Entry("error-500", "errors_on_stage.error_page", "/errors-on-stage/500", status=500),
    Entry("error-503", "errors_on_stage.error_page", "/errors-on-stage/503", status=503),
)

ORDERING = (
    Entry("order-1", "resident.order_form", "/order"),
    Entry("order-1-chosen", "resident.order_form", "/order?audience=elderly&item=S05"),
    Entry("order-1-errors", "resident.place", "/order", status=422, fields=_typed(screen="1", go="next")),
    Entry("order-2", "resident.place", "/order", fields=_typed(_WHAT, screen="1", go="next")),
    Entry("order-2-errors", "resident.place", "/order", status=422, fields=_typed(_WHAT, screen="2", go="next")),
    Entry("order-3", "resident.place", "/order", fields=_typed(_WHAT, _WHERE, screen="2", go="next")),
    Entry(
        "order-3-errors", "resident.place", "/order", status=422, fields=_typed(_WHAT, _WHERE, screen="3", go="send")
    ),
    Entry("order-already", "resident.place", "/order", status=409, fields=_order_placed_before),
    Entry("order-done", "resident.follow", _link(Order.status == S.PLACED, more="?new=1")),
    Entry("track", "resident.track", "/track"),
    Entry("track-errors", "resident.find", "/track", status=422, fields=_typed(number="QTX1")),
    Entry("track-unknown", "resident.find", "/track", status=404, fields=_wrong_tail),
    Entry("answer-come", "answers.show", _answer_link("come", P.VOLUNTEER, _is_agreed), then=_unfold_all),
    Entry("answer-team", "answers.show", _answer_link("come", P.TEAM, _is_agreed)),
    Entry("answer-time", "answers.show", _answer_link("confirm_time", P.RESIDENT, _is_agreed), then=_unfold_all),
    Entry("answer-came", "answers.show", _answer_link("took_place", P.RESIDENT, _is_overdue_service)),
    Entry("answer-rate", "answers.show", _answer_link("rate", P.RESIDENT, _is_unrated_yet)),
    Entry("answer-offer", "answers.show", _asking_link("offer", P.TEAM, _open_offers), then=_unfold_all),
    Entry("answer-join", "answers.show", _asking_link("join", P.VOLUNTEER, _open_asks), then=_unfold_all),
    Entry(
        "answer-other-time", "answers.show", _asking_link("other_time", P.RESIDENT, _open_counters), then=_unfold_all
    ),
    Entry("answer-joint", "answers.show", _asking_link("joint", P.RESIDENT, _open_invites), then=_unfold_all),
    Entry("answer-unknown", "answers.show", "/a/" + "x" * 38, status=404),
    Entry("unsubscribe", "unsubscribe.show", _unsubscribe_link),
    Entry("unsubscribe-unknown", "unsubscribe.show", "/u/" + "x" * 22, status=404),
    Entry("follow-placed", "resident.follow", _link(Order.status == S.PLACED, ~_IS_ASKED)),
    Entry("follow-asked", "resident.follow", _link(Order.status == S.PLACED, _IS_ASKED)),
    Entry("follow-dispatched", "resident.follow", _link(Order.status == S.DISPATCHED)),
    Entry("follow-claimed", "resident.follow", _link(Order.status == S.CLAIMED)),
    Entry("follow-accepted", "resident.follow", _link(Order.status == S.ACCEPTED, _is_ahead), then=_unfold_all),
    Entry("follow-started", "resident.follow", _link(Order.status == S.ACCEPTED, _is_over), then=_unfold_all),
    Entry("follow-closed", "resident.follow", _link(Order.status == S.CLOSED, ~_IS_RATED)),
    Entry("follow-rated", "resident.follow", _link(Order.status == S.CLOSED, _IS_RATED)),
    Entry("data-open", "resident.data", _link(Order.status == S.ACCEPTED, more="/data"), then=_unfold_all),
    Entry("data-closed", "resident.data", _link(Order.status == S.CLOSED, more="/data"), then=_unfold_all),
    Entry("follow-rejected", "resident.follow", _link(Order.status == S.REJECTED)),
    Entry("follow-merged", "resident.follow", _link(Order.status == S.MERGED)),
    Entry("follow-cancelled", "resident.follow", _link(Order.status == S.CANCELLED)),
    Entry("follow-unmet", "resident.follow", _link(Order.status == S.UNMET)),
    Entry("follow-unreachable", "resident.follow", _link(Order.status == S.UNREACHABLE)),
)

RESIDENT = (
    Entry("resident", "my.inbox", "/resident/", P.RESIDENT),
    Entry("resident-first", "my.inbox", "/resident/", P.RESIDENT, is_first_visit=True),
    Entry("resident-empty", "my.inbox", "/resident/?q=没有这一单", P.RESIDENT),
    Entry("resident-order", "my.order", _order(P.RESIDENT), P.RESIDENT, then=_unfold_all),
    Entry("resident-sheet", "my.sheet", _order(P.RESIDENT, more="/sheet"), P.RESIDENT, is_paper=True),
    Entry("resident-order-again", "resident.place", "/order", P.RESIDENT, status=409, fields=_order_again),
    Entry("resident-views", "my.views", "/resident/views", P.RESIDENT),
    Entry("resident-notices", "my.notices", "/resident/notices", P.RESIDENT),
    Entry("resident-notice-wishes", "my.notice_wishes", "/resident/notices/settings", P.RESIDENT, then=_unfold_all),
    Entry("account", "auth.account_page", "/account", P.RESIDENT),
    Entry("my-data", "own.data", "/my/data", P.RESIDENT),
    Entry("my-erase", "own.erase_form", "/my/data/erase", P.RESIDENT),
    Entry("account-errors", "auth.submit_password", "/account", P.RESIDENT, status=422, fields=_typed()),
)

COMMUNITY = (
    Entry("community", "community.inbox", "/community/", P.COMMUNITY),
    Entry("community-first", "community.inbox", "/community/", P.COMMUNITY, is_first_visit=True),
    Entry("community-explained", "community.inbox", "/community/", P.COMMUNITY, then=_unfold_term),
    Entry("community-moving", "community.inbox", "/community/?tab=moving", P.COMMUNITY),
    Entry("community-all", "community.inbox", "/community/?tab=all", P.COMMUNITY),
    Entry("community-empty", "community.inbox", "/community/?q=没有这一单", P.COMMUNITY),
    Entry(
        "community-placed", "community.order", _order(P.COMMUNITY, Order.status == S.PLACED, ~_IS_ASKED), P.COMMUNITY
    ),
    Entry(
        "community-placed-unfolded",
        "community.order",
        _order(P.COMMUNITY, Order.status == S.PLACED, ~_IS_ASKED),
        P.COMMUNITY,
        then=_unfold_all,
    ),
    Entry("community-asked", "community.order", _order(P.COMMUNITY, Order.status == S.PLACED, _IS_ASKED), P.COMMUNITY),
    Entry("community-dispatched", "community.order", _order(P.COMMUNITY, Order.status == S.DISPATCHED), P.COMMUNITY),
    Entry("community-claimed", "community.order", _order(P.COMMUNITY, Order.status == S.CLAIMED), P.COMMUNITY),
    Entry("community-accepted", "community.order", _order(P.COMMUNITY, Order.status == S.ACCEPTED), P.COMMUNITY),
    Entry("community-closed", "community.order", _order(P.COMMUNITY, Order.status == S.CLOSED), P.COMMUNITY),
    Entry("community-call-back", "community.order", _order(P.COMMUNITY, _HAS_CALL), P.COMMUNITY),
    Entry(
        "community-late-step", "community.act", _of_closed_order, P.COMMUNITY, status=409, fields=_typed(version="1")
    ),
    Entry("community-bulk", "community.check_bulk", "/community/bulk", P.COMMUNITY, fields=_ticked),
    Entry("community-bulk-done", "community.do_bulk", "/community/bulk/confirmed", P.COMMUNITY, fields=_confirmed),
    Entry("community-dispatched-now", "community.act", _to_dispatch, P.COMMUNITY, fields=_dispatching),
    Entry("community-views", "community.views", "/community/views", P.COMMUNITY),
    Entry("community-filtered", "community.inbox", "/community/?due=late", P.COMMUNITY, then=_unfold_all),
    Entry(
        "community-sheet", "community.sheet", _order(P.COMMUNITY, _WAS_LATE, more="/sheet"), P.COMMUNITY, is_paper=True
    ),
    Entry("community-notices", "community.notices", "/community/notices", P.COMMUNITY),
    Entry(
        "community-notice-wishes",
        "community.notice_wishes",
        "/community/notices/settings",
        P.COMMUNITY,
        then=_unfold_all,
    ),
    Entry("community-order", "community.order_form", "/community/order?audience=elderly", P.COMMUNITY),
    Entry(
        "community-order-errors",
        "community.place",
        "/community/order",
        P.COMMUNITY,
        status=422,
        fields=_typed(go="send"),
    ),
    Entry("community-presence", "community.presence", "/community/presence", P.COMMUNITY),
    Entry("community-calls", "community.calls", "/community/calls", P.COMMUNITY, then=_unfold_all),
    Entry("community-doubles", "community.doubles", "/community/doubles", P.COMMUNITY),
    Entry("community-joint", "community.joint", "/community/joint", P.COMMUNITY),
    Entry(
        "community-unreachable",
        "community.order",
        _order(P.COMMUNITY, Order.status == S.UNREACHABLE),
        P.COMMUNITY,
        then=_unfold_all,
    ),
    Entry("community-no-shows", "community.no_shows", "/community/no-shows", P.COMMUNITY),
    Entry("community-addresses", "community.addresses", "/community/addresses", P.COMMUNITY),
    Entry("community-undelivered", "community.undelivered", "/community/undelivered", P.COMMUNITY),
    Entry("community-poster", "community.poster", "/community/poster", P.COMMUNITY),
    Entry("community-papers", "community.papers", "/community/papers", P.COMMUNITY),
    Entry("community-paper", "community.paper", "/community/papers/2026", P.COMMUNITY, is_paper=True),
    Entry("community-posters", "community.posters", "/community/poster/all", P.COMMUNITY),
    Entry("community-poster-cards", "community.poster_cards", "/community/poster/cards", P.COMMUNITY, is_paper=True),
)

DEPARTMENT = (
    Entry("department", "department.inbox", "/department/", P.DEPARTMENT),
    Entry("department-first", "department.inbox", "/department/", P.DEPARTMENT, is_first_visit=True),
    Entry("department-empty", "department.inbox", "/department/?q=没有这一单", P.DEPARTMENT),
    Entry(
        "department-dispatched",
        "department.order",
        _order(P.DEPARTMENT, Order.status == S.DISPATCHED),
        P.DEPARTMENT,
        then=_unfold_all,
    ),
    Entry("department-order", "department.order", _order(P.DEPARTMENT, _is_served_soon), P.DEPARTMENT),
    Entry("department-accepted", "department.order", _order(P.DEPARTMENT, Order.status == S.ACCEPTED), P.DEPARTMENT),
    Entry("department-closed", "department.order", _order(P.DEPARTMENT, Order.status == S.CLOSED), P.DEPARTMENT),
    Entry("department-sheet", "department.sheet", _order(P.DEPARTMENT, more="/sheet"), P.DEPARTMENT, is_paper=True),
    Entry("department-targets", "department.targets", "/department/targets", P.DEPARTMENT),
    Entry("department-target", "department.target", "/department/targets/T23", P.DEPARTMENT),
    Entry("department-views", "department.views", "/department/views", P.DEPARTMENT),
    Entry("department-notices", "department.notices", "/department/notices", P.DEPARTMENT),
    Entry(
        "department-notice-wishes",
        "department.notice_wishes",
        "/department/notices/settings",
        P.DEPARTMENT,
        then=_unfold_all,
    ),
    Entry("department-papers", "department.papers", "/department/papers", P.DEPARTMENT),
    Entry("department-paper", "department.paper", "/department/papers/2026", P.DEPARTMENT, is_paper=True),
    Entry("department-teams", "department.teams", "/department/teams", P.DEPARTMENT),
    Entry(
        "department-teams-for",
        "department.teams_for",
        _order(P.DEPARTMENT, _is_served_soon, more="/teams"),
        P.DEPARTMENT,
    ),
    Entry("department-plan-waiting", "department.plan", _plan(P.DEPARTMENT, is_solved=False), P.DEPARTMENT),
    Entry("department-plan", "department.plan", _plan(P.DEPARTMENT), P.DEPARTMENT, then=_unfold_all),
    Entry("department-plan-all", "department.plan_all", _plan(P.DEPARTMENT, more="/all"), P.DEPARTMENT),
    Entry("department-plans", "department.plans", "/department/plan", P.DEPARTMENT),
    Entry("department-joint", "department.joint", "/department/joint", P.DEPARTMENT),
    Entry(
        "department-other-times",
        "department.other_times",
        _order(P.DEPARTMENT, Order.status == S.CLAIMED, ~_IS_ASKED, more="/other-times"),
        P.DEPARTMENT,
    ),
    Entry("department-science-days", "department.science_days", "/department/science-days", P.DEPARTMENT),
    Entry("department-addresses", "department.addresses", "/department/addresses", P.DEPARTMENT),
    Entry("department-order-form", "department.order_form", "/department/order", P.DEPARTMENT),
    Entry("department-fairness", "department.fairness", "/department/fairness?by=year", P.DEPARTMENT, then=_unfold_all),
    Entry(
        "department-fairness-orders",
        "department.fairness_orders",
        "/department/fairness/orders/all?by=year",
        P.DEPARTMENT,
    ),
    Entry("department-push-none", "department.push_form", "/department/push", P.DEPARTMENT),
    Entry("department-push", "department.push_form", "/department/push", P.DEPARTMENT, is_drilling=True),
)

TEAM = (
    Entry("team", "team.inbox", "/team/", P.TEAM),
    Entry("team-check-in", "team.check_in", _own_service("/check-in"), P.TEAM),
    Entry("team-hours", "team.order_hours", _order(P.TEAM, Order.status == S.CLOSED, more="/hours"), P.TEAM),
    Entry("team-no-shows", "team.no_shows", "/team/no-shows", P.TEAM),
    Entry("team-addresses", "team.addresses", "/team/addresses", P.TEAM),
    Entry("team-first", "team.inbox", "/team/", P.TEAM, is_first_visit=True),
    Entry("team-empty", "team.inbox", "/team/?q=没有这一单", P.TEAM),
    Entry("team-accepted", "team.inbox", "/team/?tab=accepted", P.TEAM),
    Entry("team-order", "team.order", _order(P.TEAM, Order.status == S.CLAIMED), P.TEAM),
    Entry(
        "team-order-ahead",
        "team.order",
        _order(P.TEAM, Order.status == S.ACCEPTED, _is_ahead),
        P.TEAM,
        then=_unfold_all,
    ),
    Entry("team-order-over", "team.order", _order(P.TEAM, Order.status == S.ACCEPTED, _is_over), P.TEAM),
    Entry("team-order-closed", "team.order", _order(P.TEAM, Order.status == S.CLOSED), P.TEAM),
    Entry("team-sheet", "team.sheet", _order(P.TEAM, Order.status == S.CLOSED, more="/sheet"), P.TEAM, is_paper=True),
    Entry(
        "team-other-times",
        "team.other_times",
        _order(P.TEAM, Order.status == S.CLAIMED, ~_IS_ASKED, more="/other-times"),
        P.TEAM,
    ),
    Entry("team-day", "team.day", "/team/day", P.TEAM),
    Entry("team-day-ahead", "team.day", "/team/day?on=2026-11-25", P.TEAM, then=_unfold_all),
    Entry("team-day-sheet", "team.day_sheet", "/team/day/sheet", P.TEAM, is_paper=True),
    Entry("team-week", "team.week", "/team/week", P.TEAM),
    Entry("team-views", "team.views", "/team/views", P.TEAM),
    Entry("team-notices", "team.notices", "/team/notices", P.TEAM),
    Entry("team-notice-wishes", "team.notice_wishes", "/team/notices/settings", P.TEAM, then=_unfold_all),
    Entry("team-members", "team.members", "/team/members", P.TEAM),
    Entry("team-member-form", "team.member_form", "/team/members/add", P.TEAM),
    Entry("team-member", "team.member", _person(P.TEAM, "/members/{}"), P.TEAM),
    Entry("team-numbers", "team.numbers", _person(P.TEAM, "/members/{}/numbers"), P.TEAM),
    Entry("team-person-certificates", "team.person_certificates", _person(P.TEAM, "/members/{}/certificates"), P.TEAM),
    Entry("team-certificate", "team.certificate", _certificate(P.TEAM), P.TEAM, is_paper=True),
)

VOLUNTEER = (
    Entry("volunteer", "volunteer.inbox", "/volunteer/", P.VOLUNTEER),
    Entry("volunteer-first", "volunteer.inbox", "/volunteer/", P.VOLUNTEER, is_first_visit=True),
    Entry("volunteer-empty", "volunteer.inbox", "/volunteer/?q=没有这一单", P.VOLUNTEER),
    Entry("volunteer-order", "volunteer.order", _order(P.VOLUNTEER, Order.status == S.ACCEPTED), P.VOLUNTEER),
    Entry("volunteer-order-closed", "volunteer.order", _order(P.VOLUNTEER, Order.status == S.CLOSED), P.VOLUNTEER),
    Entry("volunteer-sheet", "volunteer.sheet", _order(P.VOLUNTEER, more="/sheet"), P.VOLUNTEER, is_paper=True),
    Entry("volunteer-hours", "volunteer.hours", "/volunteer/hours", P.VOLUNTEER, then=_unfold_all),
    Entry("volunteer-check-in", "volunteer.check_in_page", "/volunteer/check-in", P.VOLUNTEER),
    Entry(
        "volunteer-check-in-errors",
        "volunteer.do_check_in",
        "/volunteer/check-in",
        P.VOLUNTEER,
        status=422,
        fields=_typed(),
    ),
    Entry("volunteer-me", "volunteer.me", "/volunteer/me", P.VOLUNTEER),
    Entry("volunteer-week", "volunteer.week", "/volunteer/week", P.VOLUNTEER),
    Entry("volunteer-views", "volunteer.views", "/volunteer/views", P.VOLUNTEER),
    Entry("volunteer-notices", "volunteer.notices", "/volunteer/notices", P.VOLUNTEER),
    Entry(
        "volunteer-notice-wishes",
        "volunteer.notice_wishes",
        "/volunteer/notices/settings",
        P.VOLUNTEER,
        then=_unfold_all,
    ),
    Entry("volunteer-certificates", "volunteer.person_certificates", "/volunteer/certificates", P.VOLUNTEER),
    Entry("volunteer-certificate", "volunteer.certificate", _certificate(P.VOLUNTEER), P.VOLUNTEER, is_paper=True),
    Entry("volunteer-stars", "volunteer.stars", "/volunteer/stars", P.VOLUNTEER),
)

OFFICE = (
    Entry("office", "office.inbox", "/office/", P.OFFICE),
    Entry("office-first", "office.inbox", "/office/", P.OFFICE, is_first_visit=True),
    Entry("office-overview", "office.overview", "/office/overview", P.OFFICE, then=_unfold_all),
    Entry("office-undelivered", "office.undelivered", "/office/undelivered", P.OFFICE, then=_unfold_all),
    Entry("office-undelivered-unknown", "office.undelivered", "/office/undelivered?which=unknown", P.OFFICE),
    Entry("office-plan", "office.plan", _plan(P.OFFICE), P.OFFICE, then=_unfold_all),
    Entry("office-plan-unserved", "office.plan", _plan(P.OFFICE, more="?show=unserved"), P.OFFICE),
    Entry("office-plan-all", "office.plan_all", _plan(P.OFFICE, more="/all"), P.OFFICE),
    Entry("office-plans", "office.plans", "/office/plan", P.OFFICE),
    Entry("office-stuck", "office.stuck", "/office/stuck", P.OFFICE, then=_unfold_all),
    Entry("office-calls", "office.calls", "/office/calls", P.OFFICE),
    Entry("office-figures", "office.figures", "/office/progress", P.OFFICE),
    Entry("office-figure", "office.figure", "/office/progress/minutes?first=2026-01-01", P.OFFICE),
    Entry("office-figure-people", "office.figure", "/office/progress/registered?town=640381001", P.OFFICE),
    Entry("office-figure-empty", "office.figure", "/office/progress/unmet?last=2001-01-01", P.OFFICE),
    Entry("office-counted", "office.counted", "/office/progress/counted/T23", P.OFFICE),
    Entry("office-fairness", "office.fairness", "/office/fairness?by=year", P.OFFICE, then=_unfold_all),
    Entry(
        "office-fairness-empty",
        "office.fairness",
        "/office/fairness?by=free&first=2001-01-01&last=2001-01-31",
        P.OFFICE,
    ),
    Entry("office-fairness-orders", "office.fairness_orders", "/office/fairness/orders/filled?by=year", P.OFFICE),
    Entry("office-papers", "office.papers", "/office/papers", P.OFFICE),
    Entry("office-paper-year", "office.paper", "/office/papers/year/2026", P.OFFICE, is_paper=True),
    Entry("office-paper-duties", "office.paper", "/office/papers/duties/2026", P.OFFICE, is_paper=True),
    Entry("office-paper-cases", "office.paper", "/office/papers/cases/2026", P.OFFICE, is_paper=True),
    Entry("office-emergencies", "office.emergencies", "/office/emergencies", P.OFFICE),
    Entry("office-emergency", "office.emergency", _emergency(), P.OFFICE, then=_unfold_all),
    Entry(
        "office-emergency-drill",
        "office.emergency",
        _emergency(is_drill=True),
        P.OFFICE,
        then=_unfold_all,
        is_drilling=True,
    ),
    Entry("office-emergency-new", "office.new_emergency", "/office/emergencies/new", P.OFFICE),
    Entry(
        "office-emergency-change",
        "office.emergency_form",
        _emergency("/change", is_drill=True),
        P.OFFICE,
        is_drilling=True,
    ),
    Entry("office-emergency-fact", "office.emergency_fact", _drill_fact, P.OFFICE, is_drilling=True),
    Entry(
        "office-emergency-close", "office.ending_form", _emergency("/close", is_drill=True), P.OFFICE, is_drilling=True
    ),
    Entry("office-emergency-review", "office.emergency_review", _emergency("/review"), P.OFFICE, is_paper=True),
    Entry("office-cases", "office.cases", "/office/cases", P.OFFICE),
    Entry("office-case", "office.case_form", _case_order, P.OFFICE),
    Entry("office-case-errors", "office.save_case", _case_order, P.OFFICE, status=422, fields=_typed(title="一二三")),
    Entry("office-overdue", "office.inbox", "/office/?tab=overdue", P.OFFICE),
    Entry("office-empty", "office.inbox", "/office/?q=没有这一单", P.OFFICE),
    Entry(
        "office-order", "office.order", _order(P.OFFICE, Order.status == S.PLACED, Order.returns_count > 1), P.OFFICE
    ),
    Entry("office-order-closed", "office.order", _order(P.OFFICE, Order.status == S.CLOSED, _IS_RATED), P.OFFICE),
    Entry("office-order-unmet", "office.order", _order(P.OFFICE, Order.status == S.UNMET), P.OFFICE),
    Entry(
        "office-sheet",
        "office.sheet",
        _order(P.OFFICE, Order.status == S.CLOSED, more="/sheet"),
        P.OFFICE,
        is_paper=True,
    ),
    Entry("office-views", "office.views", "/office/views", P.OFFICE),
    Entry("office-notices", "office.notices", "/office/notices", P.OFFICE),
    Entry("office-notice-wishes", "office.notice_wishes", "/office/notices/settings", P.OFFICE, then=_unfold_all),
    Entry("office-privacy", "office.privacy", "/office/privacy", P.OFFICE),
    Entry("office-numbers", "office.numbers", _person(P.OFFICE, "/volunteers/{}/numbers"), P.OFFICE),
    Entry("office-erase", "office.erase_volunteer_form", _person(P.OFFICE, "/volunteers/{}/erase"), P.OFFICE),
    Entry("office-targets", "office.targets", "/office/targets", P.OFFICE, then=_unfold_all),
    Entry("office-target", "office.target", "/office/targets/T23", P.OFFICE),
    Entry("office-target-reported", "office.target", "/office/targets/T12", P.OFFICE),
    Entry(
        "office-target-errors",
        "office.report_target",
        "/office/targets/T12",
        P.OFFICE,
        status=422,
        fields=_typed(value="很多", as_of_on="昨天", source=""),
    ),
    Entry("office-period-form", "office.period_form", "/office/targets/periods/2021-2025/next", P.OFFICE),
    Entry("office-facts", "office.facts", "/office/facts", P.OFFICE),
    Entry("office-channels", "office.channels", "/office/channels", P.OFFICE),
    Entry("office-channel", "office.channel", "/office/channels/mail", P.OFFICE),
    Entry("office-channel-sms", "office.channel", "/office/channels/sms", P.OFFICE),
    Entry(
        "office-channel-errors",
        "office.set_up",
        "/office/channels/mail",
        P.OFFICE,
        status=422,
        fields=_typed(host="", security="", port="x", sender="", version="0"),
    ),
    Entry("office-addresses", "office.addresses", "/office/addresses", P.OFFICE),
    Entry("office-workdays", "office.workdays", "/office/calendar", P.OFFICE, then=_unfold_all),
    Entry("office-workdays-next", "office.workdays_of", "/office/calendar/2027?day=2027-01-01", P.OFFICE),
    Entry("office-fact-list", "office.fact_list", "/office/facts/menu_item", P.OFFICE),
    Entry("office-fact", "office.fact", "/office/facts/menu_item/S05", P.OFFICE),
    Entry("office-fact-form", "office.fact_form", "/office/facts/menu_item/add", P.OFFICE),
    Entry("office-wordings", "office.wordings", "/office/wordings", P.OFFICE),
    Entry("office-wording", "office.wording", "/office/wordings/accept/resident", P.OFFICE, then=_unfold_all),
    Entry("office-accounts", "office.accounts", "/office/accounts", P.OFFICE),
    Entry(
        "office-account",
        "office.account",
        lambda scene: f"/office/accounts/{scene.ask(select(Account.id).where(Account.username == 'team'))}",
        P.OFFICE,
    ),
    Entry("office-account-party", "office.account_form", "/office/accounts/add", P.OFFICE),
    Entry("office-account-form", "office.account_form", "/office/accounts/add?party=team", P.OFFICE),
    Entry(
        "office-seat-form",
        "office.seat_form",
        lambda scene: f"/office/accounts/{scene.ask(select(Account.id).where(Account.username == 'team'))}/seats/add",
        P.OFFICE,
    ),
    Entry("office-teams", "office.teams", "/office/teams", P.OFFICE),
    Entry("office-team", "office.team", lambda scene: f"/office/teams/{scene.ask(select(Team.id))}", P.OFFICE),
    Entry("office-team-form", "office.new_team_form", "/office/teams/add", P.OFFICE),
    Entry("office-volunteers", "office.volunteers", "/office/volunteers", P.OFFICE),
    Entry(
        "office-volunteer",
        "office.volunteer",
        lambda scene: f"/office/volunteers/{scene.ask(select(Volunteer.id).where(Volunteer.status == 'applied'))}",
        P.OFFICE,
    ),
    Entry("office-doubles", "office.doubles", "/office/volunteers/doubles", P.OFFICE),
    Entry("office-licences", "office.licences", "/office/volunteers/licences", P.OFFICE),
    Entry("office-volunteer-rules", "office.volunteer_rules", "/office/volunteers/rules", P.OFFICE),
    Entry("office-volunteer-form", "office.volunteer_form", "/office/volunteers/add", P.OFFICE),
    Entry("office-hours", "office.hours", "/office/hours", P.OFFICE),
    Entry("office-hours-rules", "office.hours_rules", "/office/hours/rules", P.OFFICE),
    Entry("office-ladder", "office.ladder", "/office/ladder", P.OFFICE),
    Entry("office-matching", "office.matching", "/office/matching", P.OFFICE, then=_unfold_all),
    Entry("office-points", "office.hours_points", "/office/hours/points", P.OFFICE),
    Entry(
        "office-order-hours",
        "office.order_hours",
        _order(P.OFFICE, Order.status == S.CLOSED, _HAS_LATE, more="/hours"),
        P.OFFICE,
        then=_unfold_all,
    ),
    Entry("office-certificates", "office.certificates", "/office/certificates", P.OFFICE),
    Entry("office-team-certificates", "office.team_form", "/office/certificates/team", P.OFFICE),
    Entry("office-stars", "office.stars", "/office/stars", P.OFFICE),
    Entry(
        "office-withdraw-star",
        "office.withdraw_form",
        lambda scene: f"/office/stars/{scene.ask(select(StarAward.id))}/withdraw",
        P.OFFICE,
    ),
    Entry("office-commendations", "office.commendations", "/office/commendations", P.OFFICE),
    Entry("office-commendation", "office.commendation", "/office/commendations/2025", P.OFFICE, then=_unfold_all),
    Entry("office-commendation-open", "office.commendation", "/office/commendations/2026", P.OFFICE),
    Entry(
        "office-commendation-rows",
        "office.commendation_rows",
        _person(P.OFFICE, "/commendations/2025/people/{}"),
        P.OFFICE,
    ),
    Entry(
        "office-commendation-sheet",
        "office.commendation_sheet",
        "/office/commendations/2025/sheet",
        P.OFFICE,
        is_paper=True,
    ),
    Entry("office-revoke", "office.revoke_form", _certificate(P.OFFICE, "/revoke"), P.OFFICE),
    Entry("office-certificate", "office.certificate", _certificate(P.OFFICE), P.OFFICE, is_paper=True),
    Entry(
        "office-person-certificates",
        "office.person_certificates",
        _person(P.OFFICE, "/volunteers/{}/certificates"),
        P.OFFICE,
    ),
    Entry("office-rosters", "office.rosters", "/office/rosters", P.OFFICE, then=_unfold_all),
    Entry("office-rosters-errors", "office.submit_roster", "/office/rosters", P.OFFICE, status=422, fields=_typed()),
    Entry("office-roster", "office.roster", _roster, P.OFFICE),
)

GROUPS = {
    "public": PUBLIC,
    "ordering": ORDERING,
    "resident": RESIDENT,
    "community": COMMUNITY,
    "department": DEPARTMENT,
    "team": TEAM,
    "volunteer": VOLUNTEER,
    "office": OFFICE,
}

#: One page of each route and answer: what differs by order or form is looked at once more in Chinese as usual.
KINDS = {
    name: tuple({(entry.endpoint, entry.status): entry for entry in reversed(entries)}.values())
    for name, entries in GROUPS.items()
}

CATALOGUE = tuple(entry for entries in GROUPS.values() for entry in entries)

#: GET routes that answer with something else than a page: endpoint and what it is.
NOT_PAGES = {
    "answers.calendar": "a file",
    "static": "files",
    "own.download": "a file",
    "public.healthz": "for machines",
    "public.readyz": "for machines",
    "public.metrics": "for machines",
    "office.workday_template": "a file",
    "offline.manifest": "for machines",
    "offline.worker": "a script",
    "offline.token": "for a script",
    **{f"{desk}.counts": "for a script" for desk in ("my", "community", "department", "team", "volunteer", "office")},
    "public.targets_file": "a file",
    "office.figure_file": "a file",
    "office.emergency_file": "a file",
    **{f"{desk}.paper_file": "a file" for desk in ("community", "department", "office")},
    "community.poster_qr": "a picture",
    **{f"{desk}.certificate_pdf": "a file" for desk in ("team", "volunteer", "office")},
    **{f"{desk}.report_file": "a file" for desk in ("department", "office")},
    **{
        f"{desk}.{page}": "a file"
        for desk in ("department", "office")
        for page in ("fairness_file", "fairness_orders_file")
    },
    **{f"{desk}.record_file": "a file" for desk in ("volunteer", "office")},
    **{f"{desk}.record_sheet": "a file" for desk in ("volunteer", "office")},
    "office.certificates_pdf": "a file",
    "office.certificates_table": "a file",
    "office.commendation_table": "a file",
    "resident.qr_code": "a picture",
    "resident.picture": "a picture",
    "my.picture": "a picture",
    "community.picture": "a picture",
    "department.picture": "a picture",
    "team.picture": "a picture",
    "volunteer.picture": "a picture",
    "office.picture": "a picture",
    "office.roster_template": "a spreadsheet",
    "office.roster_answer": "a spreadsheet",
}
