"""Who a notice reaches outside of the inbox, and by which addresses, in which order: for a batch of notices in a
constant number of statements. Reads; opens no sealed value."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import and_, or_, select

from qtxvol.accounts.actor import division_prefix
from qtxvol.accounts.models import Account, Seat
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.notices.models import ContactPoint, Notice, NoticeWish
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.volunteers.models import Volunteer


@dataclass(frozen=True, slots=True)
class Step:
    """One address of a chain. :ivar point_id: None for the telephone that the reader has anyway."""

    channel: str
    point_id: int | None = None

    @property
    def lane(self) -> str:
        """What fails together: a webhook has a server of its own."""
        return f"{self.channel}:{self.point_id}" if self.channel in ("webhook", "apprise") else self.channel


@dataclass(frozen=True, slots=True)
class Wish:
    """How a recipient wants to be told; the defaults of `NoticeWish` where nothing was chosen."""

    muted: frozenset[str] = frozenset()
    is_digest: bool = False
    locale: str = "zh"
    quiet_from: int = 22 * 60
    quiet_until: int = 7 * 60 + 30


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody, or a robot in a group chat, who gets a message of their own.

    :ivar name: as in `deliveries.recipient`. :ivar chain: by which addresses, the first is tried first; never empty.
    """

    name: str
    chain: tuple[Step, ...]
    wish: Wish = Wish()
    account_id: int | None = None
    volunteer_id: int | None = None


_PHONE = Step("sms")
_BODIES = (Party.COMMUNITY, Party.DEPARTMENT, Party.TEAM, Party.OFFICE)


