"""A desk's own views: keeping the filter of a list under a name, renaming and removing it."""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField

from qtxvol.accounts.saved_views import LONGEST_NAME, MOST_VIEWS, remove_view, rename_view, save_view
from qtxvol.orders.queries import Filters
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import ID, count_numbers, desk_of, render_desk
from qtxvol.web.forms import BaseForm, form_data, now, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.list_filters import args_of, query_of, read_filters
from qtxvol.web.list_words import words_of


class ViewForm(BaseForm):
    name = text_field(_l("视图名称"), longest=LONGEST_NAME, required=_l("请给视图起个名字，例如：本周急单。"))
    is_replacing = BooleanField(_l("换掉原来的同名视图"))


def add_saved_views(bp: Blueprint) -> None:
    """Give a desk its page "my views" and what it can do with them."""
    bp.add_url_rule("/views", "views", show_views)
    bp.add_url_rule("/views", "save_view", save, methods=["POST"])
    bp.add_url_rule(f"/views/<{ID}:view_id>/rename", "rename_view", rename, methods=["POST"])
    bp.add_url_rule(f"/views/<{ID}:view_id>/remove", "remove_view", remove, methods=["POST"])


def show_views() -> ResponseReturnValue:
    """The own views of this desk, each with its name to change and the way to be rid of it."""
    return _show()


def save() -> ResponseReturnValue:
    """Keep the filter that the list was narrowed to; a name that is taken is asked about first."""
    actor = current_actor()
    filters = read_filters(request.form.to_dict(), actor.party)
    form = ViewForm(formdata=form_data())
    if not form.validate():
        return _show(form, filters), 422
    try:
        save_view(
            actor,
            name=form.name.data,
            query=query_of(filters),
            now=now(),
            is_replacing=form.is_replacing.data,
        )
    except Refused as refused:
        form.refuse(refused)
        return _show(form, filters, is_taken=refused.code == "view_name_taken"), refused.status
    flash(_("已存成视图“%(name)s”，在菜单的“我的视图”里。", name=form.name.data), "done")
    return redirect(url_for(f"{desk_of(actor.party)}.inbox", **args_of(filters, page=1)), 303)


def rename(view_id: int) -> ResponseReturnValue:
    """Another name for one of the own views."""
    actor = current_actor()
    form = ViewForm(formdata=form_data())
    if not form.validate():
        return _show(renamed=form, renamed_id=view_id), 422
    try:
        rename_view(actor, view_id, form.name.data)
    except Refused as refused:
        form.refuse(refused, default="name")
        return _show(renamed=form, renamed_id=view_id), refused.status
    flash(_("已改名。"), "done")
    return redirect(url_for(f"{desk_of(actor.party)}.views"), 303)


def remove(view_id: int) -> ResponseReturnValue:
    """One of the own views goes; the orders in it stay where they are."""
    actor = current_actor()
    name = remove_view(actor, view_id)
    flash(_("视图“%(name)s”已删除，单都还在。", name=name), "done")
    return redirect(url_for(f"{desk_of(actor.party)}.views"), 303)


def _show(
    form: ViewForm | None = None,
    filters: Filters | None = None,
    *,
    is_taken: bool = False,
    renamed: ViewForm | None = None,
    renamed_id: int = 0,
) -> str:
    """:param form: a saving that was refused, with its `filters`; `renamed`: a renaming that was."""
    actor = current_actor()
    numbers = count_numbers(actor)
    own = [view for view in numbers.views if view.is_own]
    if renamed is not None:
        if all(view.key != f"view-{renamed_id}" for view in own):
            raise NotFound(renamed_id)
        renamed.name.id = renamed.name.label.field_id = f"name-view-{renamed_id}"
    desk = desk_of(actor.party)
    words = words_of([*(view.filters for view in own), *([filters] if filters else [])], actor)
    return render_desk(
        "desk/views.html",
        numbers=numbers,
        form=form,
        is_taken=is_taken,
        hidden_args=args_of(filters, page=1) if filters else {},
        form_words=words[-1] if filters else "",
        views=list(zip(own, words, strict=False)),
        counts=numbers.counts,
        renamed=renamed,
        renamed_key=f"view-{renamed_id}",
        longest_name=LONGEST_NAME,
        most=MOST_VIEWS,
        list_url=url_for(f"{desk}.inbox", **args_of(filters, page=1) if filters else {}),
    )
