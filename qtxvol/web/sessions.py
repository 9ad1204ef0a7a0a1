"""When a session counts as used: by what its person does, not by what a page that lies open asks for by itself."""

from flask import Flask, g
from flask.sessions import SecureCookieSessionInterface, SessionMixin


class PersonalSessions(SecureCookieSessionInterface):
    """Flask's signed cookie, which is written anew by every request, so that the idle time starts over.

    A request that nobody made by hand leaves the cookie alone: the session still ends on time, and an answer that
    comes late can't bring back a session that was ended meanwhile.
    """

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        return not g.get("is_unattended", False) and super().should_set_cookie(app, session)


def leave_session_alone() -> None:
    """This request was made by a page, not by a person."""
    g.is_unattended = True
