from tests.matching.gates import GATES, judge, read_rows

HEAD = "| case | " + " | ".join(gate.column for gate in GATES) + " |"


def table(*rows: list[float]) -> str:
    return "\n".join([HEAD, *("| month/1 | " + " | ".join(map(str, row)) + " |" for row in rows)])


def test_figures_on_the_bounds_keep_every_gate():
    rows = list(read_rows(table([gate.month for gate in GATES])))
    assert all(is_kept for _gate, _measured, _bound, is_kept in judge(rows, "month"))


def test_a_miss_is_seen_in_the_mean_and_a_single_breach_in_the_sum():
    good = [gate.month for gate in GATES]
    worse = [good[0] - 0.02, *good[1:-2], 1, 25]
    missed = {gate.column for gate, *_, is_kept in judge(list(read_rows(table(good, worse))), "month") if not is_kept}
    assert missed == {"fill", "violations", "p99 ms"}


def test_the_peak_has_bounds_of_its_own():
    rows = list(read_rows(table([gate.peak for gate in GATES])))
    assert all(is_kept for _gate, _measured, _bound, is_kept in judge(rows, "peak"))
    assert not all(is_kept for _gate, _measured, _bound, is_kept in judge(rows, "month"))
