"""A sweep has one parent run. It is made once, and changes only when the runs of the sweep change."""

import csv
import json
import sqlite3
from dataclasses import replace

import pytest

from captchanet.layout import ARTIFACTS, FORMAT

# marked, because importing mlflow takes seconds; it warns of its own deprecations
pytestmark = [pytest.mark.workflow, pytest.mark.filterwarnings("default")]

TABLES = ("runs", "params", "metrics", "latest_metrics", "tags", "datasets", "inputs")
BOTH = {
    "good": {"setting": "weight=0.1", "values": {"train.penalty.weight": 0.1}, "seed": 1, "fold": None},
    "other": {"setting": "weight=1.0", "values": {"train.penalty.weight": 1.0}, "seed": 1, "fold": None},
}
WILD = {"wild": {"setting": "weight=1.0", "values": {"train.penalty.weight": 1.0}, "seed": 2, "fold": None}}


class History:
    """A separate store, into which the made results are recorded as sweeps of any runs."""

    def __init__(self, folder, made_results):
        from captchanet.track.place import address
        from captchanet.track.store import prepare

        self.folder, self.results = folder, made_results.results
        self.uri = address(None, folder)
        self.experiment = prepare(self.uri, "captchas")

    def record(self, of, runs=("good", "other", "wild"), **sweeps):
        """Records `runs`; `sweeps` has the runs of each sweep by its name."""
        from captchanet.evaluate.sweep import Sweep
        from captchanet.track.from_results import run_records
        from captchanet.track.log_runs import log_runs

        made = [
            Sweep(name, self.results, "good", ["train.penalty.weight", "train.cost"], about)
            for name, about in sweeps.items()
        ]
        with run_records(self.results, runs, made) as records:
            return log_runs(records, self.uri, self.experiment, of, made)

    def sql(self, question, *values):
        with sqlite3.connect(self.folder / "mlflow.db") as database:
            return database.execute(question, values).fetchall()

    def tables(self):
        return {name: sorted(map(repr, self.sql(f"select * from {name}"))) for name in TABLES}

    def tags(self, run):
        return dict(self.sql("select key, value from tags where run_uuid = ?", run))

    def latest(self, run):
        rows = self.sql("select key, value, is_nan from latest_metrics where run_uuid = ?", run)
        return {key.removeprefix("sweep/"): None if nan else value for key, value, nan in rows}

    def parent(self, of, name):
        """The one parent of the sweep in the set: its id, and its status."""
        (found,) = self.sql(
            "select run_uuid, status from runs join tags k using (run_uuid) join tags s using (run_uuid)"
            " where k.key = 'captchanet.kind' and k.value = 'sweep' and s.key = 'captchanet.set'"
            " and s.value = ? and runs.name = ?",
            of,
            name,
        )
        return found


@pytest.fixture(scope="module")
def history(tmp_path_factory, made_results):
    return History(tmp_path_factory.mktemp("sweeps"), made_results)


@pytest.fixture
def of(request):
    """A set of runs for this test alone."""
    return request.node.name.replace("[", "-").rstrip("]")


