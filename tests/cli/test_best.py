"""`captchanet best` names the winner of a sweep, and reports of its lead only what the tests show."""

import csv
import io
import json

import pytest
from click.testing import CliRunner

from captchanet.cli import main
from captchanet.cli.best import OPTIMISTIC, PAIRS, numbers, repeats, table, verdict
from captchanet.evaluate.comparison import compare, summarise
from captchanet.evaluate.sweep import SweepRun
from captchanet.layout import ARTIFACTS

N = 100


def sweep_run(setting, repeat, wrong, first=0):
    """A run that read N captchas except `wrong` of them, from number `first` on."""
    misread = frozenset(("unseen", f"{number}.png") for number in range(first, first + wrong))
    return SweepRun(f"{setting},{repeat}", setting, repeat, False, "digest", N, misread)


def seeds(setting, *wrong, first=0):
    return [sweep_run(setting, (seed, None), number, first) for seed, number in enumerate(wrong, 1)]


def told(*runs):
    """The lines of the table and of the verdict."""
    found = summarise(runs)
    others = [compare(found[0].runs, other.runs) for other in found[1:]]
    kind = repeats(found)
    return table(numbers(found, others), kind), verdict(found, others, kind)


def test_a_lead_that_both_tests_see_stands_out():
    lines, said = told(*seeds("a", 10, 11, 9, 10, 12), *seeds("b", 30, 33, 28, 31, 30))
    assert said[0] == "a reads 89.6% ± 1.1 of the unseen captchas; the next, b, 69.6% ± 1.8."
    assert said[1].startswith("Over 5 seeds in common the lead is +20.0 points; p < 0.001 over seeds ")
    assert said[1].endswith("over captchas (permutation test): it stands out.")
    assert said[2:] == [OPTIMISTIC]
    assert lines[1].split() == ["a", "89.6%", "1.1", "88.0%", "91.0%", "5", "0"]
    assert lines[2].split() == ["b", "69.6%", "1.8", "67.0%", "72.0%", "5", "0", "20.0"] + ["<", "0.001"] * 2


def test_a_lead_within_the_spread_over_seeds_does_not_stand_out():
    _, said = told(*seeds("a", 10, 30, 20), *seeds("b", 14, 26, 22, first=50))
    assert said[1].endswith("it does not stand out.")


def test_a_lead_that_other_seeds_may_reverse_is_said():
    _, said = told(*seeds("a", 0, 0, 12), *seeds("b", 10, 10, 10))
    assert said[1].endswith("it does not stand out: other seeds may reverse it.")


def test_a_lead_on_a_few_captchas_is_said():
    _, said = told(*seeds("a", 10, 10, 10, 10, 10, 10, 10), *seeds("b", 11, 11, 11, 11, 11, 11, 11))
    assert said[1].endswith("it does not stand out: other captchas may reverse it.")


@pytest.mark.parametrize("n", [1, 2])
def test_of_too_few_seeds_the_spread_is_not_known(n):
    _, said = told(*seeds("a", *[10] * n), *seeds("b", *[40] * n))
    many = "seeds" if n > 1 else "seed"
    assert f"Over {n} {many} in common the lead is +30.0 points; p < 0.001 over captchas" in said[1]
    assert "Fewer than three seeds do not show the spread: set `seeds: 5`" in said[1]
    assert "stands out" not in said[1].split("(permutation test)")[0]


def test_repeats_are_called_what_they_are():
    folds = [sweep_run("a", (None, fold), 10) for fold in (1, 2)] + [
        sweep_run("b", (None, fold), 9) for fold in (1, 2)
    ]
    lines, said = told(*folds)
    assert "p folds" in lines[0]
    assert "set `folds: 5`" in said[1]
    both = [sweep_run(setting, (seed, fold), 10) for setting in "ab" for seed in (1, 2) for fold in (1, 2)]
    lines, said = told(*both)
    assert "p repeats" in lines[0]
    assert "Over 4 repeats in common the lead is +0.0 points; p = 1.000 over repeats" in said[1]


def test_a_single_setting_and_failed_ones_have_nobody_to_be_compared_with():
    failed = [SweepRun("wild", "wild", (1, None), failed=True)]
    assert told(*seeds("a", 10))[1] == [
        "a reads 90.0% of the unseen captchas; there is no other setting to compare it with."
    ]
    lines, said = told(*seeds("a", 10), *failed)
    assert said == told(*seeds("a", 10))[1]
    assert lines[2].split() == ["wild", "1", "1"]
    assert told(*failed)[1] == ["Every run of every setting failed: there is no winner."]


def test_settings_that_read_other_captchas_are_not_compared():
    other = [SweepRun("b", "b", (1, None), False, "another digest", N, frozenset())]
    _, said = told(*seeds("a", 10), *other)
    assert said[1] == "They read no captchas in common, so no test can compare them."


def test_among_more_than_two_settings_a_small_p_is_put_right():
    assert PAIRS in told(*seeds("a", 10), *seeds("b", 20), *seeds("c", 30))[1]


# from the store