@dataclass(slots=True)
class Readers:
    """The readers of some notices, looked up at once.

    :ivar ready: the channels that are switched on; addresses of others are passed over.
    """

    ready: frozenset[str]
    _seats: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    _orders: dict[int, AnyRow] = field(default_factory=dict)
    _people: dict[int, int] = field(default_factory=dict)
    _accounts_of: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _with_phone: set[tuple[str, int]] = field(default_factory=set)
    _points: dict[tuple[str, object], list[AnyRow]] = field(default_factory=lambda: defaultdict(list))
    _wishes: dict[tuple[str, int], Wish] = field(default_factory=dict)

    @classmethod
    def load(cls, notices: Sequence[Notice], ready: frozenset[str]) -> "Readers":
        """Six statements at most, whatever the number of notices."""
        readers = cls(ready)
        if not ready or not notices:
            return readers
        volunteers = {int(each.scope) for each in notices if each.party == Party.VOLUNTEER and each.scope.isdecimal()}
        orders = {each.order_id for each in notices if each.party == Party.RESIDENT and each.order_id is not None}
        readers._load_people(volunteers)
        readers._load_seats({each.party for each in notices if each.party in _BODIES}, set(readers._people.values()))
        readers._load_orders(orders)
        readers._load_phones()
        bodies = {(each.party, each.scope) for each in notices if each.party in _BODIES}
        readers._load_points(bodies)
        readers._load_wishes()
        return readers

    def of(self, notice: Notice) -> Iterator[Recipient]:
        """Everybody whom this notice reaches outside of the inbox; nobody without an address is among them."""
        match notice.party:
            case Party.RESIDENT:
                yield from self._resident(notice.order_id)
            case Party.VOLUNTEER:
                yield from self._volunteer(notice.scope)
            case party if party in _BODIES:
                yield from self._robots(notice.party, notice.scope)
                for account in self._seated(notice.party, notice.scope):
                    yield from self._account(account)

    # what is looked up

    def _load_people(self, ids: set[int]) -> None:
        """Somebody who was found to be on the list twice goes on under one row."""
        if ids:
            rows = db.session.execute(select(Volunteer.id, Volunteer.merged_into_id).where(Volunteer.id.in_(ids)))
            self._people = {row.id: row.merged_into_id or row.id for row in rows}

    def _load_seats(self, parties: set[str], people: set[int]) -> None:
        wanted = or_(Seat.party.in_(parties), and_(Seat.party == Party.VOLUNTEER, Seat.volunteer_id.in_(people)))
        rows = db.session.execute(
            select(Seat, Account.phone_digest.is_not(None).label("has_phone"))
            .join(Account, Account.id == Seat.account_id)
            .where(wanted, Account.is_active)
            .order_by(Seat.id)
        )
        for seat, has_phone in rows:
            if has_phone:
                self._with_phone.add(("account", seat.account_id))
            if seat.party == Party.VOLUNTEER and seat.volunteer_id is not None:
                self._accounts_of[seat.volunteer_id].append(seat.account_id)
            else:
                scope = seat.division_code or seat.department_id or seat.team_id or ""
                self._seats[seat.party, str(scope)].append(seat.account_id)

    def _load_orders(self, ids: set[int]) -> None:
        if ids:
            rows = db.session.execute(
                select(
                    Order.id,
                    (Order.contact_phone_digest != "").label("has_phone"),
                    Order.placed_by_account_id,
                    Order.is_on_behalf,
                ).where(Order.id.in_(ids))
            )
            self._orders = {row.id: row for row in rows}

    def _load_phones(self) -> None:
        if self._people:
            people = select(Volunteer.id).where(
                Volunteer.id.in_(self._people.values()), Volunteer.phone_digest.is_not(None)
            )
            self._with_phone |= {("volunteer", person) for person in db.session.scalars(people)}

    def _load_points(self, bodies: set[tuple[str, str]]) -> None:
        """Of every account and volunteer that was found, and of the bodies."""
        scopes = [and_(ContactPoint.party == party, ContactPoint.scope == scope) for party, scope in sorted(bodies)]
        rows = db.session.execute(
            select(
                ContactPoint.id,
                ContactPoint.account_id,
                ContactPoint.volunteer_id,
                ContactPoint.party,
                ContactPoint.scope,
                ContactPoint.channel,
            )
            .where(
                ContactPoint.is_active,
                ContactPoint.channel.in_(self.ready),
                or_(
                    ContactPoint.account_id.in_(self._account_ids()),
                    ContactPoint.volunteer_id.in_(set(self._people.values())),
                    *scopes,
                ),
            )
            .order_by(ContactPoint.rank, ContactPoint.id)
        )
        for row in rows:
            if row.account_id is not None:
                self._points["account", row.account_id].append(row)
            elif row.volunteer_id is not None:
                self._points["volunteer", row.volunteer_id].append(row)
            else:
                self._points[row.party, row.scope].append(row)

    def _load_wishes(self) -> None:
        rows = db.session.scalars(
            select(NoticeWish).where(
                or_(
                    NoticeWish.account_id.in_(self._account_ids()),
                    NoticeWish.volunteer_id.in_(set(self._people.values())),
                    NoticeWish.order_id.in_(self._orders),
                )
            )
        )
        for row in rows:
            wish = Wish(frozenset(row.muted), row.is_digest, row.locale, row.quiet_from, row.quiet_until)
            for kind, owner in (
                ("account", row.account_id),
                ("volunteer", row.volunteer_id),
                ("order", row.order_id),
            ):
                if owner is not None:
                    self._wishes[kind, owner] = wish

    def _account_ids(self) -> set[int]:
        ids = {account for seated in self._seats.values() for account in seated}
        ids |= {account for seated in self._accounts_of.values() for account in seated}
        return ids | {own for row in self._orders.values() if (own := _own_account(row)) is not None}

    # who it is

    def _seated(self, party: str, scope: str) -> Sequence[int]:
        """The accounts of a body; of a community that has none, those of its town."""
        found = self._seats.get((party, scope), ())
        if found or party != Party.COMMUNITY:
            return found
        return self._seats.get((party, division_prefix(scope)[:9].ljust(12, "0")), ())

    def _robots(self, party: str, scope: str) -> Iterator[Recipient]:
        """Every address of a body gets it: none stands in for another."""
        for row in self._points.get((party, scope), ()):
            yield Recipient(f"point:{row.id}", (Step(row.channel, row.id),))

    def _account(self, account: int) -> Iterator[Recipient]:
        chain = self._chain([("account", account)], has_phone=("account", account) in self._with_phone)
        if chain:
            yield Recipient(f"account:{account}", chain, self._wish(("account", account)), account_id=account)

    def _volunteer(self, scope: str) -> Iterator[Recipient]:
        person = self._people.get(int(scope)) if scope.isdecimal() else None
        if person is None:
            return
        accounts = [("account", account) for account in self._accounts_of.get(person, ())]
        chain = self._chain([("volunteer", person), *accounts], has_phone=("volunteer", person) in self._with_phone)
        if chain:
            wish = self._wish(("volunteer", person), *accounts)
            yield Recipient(f"volunteer:{person}", chain, wish, volunteer_id=person)

    def _resident(self, order_id: int | None) -> Iterator[Recipient]:
        order = self._orders.get(order_id or 0)
        if order is None:
            return
        own = _own_account(order)
        accounts = [("account", own)] if own is not None else []
        chain = self._chain(accounts, has_phone=order.has_phone)
        if chain:
            yield Recipient(f"order:{order.id}", chain, self._wish(("order", order.id), *accounts))

    def _chain(self, owners: Iterable[tuple[str, int]], *, has_phone: bool) -> tuple[Step, ...]:
        """The addresses in the order of the owners' own choice, the telephone last."""
        steps = [Step(row.channel, row.id) for owner in owners for row in self._points.get(owner, ())]
        if has_phone and "sms" in self.ready:
            steps.append(_PHONE)
        return tuple(steps)

    def _wish(self, *owners: tuple[str, int]) -> Wish:
        """The first that was made."""
        return next((self._wishes[owner] for owner in owners if owner in self._wishes), Wish())


def _own_account(order: AnyRow) -> int | None:
    """Whose order it is, when its resident has an account; a clerk who placed it for somebody is not meant."""
    return None if order.is_on_behalf else order.placed_by_account_id