def test_the_runs_are_below_one_parent_that_says_what_came_of_them(history, of):
    ids = history.record(of, weights={**BOTH, **WILD})
    parent, status = history.parent(of, "weights")
    assert status == "FINISHED"
    for run, setting, seed in (("good", "weight=0.1", "1"), ("wild", "weight=1.0", "2")):
        tags = history.tags(ids[run])
        assert tags["mlflow.parentRunId"] == parent
        assert tags["captchanet.sweep"] == "weights"
        assert (tags["captchanet.setting"], tags["captchanet.seed"]) == (setting, seed)
        assert "captchanet.fold" not in tags
        assert tags["mlflow.note.content"].startswith(
            f"Sweep `weights`, setting `{setting}`, seed {seed}. A "
        )
    assert "mlflow.parentRunId" not in history.tags(ids["xor"])
    tags, numbers = history.tags(parent), history.latest(parent)
    assert (numbers["runs"], numbers["settings"], numbers["failed"]) == (3, 2, 1)
    assert numbers["best_run"] == numbers["best_mean"]
    asked = history.sql("select run_uuid, start_time, end_time from runs")
    times = {run: span for run, *span in asked}
    spans = [times[ids[name]] for name in ("good", "other", "wild")]
    assert len({end for _, end in spans}) == 3
    assert times[parent] == [min(start for start, _ in spans), max(end for _, end in spans)]
    assert "best_deviation" not in numbers
    assert tags["captchanet.best_setting"] in ("weight=0.1", "weight=1.0")
    best_id, best_run = tags["captchanet.best_run"].split()
    assert ids[best_run] == best_id
    assert tags["captchanet.keys"] == "train.penalty.weight, train.cost"
    assert tags["captchanet.base_run"] == "good"
    assert (tags["mlflow.source.name"], tags["mlflow.source.type"]) == ("captchanet", "PROJECT")
    views = dict(history.sql("select key, value from experiment_tags"))
    charts = json.loads(json.loads(views[f"mlflow.sharedViewState.{of}.weights"])["state"])[
        "compareRunCharts"
    ]
    assert charts[0]["selectedParams"] == ["penalty.weight", "cost", "seed"]
    assert "mlflow.sharedViewState.accuracy" in views
    description = tags["mlflow.note.content"]
    assert "**1 failed.**" in description
    assert f"(#/experiments/{history.experiment}/runs/{best_id})" in description
    assert "| `weight=1.0`&emsp; |" in description
    assert "`captchanet best weights --set " in description
    artifacts = history.folder / "mlartifacts" / parent / "artifacts"
    rows = list(csv.DictReader((artifacts / "settings.csv").read_text().splitlines()))
    assert {(row["setting"], row["train.penalty.weight"], row["runs"], row["failed"]) for row in rows} == {
        ("weight=0.1", "0.1", "1", "0"),
        ("weight=1.0", "1.0", "2", "1"),
    }
    assert (artifacts / "settings.png").stat().st_size > 1000


def test_a_sweep_is_described_by_its_best_setting_and_run_and_a_table_of_all():
    from captchanet.evaluate.comparison import summarise
    from captchanet.evaluate.sweep import Sweep, SweepRun
    from captchanet.track.sweep_parents import MOST_ROWS, _description, accuracy_text, code, described

    def read(run, setting, seed, wrong=None):
        misread = frozenset(("raw", f"{number}.png") for number in range(wrong or 0))
        return SweepRun(run, setting, (seed, None), wrong is None, "u", 200, misread)

    runs = [
        read("a1", "x=1", 1, 20),
        read("a2", "x=1", 2, 22),
        read("b1", "x=2", 1, 3),
        read("b2", "x=2", 2, 61),
    ]
    runs += [read("c1", "x=3", 1)]
    plan = {one.run: {"setting": one.setting, "values": {}, "seed": 1, "fold": None} for one in runs}
    sweep = Sweep("widths", None, "cg", ["train.x", "train.y"], plan)
    found, ids = summarise(runs), {one.run: f"id-{one.run}" for one in runs}
    assert _description(sweep, found, runs[2], "mine", "7", ids).split("\n\n") == [
        "5 runs like `cg`, varied in `train.x`, `train.y`: 3 settings. "
        "[Compare them](#/experiments/7/runs?workflowType=machine_learning&viewStateShareKey=mine.widths"
        "&compareRunsMode=CHART). **1 failed.**",
        "Best setting: **`x=1`**, which read 89.5% ± 0.7 of the captchas it never saw; best run: "
        "[b1](#/experiments/7/runs/id-b1), 98.5%. `captchanet best widths --set mine` says whether the "
        "difference stands out from the spread.",
        "| setting&emsp; | unseen captchas read&emsp; | lowest to highest&emsp; | runs&emsp; | failed |\n"
        "|:---|:---|:---|:---|:---|\n"
        "| `x=1`&emsp; | 89.5% ± 0.7 | 89.0% to 90.0% | 2 | 0 |\n"
        "| `x=2`&emsp; | 84.0% ± 20.5 | 69.5% to 98.5% | 2 | 0 |\n"
        "| `x=3`&emsp; | none, all failed |  | 1 | 1 |",
    ]
    one = Sweep("s", None, "cg", [], {"c1": plan["c1"]})
    first, *table = _description(one, found[2:], None, "m", "7", ids).split("\n\n")
    assert first.startswith("1 run like `cg`, varied in nothing but the repeats: 1 setting. ")
    assert first.endswith("**1 failed.**")
    assert len(table) == 1
    many = [replace(found[0], setting=f"x={number}") for number in range(MOST_ROWS + 2)]
    whole = _description(sweep, many, runs[2], "m", "7", ids)
    assert whole.endswith("\n\nand 2 more settings in settings.csv")
    assert whole.count("\n| `") == MOST_ROWS
    assert "more" not in _description(sweep, many[:MOST_ROWS], runs[2], "m", "7", ids)
    assert described(sweep, "b1") == "Sweep `widths`, setting `x=2`, seed 1."
    folded = {"b1": plan["b1"] | {"seed": None, "fold": 3}}
    assert described(replace(sweep, runs=folded), "b1") == "Sweep `widths`, setting `x=2`, fold 3."
    assert accuracy_text(replace(found[0], deviation=None)) == "89.5%"
    assert code("a`b|c\nd") == "`a'b\\|c d`"
    assert code("x" * 60) == f"`{'x' * 60}`"
    assert code("a" * 40 + "b" * 40) == f"`{'a' * 30}…{'b' * 29}`"


