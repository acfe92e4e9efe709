"""Every path and file name below results/, and the parts of a data set. They are defined only here.

`results/<set>/` holds what one configuration has made, a folder for each stage. The rules of the workflow
take their paths from a `Layout` and give them to their scripts by name. A rule about all results gives its
script the names of the runs instead; the script takes the paths from the same `Layout`. The command line, the
tests and the benchmarks take their paths from here too.
The files of a run keep their names among its artifacts in MLflow, see `ARTIFACTS`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Self, get_args

FORMAT = 2
"""The format of records, model files and configurations. It counts up when a name in them, or its meaning,
changes."""

RESULTS = Path("results")
"""Where the results of all sets lie, seen from the working folder."""

PARTS = ("train", "unseen", "synthetic", "calibration")
"""The parts of a data set: captchas to train on, those held out, synthetic ones to mix into the training, and
those that confidences are calibrated on."""


@dataclass(frozen=True)
class Files:
    """The files that a stage writes into one folder.

    Each field is the path of one file. Its annotation has the file's name.
    """

    @classmethod
    def within(cls, folder: str | Path) -> Self:
        """The files of this kind in a folder."""
        return cls(*(Path(folder, get_args(one.type)[1]) for one in fields(cls)))

    @classmethod
    def named(cls, given: Any, prefix: str = "") -> Self:
        """The inverse of `by_name`: the files that a rule names, `snakemake.input` or `snakemake.output`."""
        return cls(**{one.name: Path(getattr(given, prefix + one.name)) for one in fields(cls)})

    @classmethod
    def rows(cls, given: Any, prefix: str = "") -> list[Self]:
        """The inverse of `columns`: the files that a rule names, folder by folder."""
        lists = [getattr(given, prefix + one.name) for one in fields(cls)]
        # Snakemake gives a list of one file as that file alone
        columns = [[files] if isinstance(files, str) else files for files in lists]
        return [cls(*map(Path, row)) for row in zip(*columns, strict=True)]

    @classmethod
    def columns(cls, folders: Iterable[Self], prefix: str = "") -> dict[str, list[str]]:
        """The files of many folders as a rule names them: a list for each field, `prefix` before its name."""
        rows = list(folders)
        return {prefix + one.name: [str(getattr(row, one.name)) for row in rows] for one in fields(cls)}

    def by_name(self, prefix: str = "") -> dict[str, str]:
        """The files as a rule names them, `prefix` before each field's name."""
        return {prefix + one.name: str(getattr(self, one.name)) for one in fields(self)}

    def __iter__(self) -> Iterator[Path]:
        """The files, in the order of their fields."""
        return (getattr(self, one.name) for one in fields(self))


@dataclass(frozen=True)
class SyntheticFiles(Files):
    """Synthetic captchas: their pixels, uint8 (n, height, width, 3), and their labels."""

    pictures: Annotated[Path, "pictures.npy"]
    labels: Annotated[Path, "labels.csv"]


@dataclass(frozen=True)
class SegmentedFiles(Files):
    """One entry of `pictures`, segmented by one segmentation.

    These are character vectors and their windows, cleaned pictures, the usable and the rejected ones, and how
    many there are of each.
    """

    characters: Annotated[Path, "characters.npy"]
    windows: Annotated[Path, "characters.csv"]
    cleaned: Annotated[Path, "cleaned.npy"]
    pictures: Annotated[Path, "pictures.csv"]
    rejected: Annotated[Path, "rejected.csv"]
    counts: Annotated[Path, "segment.json"]


@dataclass(frozen=True)
class DatasetFiles(Files):
    """A data set.

    These are the arrays of each of its `PARTS`, the training part also as the pickle that the tutorial's
    program reads, the cleaned pictures of its training captchas, a list of captchas by part, all usable
    pictures, and the facts about it.
    """

    train: Annotated[Path, "train_data.npz"]
    unseen: Annotated[Path, "unseen_data.npz"]
    synthetic: Annotated[Path, "synthetic_data.npz"]
    calibration: Annotated[Path, "calibration_data.npz"]
    pickled: Annotated[Path, "train_data.pkl"]
    train_pictures: Annotated[Path, "train_pictures.npz"]
    captchas: Annotated[Path, "captchas.csv"]
    pictures: Annotated[Path, "pictures.csv"]
    facts: Annotated[Path, "dataset.json"]

    def part(self, name: str) -> Path:
        """The arrays of one of the `PARTS`."""
        return Path(getattr(self, name))


@dataclass(frozen=True)
class RunFiles(Files):
    """The files of every run, also of the one on XOR.

    These are its parameters, its history of steps, its provenance, a configuration for this run alone, and
    how it ended.
    """

    parameters: Annotated[Path, "parameters.json"]
    history: Annotated[Path, "history.csv"]
    provenance: Annotated[Path, "provenance.json"]
    configuration: Annotated[Path, "configuration.json"]
    status: Annotated[Path, "status.json"]


@dataclass(frozen=True)
class TrainFiles(RunFiles):
    """A run on captchas. It also has the model: theta as an array, and a file with everything else."""

    theta: Annotated[Path, "model.npz"]
    model: Annotated[Path, "model.json"]


@dataclass(frozen=True)
class XorFiles(RunFiles):
    """The run on XOR. It also has theta1, theta2 and the four outputs."""

    solution: Annotated[Path, "xor.json"]


