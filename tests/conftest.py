"""What every test shares: one BLAS thread, as in every job, and the outside data where it is there."""

import os

# Before NumPy is imported: two threads round otherwise than one.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[variable] = "1"

from pathlib import Path

import pytest
import yaml
from hypothesis import settings
from notebook import Notebook

from captchanet.config.resolve import resolved
from captchanet.dataset import dataset
from captchanet.evaluate import metrics as evaluate
from captchanet.files import write_npy
from captchanet.segment.segment import Segmented, segment, write_segmented
from captchanet.segment.segment_synthetic import segment_drawn
from captchanet.segment.segmentation import Cut
from captchanet.synthesize.folder import draw_folder
from captchanet.synthesize.kinds import turned
from captchanet.train import run, xor

ROOT = Path(__file__).resolve().parents[1]

# How long an example takes says how busy the machine is, and nothing about a law.
settings.register_profile("no deadline", settings.default, deadline=None)
settings.load_profile("no deadline")


skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remembers which tests skipped, but for those whose data nobody can install."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    if report.skipped and "set CAPTCHANET_" not in reason:
        skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything a test needs has been installed (.ci/run), a test that skipped is a failure."""
    if skipped and os.environ.get("CAPTCHANET_SKIP_FAILS"):
        print(f"\nskipped, although nothing should be missing: {', '.join(skipped)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _outside(variable: str, what: str) -> Path:
    place = os.environ.get(variable)
    if not place:
        pytest.skip(f"set {variable} to {what}")
    return Path(place)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real captchas, which the project does not ship."""
    return _outside("CAPTCHANET_REAL", "a folder with sheared-old/ and sheared-new/, captchas of this kind")


@pytest.fixture(scope="session")
def tutorial() -> Path:
    """The tutorial's second program, which the project does not ship."""
    return _outside("CAPTCHANET_TUTORIAL", "the tutorial's second program, example2.py")


@pytest.fixture(scope="session")
def default_config() -> dict:
    """The main job's configuration, resolved."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    return resolved(config)


class Results:
    """A results folder made by the stages themselves, without Snakemake: two good runs and a failed one.

    `data` are other settings of the data set; 15 captchas are called drawn.
    """

    RUNS = ("good", "other", "wild")

    def __init__(self, folder: Path, **data: str) -> None:
        self.folder, self.pictures = folder / "results", folder / "pictures"
        for name, count, seed in (("raw", 12, 1), ("unseen", 6, 2)):
            draw_folder(self.pictures / name, count, seed)
        (self.pictures / "raw" / "b<b>d.png").write_text("no picture")
        self.config = resolved(
            {
                "pictures": {name: {"folder": str(self.pictures / name)} for name in ("raw", "unseen")}
                | {"drawn": {"draw": {"method": "turned", "count": 15, "seed": 3}}},
                "segment": {"grid": {"max_rejected": 1}},
                "dataset": {"main": {"cut": "grid", "train": "raw", "unseen": "unseen"} | data},
                "train": {
                    "good": {"hidden": [6], "optimiser": {"method": "cg", "iterations": 4}},
                    "other": {
                        "hidden": [6],
                        "optimiser": {"method": "sgd", "epochs": 2, "batch_size": 16, "learning_rate": 0.5},
                    },
                    "wild": {
                        "hidden": [6],
                        "cost": "quadratic",
                        "penalty": {"method": "l2", "weight": 1e9},
                        "optimiser": {"method": "sgd", "epochs": 99, "learning_rate": 1e6},
                    },
                },
                "xor": {"steps": 200},
            }
        )
        settings = self.config["segment"]["grid"]
        chosen = self.config["dataset"]["main"]
        used = {name: place for name, place in self.config["pictures"].items() if name in chosen.values()}
        folders = {name: self.segmented(name, Cut.from_settings(settings)) for name in used}
        made = dataset.make(folders, chosen, settings["alphabet"])
        facts = dataset.summary(made, chosen, settings, used)
        dataset.write(self.folder / "dataset/main", made, facts, folders)
        for name in self.RUNS:
            place = self.folder / "train" / name
            data, code = self.folder / "dataset/main", [Path(__file__)]
            run.perform(name, self.config["train"][name], data, place, code, self.folder / "checkpoints")
            found = evaluate.evaluate_run(place, made.train, made.unseen, made.drawn)
            evaluate.write(found, self.folder / "evaluate" / name)
        xor.perform(self.config["xor"], self.folder / "xor", [])

    def segmented(self, name: str, cut: Cut) -> Segmented:
        """What the stage `segment` leaves of one entry under `pictures`."""
        place = self.config["pictures"][name]
        if "draw" in place:
            options = {option: value for option, value in place["draw"].items() if option != "method"}
            pictures, labels = turned(**options)
            write_npy(self.folder / "draw" / name / "pictures.npy", pictures)
            found = segment_drawn(pictures, labels, cut)
        else:
            found = segment(self.pictures / name, cut)
        write_segmented(found, self.folder / "segment/grid" / name)
        return found


@pytest.fixture(scope="session")
def made_results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The results folder, made once; tests that change it copy it first."""
    return Results(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="session")
def mixed_results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The same with drawn captchas mixed into the training."""
    return Results(tmp_path_factory.mktemp("mixed"), drawn="drawn")


@pytest.fixture(scope="session")
def drawn_results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The same with drawn captchas as the unseen ones."""
    return Results(tmp_path_factory.mktemp("drawn"), unseen="drawn")


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Notebook:
    """An empty history, shared by the tests of a file."""
    return Notebook(tmp_path_factory.mktemp("history"))
