"""docs/lifecycle.md, printed from the table of rules by `qtxvol diagram`. Pure."""

from qtxvol.orders.lifecycle import ENDED, OPEN, PARTY_LABELS, RULES, STATUS_LABELS, WAITS, Status


def render_lifecycle() -> str:
    """The whole page, ending with a line feed."""
    return "\n".join(
        ["# 订单流程 / The order's lifecycle", "", *_head(), *_diagram(), "", *_rules(), "", *_waits(), ""]
    )


def _head() -> list[str]:
    return [
        "Printed by `qtxvol diagram` from `qtxvol/orders/lifecycle.py`; a test compares. Do not edit by hand.",
        "",
    ]


def _diagram() -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    {status}: {STATUS_LABELS[status].zh} {STATUS_LABELS[status].en}" for status in Status]
    for rule in RULES:
        if rule.to is None:
            continue
        by = "、".join(PARTY_LABELS[party].zh for party in sorted(rule.by))
        for start in [str(status) for status in sorted(rule.when)] or ["[*]"]:
            lines.append(f"    {start} --> {rule.to}: {rule.label.zh}（{by}）")
    lines += [f"    {status} --> [*]" for status in sorted(ENDED)]
    return [*lines, "```"]


def _rules() -> list[str]:
    lines = [
        "| action | 中文 | by | from | to | must carry | only if | tells | undoes |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for rule in RULES:
        guards = ", ".join(guard.__name__.removeprefix("check_") for guard in rule.guards)
        when = "any open status" if rule.when == OPEN else ", ".join(sorted(rule.when)) or "(new)"
        lines.append(
            f"| `{rule.action}` | {rule.label.zh} | {', '.join(sorted(rule.by))} | {when} | {rule.to or 'stays'} | "
            f"{', '.join(rule.carries)} | {guards} | "
            f"{', '.join(sorted(rule.tells))} | {f'`{rule.undoes}`' if rule.undoes else ''} |"
        )
    return lines


def _waits() -> list[str]:
    return [
        "Every open status has an owner and a clock:",
        "",
        "| status | 中文 | who owes the next step | time limit |",
        "| --- | --- | --- | --- |",
        *(
            f"| {status} | {STATUS_LABELS[status].zh} | {wait.owner} | `{wait.step}` |"
            for status, wait in WAITS.items()
        ),
    ]
