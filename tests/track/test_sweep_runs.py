"""The runs of a sweep are compared from what MLflow has of them."""

from datetime import UTC, datetime

import pytest

from captchanet.errors import UserError

# marked, because importing mlflow takes seconds; it warns of its own deprecations
pytestmark = [pytest.mark.workflow, pytest.mark.filterwarnings("default")]

METRICS = '{"unseen": {"captchas": {"n": 3}}}'
MISREADS = "pictures,file,label,reading,confidence\nraw,ab.png,ab,ac,0.5\n"


@pytest.mark.parametrize(
    ("metrics", "misreads"),
    [
        (None, MISREADS),
        (METRICS, None),
        ("{", MISREADS),
        ("{}", MISREADS),
        ("3", MISREADS),
        (METRICS, "a\n1\n"),
    ],
)
def test_files_that_are_lost_or_damaged_in_mlflow_are_said_with_their_run(monkeypatch, metrics, misreads):
    from captchanet.track import sweep_runs
    from captchanet.track.history import Run

    def found(store, run, path):
        return metrics if path.endswith("metrics.json") else misreads

    tags = {"sweep": "widths", "setting": "8", "seed": "1", "data.unseen_sha256": "x"}
    run = Run("0" * 32, "widths-8", "finished", datetime.now(UTC), {}, {}, tags)
    monkeypatch.setattr(sweep_runs, "artifact", found)
    with pytest.raises(
        UserError, match=r"run widths-8 \(00000000\): its misreads are no longer.*records it again"
    ):
        sweep_runs.sweep_runs(None, [run], "widths")
    metrics, misreads = METRICS, MISREADS
    (whole,) = sweep_runs.sweep_runs(None, [run], "widths")
    assert (whole.n, whole.misread) == (3, {("raw", "ab.png")})
