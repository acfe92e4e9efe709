"""The saved views of the MLflow UI: accuracy in front, and what a person has saved stays."""

import json

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.filterwarnings("default")]


class Experiment:
    """An experiment with these tags, as MLflow's client shows it."""

    def __init__(self):
        self.tags = {}

    def get_experiment(self, _):
        return self

    def set_experiment_tag(self, _, name, text):
        self.tags[name] = text


def test_the_list_of_runs_has_accuracy_first_and_the_best_run_on_top():
    from captchanet.track.views import accuracy_tag

    name, text = accuracy_tag()
    state = json.loads(json.loads(text)["state"])
    assert name == "mlflow.sharedViewState.accuracy"
    assert state["columnOrder"][0] == state["orderByKey"] == "metrics.`unseen/captchas/accuracy`"
    assert state["orderByAsc"] is False


def test_the_view_of_a_sweep_has_its_runs_alone_and_the_keys_that_it_varies():
    from captchanet.track.views import sweep_tag

    name, text = sweep_tag("lab", "weights", ["train.penalty.weight", "dataset.captchas"])
    state = json.loads(json.loads(text)["state"])
    assert name == "mlflow.sharedViewState.lab.weights"
    assert "set` = 'lab' AND" in state["searchFilter"]
    assert "sweep` = 'weights' AND" in state["searchFilter"]
    chart = state["compareRunCharts"][0]
    assert chart["selectedParams"] == ["penalty.weight", "dataset.captchas", "seed"]
    assert chart["selectedMetrics"] == ["unseen/captchas/accuracy"]


def test_a_view_that_a_person_has_saved_stays_and_one_of_ours_is_brought_up_to_date():
    from captchanet.track.views import save_views, sweep_tag

    experiment = Experiment()
    before, after = (sweep_tag("lab", "weights", [key]) for key in ("train.seed", "train.penalty.weight"))
    save_views(experiment, "1", [before])
    save_views(experiment, "1", [after])
    assert experiment.tags == dict([after])
    saved = json.dumps({**json.loads(after[1]), "updatedAt": 1})
    for persons in (saved, "no JSON"):
        experiment.tags = {after[0]: persons}
        save_views(experiment, "1", [before])
        assert experiment.tags == {after[0]: persons}


def test_what_mlflow_needs_of_a_view_is_there():
    from captchanet.track.views import accuracy_tag, sweep_tag

    accuracy = "unseen/captchas/accuracy"
    columns = [
        f"metrics.`{of}/accuracy`" for of in ("unseen/captchas", "unseen/characters", "training/characters")
    ]
    columns += [f"params.`{name}`" for name in ("optimiser.method", "hidden", "dataset.captchas")]
    for (_, text), name, which, charts in (
        (accuracy_tag(), "accuracy", "", ["BAR"]),
        (
            sweep_tag("lab", "weights", ["train.x"]),
            "sweep weights (lab)",
            "tags.`captchanet.set` = 'lab' AND tags.`captchanet.sweep` = 'weights'"
            " AND tags.`captchanet.setting` LIKE '%'",
            ["PARALLEL", "BAR"],
        ),
    ):
        saved = json.loads(text)
        # a view that nobody has saved since has no time
        assert (saved["name"], saved["createdAt"], saved["updatedAt"]) == (name, 0, 0)
        state = json.loads(saved["state"])
        assert state["searchFilter"] == which
        assert state["selectedColumns"] == state["columnOrder"] == columns
        assert list(state["columnWidths"]) == columns
        assert all(100 < width < 250 for width in state["columnWidths"].values())
        assert state["runsHiddenMode"] == "FIRST_20_RUNS"
        (section,) = state["compareRunSections"]
        assert (section["display"], section["isReordered"]) == (True, False)
        drawn = state["compareRunCharts"]
        assert [chart["type"] for chart in drawn] == charts
        assert drawn[-1]["metricKey"] == accuracy
        assert len({chart["uuid"] for chart in drawn}) == len(drawn)
        for chart in drawn:
            assert chart["metricSectionId"] == section["uuid"] == section["name"]
            assert (chart["deleted"], chart["isGenerated"], chart["showAllRuns"]) == (False, False, True)
            assert chart["runsCountToCompare"] == 20
