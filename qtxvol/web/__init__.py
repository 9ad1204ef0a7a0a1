"""The pages: one blueprint per party, closed by default."""

from flask import Flask
from flask_login import current_user
from werkzeug.middleware.proxy_fix import ProxyFix

from qtxvol.accounts.seats import find_signed_in
from qtxvol.extensions import babel, csrf, login_manager
from qtxvol.web import (
    access,
    answers,
    auth,
    community,
    contact_words,
    department,
    display,
    emergencies,
    errors,
    headers,
    help,
    honours,
    hours_words,
    i18n,
    join,
    my,
    office,
    offline,
    own_data,
    public,
    resident,
    static_files,
    styleguide,
    team,
    unsubscribe,
    verify,
    view_settings,
    volunteer,
)


def init_app(app: Flask) -> None:
    settings = app.extensions["qtxvol_settings"]
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]

    babel.init_app(app, locale_selector=i18n.current_locale)
    # no context processor of its own: it would ask the database on pages that need no account, the 500 page too
    login_manager.init_app(app, add_context_processor=False)
    login_manager.user_loader(find_signed_in)
    login_manager.session_protection = None  # the session's own epoch and idle time decide; phones change address

    access.init_app(app)
    csrf.init_app(app)  # after the gate: whoever is signed out is asked to sign in, not to send an old page again
    static_files.init_app(app)
    headers.init_app(app)
    display.init_app(app)
    errors.init_app(app)
    help.init_app(app)
    hours_words.init_app(app)
    contact_words.init_app(app)
    view_settings.init_app(app)
    styleguide.init_app(app)
    offline.init_app(app)
    emergencies.init_app(app)
    open_parts = (answers, public, join, verify, honours, auth, own_data, resident, unsubscribe)
    for part in (*open_parts, my, community, department, team, volunteer, office):
        app.register_blueprint(part.bp)

    @app.context_processor
    def _shared() -> dict[str, object]:
        english = i18n.current_language() == "en"
        return {
            "html_lang": "en" if english else "zh-CN",
            "current_user": current_user,
            "settings_demo": settings.is_demo,
            "hotline": settings.hotline,
        }
