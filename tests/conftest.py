"""What all tests share: one BLAS thread, as in every job, and the outside data if they are there."""

import os

# Set before NumPy is imported: two threads round differently from one.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[variable] = "1"

import functools
import gc
import resource
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import settings
from notebook import Notebook

from captchanet.config.configuration import Configuration
from captchanet.config.resolve import resolved
from captchanet.dataset import dataset
from captchanet.evaluate import metrics
from captchanet.files import write_npy
from captchanet.layout import Layout
from captchanet.nn.gradient_check import Checked, check_all
from captchanet.segment.segment import Segmented, segment, write_segmented
from captchanet.segment.segment_synthetic import segment_synthetic
from captchanet.segment.segmentation import Segmentation
from captchanet.synthesize.folder import synthesize_folder
from captchanet.train import provenance, run, xor
from captchanet.train.code_origin import code_origin

ROOT = Path(__file__).resolve().parents[1]

# Imports and tests leave little garbage: to search for it less often saves a second or two.
gc.set_threshold(50_000)

# The time of an example depends on how busy the machine is, so it has no limit. Before a change lands
# (.ci/run), each law is tried on twice as many examples as during work.
EXAMPLES = 100 if os.environ.get("CAPTCHANET_SKIP_FAILS") else 50
settings.register_profile("no deadline", settings.default, deadline=None, max_examples=EXAMPLES)
settings.load_profile("no deadline")


skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remembers the seconds of each file, and the tests that skipped although their data can be installed."""
    seconds[report.nodeid.split("::")[0]] += report.duration
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    if report.skipped and "set CAPTCHANET_" not in reason:
        skipped.append(report.nodeid)


cpu_of_others = [0.0]


def cpu_seconds() -> float:
    """CPU seconds, user and system, of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Counts what other tests take than unit tests, and those that import PyTorch."""
    begun = cpu_seconds()
    done = yield
    if item.get_closest_marker("workflow") or "pytorch" in item.name:
        cpu_of_others[0] += cpu_seconds() - begun
    return done


def pytest_collection_finish() -> None:
    """Takes what was imported and collected out of the searches for garbage: all of it stays."""
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """If everything that a test needs was installed (.ci/run), a skipped test is a failure."""
    if skipped and os.environ.get("CAPTCHANET_SKIP_FAILS"):
        print(f"\nskipped, although nothing should be missing: {', '.join(skipped)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


seconds: Counter[str] = Counter()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the seconds of each file, the longest first, if this is asked for (.ci/run)."""
    if os.environ.get("CAPTCHANET_SECONDS"):
        cpu = cpu_seconds() - cpu_of_others[0]
        terminalreporter.write_line(f"{cpu:7.1f} s  of CPU for the unit tests, PyTorch aside (limit: 30)")
        for name, taken in seconds.most_common():
            terminalreporter.write_line(f"{taken:7.1f} s  {name}")


def _outside(variable: str, what: str) -> Path:
    place = os.environ.get(variable)
    if not place:
        pytest.skip(f"set {variable} to {what}")
    return Path(place)


@pytest.fixture(scope="session", autouse=True)
def project_of_git() -> Iterator[None]:
    """Asks git for the project's commit and patch once: every training writes them down, and they stay."""
    known = functools.cache(lambda: code_origin(ROOT))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provenance, "code_origin", lambda folder, sources: known())
        yield


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
def default_config() -> Configuration:
    """The main job's configuration, resolved."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    return resolved(config)


@pytest.fixture(scope="session")
def checked_gradients() -> list[Checked]:
    """The errors of every combination's gradient; seconds of work, which two files of tests look at."""
    return list(check_all())


class Made:
    """The results of a set, made by the stages themselves, without Snakemake: two good runs and a failed one.

    `data` are other settings of the data set; 15 captchas are called synthetic. `layout` has the paths of the
    results, `results` the files of all runs, of the data set `main` and of all that was segmented.
    """

    RUNS = ("good", "other", "wild")

    def __init__(self, folder: Path, **data: str) -> None:
        self.layout, self.pictures = Layout(folder / "results"), folder / "pictures"
        for name, count, seed in (("raw", 12, 1), ("unseen", 6, 2)):
            synthesize_folder(self.pictures / name, count, seed)
        (self.pictures / "raw" / "b<b>d.png").write_text("no picture")
        self.config = resolved(
            {
                "pictures": {name: {"folder": str(self.pictures / name)} for name in ("raw", "unseen")}
                | {"synthetic": {"synthesize": {"method": "turned", "count": 15, "seed": 3}}},
                "segment": {"grid": {"max_rejected": 1}},
                "dataset": {"main": {"segment": "grid", "train": "raw", "unseen": "unseen"} | data},
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
        segmentation, chosen = self.config.segment["grid"], self.config.dataset["main"]
        uses = (chosen.train, chosen.synthetic, chosen.unseen)
        used = {name: entry for name, entry in self.config.pictures.items() if name in uses}
        self.segmented_pairs = [("grid", name) for name in used]
        self.results = self.layout.results(self.RUNS, ["main"], self.segmented_pairs)
        folders = {name: self.segmented(name, segmentation) for name in used}
        made = dataset.make(folders, chosen, segmentation.alphabet)
        facts = dataset.summary(
            made, chosen, segmentation.dump(), {name: entry.dump() for name, entry in used.items()}
        )
        data_files = self.layout.dataset("main")
        dataset.write_dataset(data_files, made, facts, folders)
        for name in self.RUNS:
            files, code = self.layout.train(name), [Path(__file__)]
            settings_of_run = self.config.train[name]
            run.perform(name, settings_of_run, data_files, files, code, self.layout.checkpoints)
            found = metrics.evaluate_run(files, made.train, made.unseen, made.synthetic)
            metrics.write_evaluation(self.layout.evaluate(name), found)
        xor.perform(self.config.xor, self.layout.xor, [])

    @property
    def folder(self) -> Path:
        """The folder of the results."""
        return self.layout.root

    def segmented(self, name: str, segmentation: Segmentation) -> Segmented:
        """The files that the stage `segment` makes of one entry under `pictures`."""
        kind = self.config.pictures[name].synthesize
        if kind:
            pictures, labels = kind()
            write_npy(self.layout.synthesize(name).pictures, pictures)
            found = segment_synthetic(pictures, labels, segmentation)
        else:
            found = segment(self.pictures / name, segmentation)
        write_segmented(self.layout.segment("grid", name), found)
        return found


@pytest.fixture(scope="session")
def made_results(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The results of a set, made once; tests that change them copy the folder first."""
    return Made(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="session")
def mixed_results(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The same with synthetic captchas mixed into the training."""
    return Made(tmp_path_factory.mktemp("mixed"), synthetic="synthetic")


@pytest.fixture(scope="session")
def synthetic_results(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The same with synthetic captchas as the unseen ones."""
    return Made(tmp_path_factory.mktemp("synthetic"), unseen="synthetic")


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Notebook:
    """An empty history, shared by the tests of a file."""
    return Notebook(tmp_path_factory.mktemp("history"))
