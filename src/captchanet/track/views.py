"""Saved views of an experiment in the MLflow UI: its runs with their accuracy in front.

By itself the UI opens its pages for language models, and then a list without any metric. A saved view is a
tag of the experiment, which the UI itself writes when somebody saves one.
"""

import json
from collections.abc import Sequence
from typing import Any

from mlflow import MlflowClient

from captchanet.track.place import sweep_view
from captchanet.track.store import ACCURACY, PREFIX

VIEW = "mlflow.sharedViewState."
"""The beginning of a view's tag. MLflow has no public name for it; seen in version 3.17."""

COLUMNS = {
    f"metrics.`{ACCURACY}`": 190,
    "metrics.`unseen/characters/accuracy`": 200,
    "metrics.`training/characters/accuracy`": 200,
    "params.`optimiser.method`": 140,
    "params.`hidden`": 110,
    "params.`dataset.captchas`": 140,
}
"""The columns of the list and their widths in pixels."""

BARS = {"type": "BAR", "metricKey": ACCURACY}


def accuracy_tag() -> tuple[str, str]:
    """The tag for the view of all runs: accuracy in the first column, the best run on top."""
    return _tag("accuracy", "accuracy", "", [BARS])


def sweep_tag(of: str, sweep: str, keys: Sequence[str]) -> tuple[str, str]:
    """The tag for the view of a sweep's runs; its first chart shows the accuracy over the swept `keys`."""
    # the parent has no setting
    which = f"tags.`{PREFIX}set` = '{of}' AND tags.`{PREFIX}sweep` = '{sweep}'"
    which += f" AND tags.`{PREFIX}setting` LIKE '%'"
    params = [key.removeprefix("train.") for key in keys]
    parallel = {"type": "PARALLEL", "selectedParams": [*params, "seed"], "selectedMetrics": [ACCURACY]}
    return _tag(sweep_view(of, sweep), f"sweep {sweep} ({of})", which, [parallel, BARS])


def save_views(store: MlflowClient, experiment: str, views: Sequence[tuple[str, str]]) -> None:
    """Saves views with the experiment. One that somebody has saved since, in the UI, stays as it is."""
    there = store.get_experiment(experiment).tags
    for name, text in views:
        ours = name not in there or _saved_at(there[name]) == 0
        if ours and there.get(name) != text:
            store.set_experiment_tag(experiment, name, text)


def _saved_at(text: str) -> int | None:
    """When the UI saved a view; 0 where it is still the one that was written here."""
    try:
        return json.loads(text).get("updatedAt")
    except (ValueError, AttributeError):
        return None


def _tag(view: str, name: str, which: str, charts: Sequence[dict[str, Any]]) -> tuple[str, str]:
    section = "accuracy"
    drawn = [
        {"uuid": str(number), "metricSectionId": section, "runsCountToCompare": 20, "deleted": False}
        | {"isGenerated": False, "showAllRuns": True, **chart}
        for number, chart in enumerate(charts)
    ]
    first = next(iter(COLUMNS))
    state = {
        "searchFilter": which,
        "orderByKey": first,
        "orderByAsc": False,
        "selectedColumns": list(COLUMNS),
        "columnOrder": list(COLUMNS),
        "columnWidths": COLUMNS,
        "runsHiddenMode": "FIRST_20_RUNS",
        "compareRunCharts": drawn,
        "compareRunSections": [{"uuid": section, "name": section, "display": True, "isReordered": False}],
    }
    saved = {"name": name, "createdAt": 0, "updatedAt": 0, "state": json.dumps(state)}
    return f"{VIEW}{view}", json.dumps(saved)