def test_recording_a_sweep_twice_is_recording_it_once(history, of):
    ids = history.record(of, weights=BOTH)
    first = history.tables()
    assert history.record(of, weights=BOTH) == ids
    assert history.tables() == first


def test_a_sweep_that_grows_and_shrinks_keeps_its_parent_and_a_lost_run_keeps_its_record(history, of):
    ids = history.record(of, ("good", "other"), weights=BOTH)
    parent = history.parent(of, "weights")
    assert history.record(of, weights={**BOTH, **WILD}).items() >= ids.items()
    assert history.parent(of, "weights") == parent
    assert history.latest(parent[0])["runs"] == 3
    good = {"good": BOTH["good"]}
    history.record(of, ("good",), weights=good)
    assert history.parent(of, "weights") == parent
    # the latest value is the present one, although the sweep had more runs before
    numbers = history.latest(parent[0])
    assert (numbers["runs"], numbers["settings"], numbers["failed"]) == (1, 1, 0)
    steps = "select step, value from metrics where run_uuid = ? and key = 'sweep/runs' order by timestamp"
    assert history.sql(steps, parent[0]) == [(2, 2), (3, 3), (3, 1)]
    lost = history.tags(ids["other"])
    assert (lost["captchanet.configured"], lost["mlflow.parentRunId"]) == ("no", parent[0])
    before = history.tables()
    history.record(of, ("good",), weights=good)
    assert history.tables() == before


def test_what_is_no_longer_known_of_a_sweep_is_no_number(history, of):
    one = {
        name: {**about, "setting": "same", "seed": seed} for seed, (name, about) in enumerate(BOTH.items())
    }
    history.record(of, ("good", "other"), weights=one)
    parent, _ = history.parent(of, "weights")
    assert history.latest(parent)["best_deviation"] >= 0
    history.record(of, ("wild",), weights=WILD)
    assert history.parent(of, "weights") == (parent, "FAILED")
    numbers = history.latest(parent)
    assert (numbers["best_mean"], numbers["best_deviation"], numbers["failed"]) == (None, None, 1)
    tags = history.tags(parent)
    assert (tags["captchanet.best_run"], tags["captchanet.best_setting"]) == ("", "")
    history.record(of, ("good",), weights={"good": BOTH["good"]})
    assert history.parent(of, "weights") == (parent, "FINISHED")


def test_a_run_keeps_its_record_when_it_comes_into_a_sweep_and_leaves_it(history, of):
    alone = history.record(of)
    started = history.sql("select start_time from runs where run_uuid = ?", alone["good"])
    assert history.record(of, weights=BOTH) == alone
    tags = history.tags(alone["good"])
    assert (tags["captchanet.sweep"], tags["captchanet.seed"]) == ("weights", "1")
    parent, _ = history.parent(of, "weights")
    assert history.record(of, others=BOTH) == alone
    assert history.tags(parent)["captchanet.configured"] == "no"
    assert history.tags(alone["good"])["mlflow.parentRunId"] == history.parent(of, "others")[0]
    assert history.record(of) == alone
    assert not {"mlflow.parentRunId", "captchanet.setting"} & set(history.tags(alone["good"]))
    assert history.tags(alone["good"])["captchanet.configured"] == "yes"
    assert history.sql("select start_time from runs where run_uuid = ?", alone["good"]) == started
    history.record(of, weights=BOTH)
    assert history.parent(of, "weights")[0] == parent
    assert history.tags(parent)["captchanet.configured"] == "yes"