@pytest.fixture(scope="module")
def sweeps(notebook):
    """A store with the sweep `weights`, one of its runs failed, and runs of other sweeps, sets and times."""

    def log(sweep, setting, seed, wrong, of="config", **tags):
        rows = "".join(f"unseen,{number}.png,abcd,abce,0.5\n" for number in range(wrong))
        metrics = {"unseen": {"captchas": {"n": N}}}
        about = {"set": of, "sweep": sweep, "setting": setting, "seed": str(seed), **tags}
        notebook.log(
            f"{sweep},{setting},seed={seed}",
            tags={f"captchanet.{name}": text for name, text in about.items()}
            | {"captchanet.data.unseen_sha256": "d" * 64},
            files={
                str(ARTIFACTS.evaluate.misreads): f"pictures,file,label,reading,confidence\n{rows}",
                str(ARTIFACTS.evaluate.metrics): json.dumps(metrics),
            },
            status="FAILED" if wrong is None else "FINISHED",
        )

    for seed, (a, b) in enumerate(((10, 31), (12, 34), (9, 30)), 1):
        log("weights", "weight=0.1", seed, a)
        log("weights", "weight=1.0", seed, b)
    # what the sweep had before, and what other sets have under the same name
    log("weights", "weight=9.0", 1, 0, configured="no")
    log("weights", "weight=7.0", 1, 0, of="another")
    log("rates", "rate=1", 1, 5)
    notebook.log("wild", tags={"captchanet.set": "config", "captchanet.sweep": "weights",
        "captchanet.setting": "wild", "captchanet.seed": "1"}, status="FAILED")  # fmt: skip
    notebook.log("cg", tags={"captchanet.set": "config"})
    notebook.log("weights", tags={"captchanet.set": "config", "captchanet.sweep": "weights",
        "captchanet.kind": "sweep"})  # fmt: skip
    notebook.log("lost", tags={"captchanet.set": "config", "captchanet.sweep": "lost",
        "captchanet.setting": "x", "captchanet.seed": "1"})  # fmt: skip


@pytest.fixture
def best(notebook, sweeps, monkeypatch):
    monkeypatch.chdir(notebook.folder)

    def run(*words, status=0):
        done = CliRunner().invoke(main, ["best", *words])
        assert done.exit_code == status, done.output
        return done.output

    return run


stored = [pytest.mark.workflow, pytest.mark.filterwarnings("default")]


def marked(test):
    for mark in stored:
        test = mark(test)
    return test


@marked
def test_best_reads_it_all_from_mlflow(best):
    lines = best("weights").splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["weight=0.1", "weight=1.0", "wild"]
    assert "weight=0.1 reads 89.7% ± 1.5 of the unseen captchas; the next, weight=1.0, 68.3% ± 2.1." in lines
    assert any(line.endswith("it stands out.") for line in lines)


@marked
def test_best_reads_the_same_where_the_files_are_not_on_this_disk(best, monkeypatch):
    from captchanet.track import history

    shown = best("weights")
    monkeypatch.setattr(history, "_on_this_disk", lambda address: None)
    assert best("weights") == shown


@marked
def test_csv_and_json_have_the_numbers_as_they_are(best):
    rows = list(csv.DictReader(io.StringIO(best("weights", "--format", "csv"))))
    found = json.loads(best("weights", "--format", "json"))
    assert (found["sweep"], found["set"]) == ("weights", "config")
    assert [row["setting"] for row in rows] == [row["setting"] for row in found["settings"]]
    first, second, failed = found["settings"]
    assert first["mean"] == pytest.approx(1 - 31 / 300)
    assert second["behind"] == pytest.approx(64 / 300)
    assert (second["repeats_in_common"], second["stands_out"]) == (3, True)
    assert float(rows[1]["p_captchas"]) == second["p_captchas"] < 0.001
    assert (failed["runs"], failed["failed"], failed["mean"]) == (1, 1, None)
    assert (rows[2]["failed"], rows[2]["mean"]) == ("1", "")


@marked
def test_an_unknown_sweep_is_said_with_those_there_are(best):
    shown = best("wieghts", status=1)
    assert "no runs of a sweep 'wieghts' are recorded; there are: lost (set config), rates (set" in shown
    assert "weights (set another), weights (set config)" in shown


@marked
def test_a_sweep_that_one_set_alone_has_is_meant_and_of_several_sets_one_must_be_named(best, notebook):
    (notebook.folder / "other.yaml").write_text("track: {}")
    other = ("--configfile", "other.yaml")
    shown = best("rates", *other)
    assert "the sweep rates of the set config, the only one that has it" in shown
    assert "rate=1 reads 95.0% of the unseen captchas" in shown
    assert "is in the sets another, config, not in 'other'; name one by --set" in best(
        "weights", *other, status=1
    )
    assert "weight=7.0 reads 100.0%" in best("weights", "--set", "another")
    assert "the only one" not in best("weights", "--set", "config")
    assert "'rates' are recorded; there are: weights (set another)" in best(
        "rates", "--set", "another", status=1
    )


@marked
def test_a_run_whose_files_are_gone_is_named(best):
    shown = best("lost", status=1)
    assert shown.startswith("Error: run lost (")
    assert "records it again" in shown
