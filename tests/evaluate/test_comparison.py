"""Settings are ranked by their mean; the best stands out only where two tests on the same captchas agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_rel

from captchanet.evaluate.comparison import compare, summarise
from captchanet.evaluate.sweep import SweepRun, in_order, sweep_run


def made(setting, seed, wrong, n=100, unseen="u", **changes):
    """A run that misreads the captchas numbered in `wrong`."""
    misread = frozenset(("raw", f"{number}.png") for number in wrong)
    about = {"failed": False, "unseen": unseen, "n": n, "misread": misread} | changes
    return SweepRun(f"{setting},seed={seed}", setting, (seed, None), **about)


def test_settings_are_in_the_order_of_their_means_with_their_spread():
    found = summarise(
        [
            made("a", 1, range(30)),
            made("b", 1, range(10)),
            made("a", 2, range(40)),
            made("b", 2, range(16)),
            made("c", 1, range(20)),
        ]
    )
    assert [(one.setting, one.mean) for one in found] == [
        ("b", pytest.approx(0.87)),
        ("c", pytest.approx(0.8)),
        ("a", pytest.approx(0.65)),
    ]
    assert found[0].deviation == pytest.approx(0.06 / 2**0.5)
    assert (found[0].low, found[0].high) == (pytest.approx(0.84), pytest.approx(0.9))
    assert found[1].deviation is None


def test_settings_are_ranked_by_their_mean_and_not_by_their_best_or_worst_run():
    wrong = {"uneven": (2, 5, 41), "fair": (17, 17, 17), "good": (15, 15, 15)}
    runs = [made(name, seed, range(k)) for name, counts in wrong.items() for seed, k in enumerate(counts)]
    assert [one.setting for one in summarise(runs)] == ["good", "uneven", "fair"]


def test_runs_are_in_the_order_of_setting_seed_and_fold_however_they_come():
    runs = [SweepRun(f"{i}", *about) for i, about in enumerate([("b", (0, 1)), ("a", (1, 2)), ("a", (1, 1))])]
    runs += [SweepRun("3", "a", (0, 2)), SweepRun("4", "c", (None, 2)), SweepRun("5", "c", (None, 1))]
    assert [one.run for one in in_order(runs)] == ["3", "2", "1", "0", "5", "4"]
    seeds = [SweepRun(f"{seed}", "a", (seed, None)) for seed in (1, 0, 2)]
    assert [one.run for one in in_order(seeds)] == ["0", "1", "2"]


def test_failed_runs_are_counted_and_settings_of_which_nothing_finished_come_last():
    found = summarise(
        [
            made("a", 1, [], failed=True),
            made("b", 1, range(99)),
            made("b", 2, [], failed=True),
        ]
    )
    assert [(one.setting, one.failed, one.mean) for one in found] == [
        ("b", 1, pytest.approx(0.01)),
        ("a", 1, None),
    ]


def test_one_repeat_is_mcnemars_exact_test_and_says_nothing_of_the_spread():
    found = compare([made("a", 1, [1, 2, 3])], [made("b", 1, [3, 4, 5, 6, 7, 8, 9, 10, 11])])
    # 2 captchas only a misreads, 8 only b: https://doi.org/10.1007/BF02295996 (McNemar 1947), exact
    assert found.by_captchas == pytest.approx(binomtest(2, 10).pvalue)
    assert found.by_repeats is None
    assert found.stands_out() is None
    assert found.difference == pytest.approx(0.06)


def test_the_test_over_seeds_is_the_paired_t_test():
    wrong = {"a": (10, 12, 15, 11), "b": (14, 15, 20, 13)}
    runs = {name: [made(name, i, range(k)) for i, k in enumerate(counts)] for name, counts in wrong.items()}
    found = compare(runs["a"], runs["b"])
    shares = {name: [1 - k / 100 for k in counts] for name, counts in wrong.items()}
    assert found.by_repeats == pytest.approx(ttest_rel(shares["a"], shares["b"]).pvalue)
    assert found.repeats == 4


def test_a_clear_difference_stands_out_and_chance_does_not():
    rng = np.random.default_rng(1)

    def sampled(name, share):
        return [made(name, seed, np.flatnonzero(rng.random(300) > share), n=300) for seed in range(5)]

    good, bad, alike = sampled("good", 0.9), sampled("bad", 0.75), sampled("alike", 0.9)
    assert compare(good, bad).stands_out()
    assert not compare(good, alike).stands_out()


def test_a_setting_does_not_differ_from_itself():
    runs = [made("a", seed, range(seed)) for seed in range(4)]
    found = compare(runs, runs)
    assert (found.difference, found.by_repeats, found.by_captchas) == (0, 1, 1)


def test_only_repeats_on_the_same_captchas_are_compared():
    a = [made("a", 1, [1], unseen="x"), made("a", 2, [1], unseen="y"), made("a", 3, [], failed=True)]
    b = [made("b", 1, [2], unseen="x"), made("b", 2, [2], unseen="z"), made("b", 3, [2])]
    assert compare(a, b).repeats == 1
    assert compare(a[1:], b).difference is None
    assert compare(a[1:], b).stands_out() is None


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30))), min_size=1, max_size=4))
def test_comparing_the_other_way_round_turns_the_difference_and_keeps_the_ps(pairs):
    a = [made("a", i, wrong) for i, (wrong, _) in enumerate(pairs)]
    b = [made("b", i, wrong) for i, (_, wrong) in enumerate(pairs)]
    there, back = compare(a, b), compare(b, a)
    assert there.difference == pytest.approx(-back.difference)
    assert there.by_repeats == pytest.approx(back.by_repeats)
    assert there.by_captchas == pytest.approx(back.by_captchas)


def test_a_run_of_a_sweep_is_read_from_its_files(made_results):
    about, results = {"setting": "x", "seed": 3, "fold": None}, made_results.results
    one, failed = (
        sweep_run(run, about, results.train[run], results.evaluate[run]) for run in ("good", "wild")
    )
    assert (one.setting, one.repeat, one.n, one.failed) == ("x", (3, None), 6, False)
    assert len(one.unseen) == 64
    assert one.accuracy == 1 - len(one.misread) / 6
    assert failed.failed