def test_a_parent_says_its_format_also_where_it_was_made_before_there_was_one(history, of):
    history.record(of, weights=BOTH)
    parent, _ = history.parent(of, "weights")
    assert history.tags(parent)["captchanet.format"] == str(FORMAT)
    history.sql("delete from tags where run_uuid = ? and key = 'captchanet.format'", parent)
    # runs of another format have other keys, and so other digests
    history.sql("update tags set value = 'old' where run_uuid = ? and key = 'captchanet.digest'", parent)
    history.record(of, weights=BOTH)
    assert history.parent(of, "weights")[0] == parent
    assert history.tags(parent)["captchanet.format"] == str(FORMAT)


def test_two_sets_have_a_parent_each(history, of):
    history.record(of, weights=BOTH)
    history.record(f"{of} too", weights=BOTH)
    assert history.parent(of, "weights") != history.parent(f"{of} too", "weights")


WRITING = (
    "create_run",
    "delete_tag",
    "log_artifact",
    "log_artifacts",
    "log_batch",
    "set_tag",
    "set_terminated",
)


@pytest.fixture
def kill(monkeypatch):
    """Makes the store fail at the writing call with that number, until this is called again."""
    from mlflow import MlflowClient

    left = [None]

    def dying(original):
        def call(*words, **options):
            if left[0] is not None:
                if left[0] == 0:
                    raise KeyboardInterrupt
                left[0] -= 1
            return original(*words, **options)

        return call

    for name in WRITING:
        monkeypatch.setattr(MlflowClient, name, dying(getattr(MlflowClient, name)))

    def kill(number):
        left[0] = number

    return kill


def test_killed_at_any_call_the_next_attempt_makes_it_whole(history, of, kill):
    def whole(name):
        parent, status = history.parent(of, name)
        runs = history.sql("select run_uuid from tags where key = 'mlflow.parentRunId' and value = ?", parent)
        return status, history.latest(parent), len(runs), "captchanet.digest" in history.tags(parent)

    history.record(of)
    for number in range(100):
        kill(number)
        try:
            history.record(of, **{f"new{number}": BOTH})
        except KeyboardInterrupt:
            kill(None)
            history.record(of, **{f"new{number}": BOTH})
            assert whole(f"new{number}")[::2] == ("FINISHED", 2)
            assert whole(f"new{number}")[1]["runs"] == 2
        else:
            break
    assert 5 < number < 99
    assert not history.sql("select name from runs where status = 'RUNNING'")

    # while it is brought up to date; and then the sweep is again what it was
    kill(None)
    history.record(of, grown=BOTH)
    before, (parent, _) = whole("grown"), history.parent(of, "grown")
    described = history.tags(parent)["mlflow.note.content"]
    for number in range(100):
        kill(number)
        try:
            history.record(of, grown={**BOTH, **WILD})
        except KeyboardInterrupt:
            pass
        else:
            break
        finally:
            kill(None)
        history.record(of, grown=BOTH)
        assert whole("grown") == before
        assert history.tags(parent)["mlflow.note.content"] == described
    assert 5 < number < 99
    assert whole("grown")[1]["runs"] == 3


def test_killed_at_any_call_a_finished_run_has_all_its_files_and_metrics(history, of, kill):
    files = {str(file) for file in ARTIFACTS.xor}
    for number in range(100):
        name, killed = f"{of} {number}", False
        kill(number)
        try:
            history.record(name, ())
        except KeyboardInterrupt:
            killed = True
        kill(None)
        ours = "select run_uuid from tags where key = 'captchanet.set' and value = ?"
        for run, status in history.sql(f"select run_uuid, status from runs where run_uuid in ({ours})", name):
            artifacts = history.folder / "mlartifacts" / run / "artifacts"
            found = {str(file.relative_to(artifacts)) for file in artifacts.rglob("*") if file.is_file()}
            (steps,) = history.sql("select count(*) from metrics where run_uuid = ? and key = 'cost'", run)
            whole = found == files and steps == (100,) and "captchanet.theta_sha256" in history.tags(run)
            assert status != "FINISHED" or whole
        if not killed:
            break
    assert len(files) < number < 99