@dataclass(frozen=True)
class EvaluateFiles(Files):
    """How well a run reads.

    These are metrics, accuracy by class, the confusion matrix, misread captchas, the bins of the reliability
    diagram, and accuracy over coverage.
    """

    metrics: Annotated[Path, "metrics.json"]
    classes: Annotated[Path, "classes.csv"]
    confusion: Annotated[Path, "confusion.csv"]
    misreads: Annotated[Path, "misreads.csv"]
    reliability: Annotated[Path, "reliability.csv"]
    coverage: Annotated[Path, "coverage.csv"]


class Artifacts:
    """Where the files of a run lie among its artifacts in MLflow."""

    train = TrainFiles.within("train")
    xor = XorFiles.within("train")
    evaluate = EvaluateFiles.within("evaluate")
    dataset = DatasetFiles.within("dataset")


ARTIFACTS = Artifacts()


@dataclass(frozen=True)
class Results:
    """The files of finished stages, by the names of their runs, data sets, and segmentation with pictures."""

    train: Mapping[str, TrainFiles]
    evaluate: Mapping[str, EvaluateFiles]
    dataset: Mapping[str, DatasetFiles]
    segment: Mapping[tuple[str, str], SegmentedFiles]
    xor: XorFiles

    def __iter__(self) -> Iterator[Path]:
        """All of them."""
        many = (self.train, self.evaluate, self.dataset, self.segment)
        for files in (*(one for of in many for one in of.values()), self.xor):
            yield from files


@dataclass(frozen=True)
class Layout:
    """The results of one set, in the folder `root`; names may be Snakemake's wildcards, such as "{run}"."""

    root: Path

    @classmethod
    def of(cls, name: str, results: Path = RESULTS) -> Self:
        """The results of the set with this name."""
        return cls(results / name)

    def synthesize(self, pictures: str) -> SyntheticFiles:
        """The files of an entry of `pictures` that is synthesized."""
        return SyntheticFiles.within(self.root / "synthesize" / pictures)

    def segment(self, segmentation: str, pictures: str) -> SegmentedFiles:
        """The files of an entry of `pictures` that is segmented by an entry of `segment`."""
        return SegmentedFiles.within(self.root / "segment" / segmentation / pictures)

    def rejected_log(self, segmentation: str, pictures: str) -> Path:
        """A second list of the rejected pictures. This file stays when the stage fails."""
        return self.root / "segment" / segmentation / f"{pictures}.rejected.csv"

    def dataset(self, data: str) -> DatasetFiles:
        """The files of an entry of `dataset`."""
        return DatasetFiles.within(self.root / "dataset" / data)

    def domain_gap(self, data: str) -> Path:
        """The page about the synthetic and the real characters of a data set."""
        return self.root / "domain_gap" / data / "domain_gap.html"

    def train(self, run: str) -> TrainFiles:
        """The files of a run."""
        return TrainFiles.within(self.root / "train" / run)

    def evaluate(self, run: str) -> EvaluateFiles:
        """The files of a run's evaluation."""
        return EvaluateFiles.within(self.root / "evaluate" / run)

    @property
    def xor(self) -> XorFiles:
        """The files of the tutorial's first example."""
        return XorFiles.within(self.root / "xor")

    def results(
        self, runs: Sequence[str], data: Iterable[str], segmented: Iterable[Sequence[str]]
    ) -> Results:
        """The files of many runs, data sets, and pairs of a segmentation and an entry of `pictures`."""
        return Results(
            {run: self.train(run) for run in runs},
            {run: self.evaluate(run) for run in runs},
            {name: self.dataset(name) for name in data},
            {(name, pictures): self.segment(name, pictures) for name, pictures in segmented},
            self.xor,
        )

    def log(self, stage: str, *names: str) -> Path:
        """What the job of a stage about `names` has said. It stays when the job fails."""
        return self._by_stage("logs", stage, *names, suffix=".log")

    def benchmark(self, stage: str, *names: str) -> Path:
        """How long that job took, and how much memory, as Snakemake measures it."""
        return self._by_stage("benchmarks", stage, *names, suffix=".tsv")

    def _by_stage(self, *names: str, suffix: str) -> Path:
        *folders, last = names
        return self.root.joinpath(*folders, last + suffix)

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints, from which killed trainings go on. No rule names it."""
        return self.root / "checkpoints"

    @property
    def made_from(self) -> Path:
        """Which configuration files the results were last made from. It is no result: no rule names it."""
        return self.root / "made_from.json"

    def trained(self) -> list[str]:
        """The runs that have a model here, sorted."""
        models = self.root.glob(str(self.train("*").theta.relative_to(self.root)))
        return sorted(file.parent.name for file in models)

    @property
    def report(self) -> Path:
        """The page about all runs."""
        return self.root / "report.html"

    def sweep(self, name: str) -> Path:
        """The table of a sweep's settings."""
        return self.root / "sweeps" / f"{name}.csv"

    @property
    def tracked(self) -> Path:
        """Which runs of the set are recorded, with their ids."""
        return self.root / "track" / "runs.json"

    @property
    def verdict(self) -> Path:
        """The file that is written when every training has ended well."""
        return self.root / "verdict.txt"


def layouts(results: Path = RESULTS) -> dict[str, Layout]:
    """The results of all sets, by name; a folder of another purpose begins with a dot."""
    folders = sorted(results.iterdir()) if results.is_dir() else []
    return {one.name: Layout(one) for one in folders if one.is_dir() and not one.name.startswith(".")}
