"""The data set: which captchas train and which stay unseen, as the pickles that the rest works from.

A split samples captchas, never characters: the four characters of a picture share its ink, its speckles and
its neighbours' edges, so a character is not unseen when the rest of its captcha trained the network.
"""

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import DTypeLike, NDArray

from captchanet.dataset.settings import DatasetSettings
from captchanet.dataset.split import split
from captchanet.errors import UserError
from captchanet.files import atomic, read_csv, write_bytes, write_csv, write_json
from captchanet.layout import PARTS, DatasetFiles
from captchanet.segment.labels import encode
from captchanet.settings import Json

if TYPE_CHECKING:  # reading pictures is not needed to read a data set
    from captchanet.segment.segment import Segmented

HEADER = ("part", "pictures", "file", "label", "sha256")
PICTURES = ("pictures", "file", "label", "sha256")


@dataclass(frozen=True)
class Part:
    """Captchas of one part of a data set, see `captchanet.layout.PARTS`.

    `X` (n, pixels) float64, 0 … 1, or float32 of synthetic ones that are mixed in, since those are many; `y`
    (n, 1) int64, 1 … the number of classes; `captchas` one row (pictures, file, label, sha256) per captcha,
    in the order of its characters in X.
    """

    X: NDArray[np.floating]
    y: NDArray[np.int64]
    captchas: list[tuple[str, str, str, str]]

    @property
    def digest(self) -> str:
        """sha256 over X and y, in hexadecimal."""
        return hashlib.sha256(self.X.tobytes() + self.y.tobytes()).hexdigest()


def part(
    segmented: "Segmented", rows: Sequence[int], name: str, alphabet: str, dtype: DTypeLike = np.float64
) -> Part:
    """The captchas `rows` (indices into the pictures) of a segmented folder called `name`, in their order."""
    per = len(segmented.X) // max(1, len(segmented.pictures))
    pictures = [segmented.pictures[row] for row in rows]
    captchas = [(name, picture.file, picture.label, picture.sha256) for picture in pictures]
    X = segmented.X.reshape(-1, per, segmented.X.shape[1])[list(rows)].reshape(-1, segmented.X.shape[1])
    y = [number for picture in pictures for number in encode(picture.label, alphabet)]
    return Part(X.astype(dtype, copy=False), np.array(y, np.int64).reshape(-1, 1), captchas)


@dataclass(frozen=True)
class Dataset:
    """A data set. `synthetic` are captchas to mix into the training, `calibration` those that confidences are
    calibrated on, `copies` how many unseen ones were copies.

    `cleaned`, float32 (n, h, w), are the training captchas' pictures and `windows`, int (characters, 4),
    left, top, right, bottom of each character, for augmentation. `problem` is why there are no captchas.
    """

    train: Part
    unseen: Part
    synthetic: Part
    calibration: Part
    cleaned: NDArray[np.float32]
    windows: NDArray[np.int64]
    copies: int = 0
    problem: str | None = None

    @property
    def parts(self) -> dict[str, Part]:
        """The parts by name."""
        return {name: getattr(self, name) for name in PARTS}


def build(folders: Mapping[str, "Segmented"], settings: DatasetSettings, alphabet: str) -> Dataset:
    """The data set that `settings` describe.

    Captchas to calibrate on are taken from the synthetic ones to mix in, where there are any, else from those
    to train on. No picture is in two parts: one that trains is taken out of those to calibrate on, and both
    out of the unseen ones.

    Parameters
    ----------
    folders : mapping of str to Segmented
        What was segmented, by the name of its entry in `pictures`.
    settings : DatasetSettings
        Which captchas are in which part.
    alphabet : str
        The characters, in the order of their classes.

    Raises
    ------
    UserError
        Where it cannot be made.
    """
    # without synthetic captchas, those to train on are calibrated on
    name, mixing = settings.train, settings.synthetic or settings.train
    source, synthetic, other = folders[name], folders[mixing], folders.get(str(settings.unseen))
    elsewhere = ({"calibration": 0} if settings.synthetic else {}) | ({"unseen": 0} if other else {})
    rows, held_out, calibration = split(len(source.pictures), settings.model_copy(update=elsewhere))
    mixed: list[int] = []
    if settings.synthetic:
        of_synthetic = settings.model_copy(update={"captchas": None, "unseen": 0})
        mixed, _, calibration = split(len(synthetic.pictures), of_synthetic, "synthetic")
    unseen, called = (other, str(settings.unseen)) if other else (source, name)
    held_out = list(range(len(other.pictures))) if other else held_out
    trains = _pixels(source, rows) | _pixels(synthetic, mixed)
    calibration = [row for row in calibration if synthetic.pictures[row].pixels not in trains]
    if settings.calibration and not calibration:
        raise UserError(f"every captcha of `{mixing}` to calibrate on also trains; add others to it")
    seen = trains | _pixels(synthetic, calibration)
    kept = [row for row in held_out if unseen.pictures[row].pixels not in seen]
    if not kept:
        named = [f"`{name}`"] * (other is not None) + [f"`{mixing}`"] * (settings.synthetic is not None)
        raise UserError(
            f"every picture of {'`' + called + '`' if other else 'the unseen part'} is also in "
            f"{' or '.join(named)}; unseen pictures must be others, or the result would say nothing"
        )
    windows = np.array([character[3:] for character in source.characters], np.int64)
    return Dataset(
        part(source, rows, name, alphabet),
        part(unseen, kept, called, alphabet),
        part(synthetic, mixed, mixing, alphabet, np.float32),
        part(synthetic, calibration, mixing, alphabet),
        source.cleaned[rows],
        windows.reshape(len(source.pictures), -1, 4)[rows].reshape(-1, 4),
        len(held_out) - len(kept),
    )


def _pixels(segmented: "Segmented", rows: Sequence[int]) -> set[str]:
    """The digests of what these pictures show."""
    return {segmented.pictures[row].pixels for row in rows}


def make(folders: Mapping[str, "Segmented"], settings: DatasetSettings, alphabet: str) -> Dataset:
    """The data set that `settings` describe, as `build` makes it, or empty parts and the reason why not.

    One impossible data set among many fails its own runs, by name, and no others.
    """
    try:
        return build(folders, settings, alphabet)
    except UserError as error:
        source = folders[settings.train]
        empty = part(source, [], settings.train, alphabet)
        windows = np.zeros((0, 4), np.int64)
        return Dataset(empty, empty, empty, empty, source.cleaned[:0], windows, 0, str(error))


class DatasetFacts(TypedDict):
    """What is told of a data set: JSON-ready.

    `cleaned` is the digest of what augmentation reads: it sees more of a picture than the characters show.
    `pictures`, `dataset` and `segment` are the entries of the configuration that decided it, as they stand in
    a file: whoever reads the facts of a data set need not know every kind and every cleaning.
    """

    problem: str | None
    captchas: dict[str, int]
    copies_left_out_of_unseen: int
    classes_without_example: list[str]
    examples: dict[str, dict[str, int]]
    digest: dict[str, str]
    cleaned: str
    pictures: dict[str, Json]
    dataset: Json
    segment: Json


def summary(
    dataset: Dataset, settings: DatasetSettings, segmentation: Json, pictures: dict[str, Json]
) -> DatasetFacts:
    """The facts about a data set, of the segmentation and the pictures that it is made from."""
    alphabet = segmentation["alphabet"]
    counts = {}
    for name, p in dataset.parts.items():
        of_classes = np.bincount(p.y[:, 0], minlength=len(alphabet) + 1)[1:]
        counts[name] = dict(zip(alphabet, of_classes.tolist(), strict=True))
    missing = [c for c in alphabet if not counts["train"][c] and not counts["synthetic"][c]]
    return {
        "problem": dataset.problem,
        "captchas": {name: len(p.captchas) for name, p in dataset.parts.items()},
        "copies_left_out_of_unseen": dataset.copies,
        "classes_without_example": missing,
        "examples": counts,
        "digest": {
            name: p.digest for name, p in dataset.parts.items() if name in ("train", "unseen") or p.captchas
        },
        "cleaned": hashlib.sha256(dataset.cleaned.tobytes() + dataset.windows.tobytes()).hexdigest(),
        "pictures": pictures,
        "dataset": settings.dump(),
        "segment": segmentation,
    }


def trained_on(facts: DatasetFacts) -> str:
    """What the facts tell of the training, in words: 60 captchas and 5,000 synthetic ones."""
    alone = "synthetic " if "synthesize" in facts["pictures"].get(facts["dataset"]["train"], {}) else ""
    said, mixed = f"{facts['captchas']['train']:,} {alone}captchas", facts["captchas"]["synthetic"]
    return f"{said} and {mixed:,} synthetic ones" if mixed else said


def calibrated_on(facts: DatasetFacts) -> str:
    """What the facts tell of the captchas to calibrate on, in words: 500 synthetic captchas; "" for none."""
    number, described = facts["captchas"].get("calibration", 0), facts["dataset"]
    synthetic = "synthesize" in facts["pictures"].get(described["synthetic"] or described["train"], {})
    return f"{number:,} {'synthetic ' * synthetic}captcha{'s' * (number > 1)}" if number else ""


def write_dataset(
    files: DatasetFiles, dataset: Dataset, facts: DatasetFacts, folders: Mapping[str, "Segmented"]
) -> None:
    """The data set's files. Each part is a pickle of a dict with X and y.

    Listed are the captchas of all parts but the synthetic one, and every usable picture of the segmented
    `folders` (a split depends on all of them) but for those that a seed synthesizes again.
    """
    for name, content in dataset.parts.items():
        data = {"X": content.X, "y": content.y}
        write_bytes(files.part(name), pickle.dumps(data, protocol=4))
    listed = [name for name in PARTS if name != "synthetic"]
    write_csv(
        files.captchas, HEADER, [(name, *row) for name in listed for row in dataset.parts[name].captchas]
    )
    usable = [
        (name, picture.file, picture.label, picture.sha256)
        for name, segmented in folders.items()
        if "synthesize" not in facts["pictures"].get(name, {})
        for picture in segmented.pictures
    ]
    write_csv(files.pictures, PICTURES, usable)
    with atomic(files.train_pictures) as temporary, temporary.open("wb") as file:
        np.savez(file, cleaned=dataset.cleaned, windows=dataset.windows)
    write_json(files.facts, facts)


def read_train_pictures(files: DatasetFiles) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The training captchas' cleaned pictures and their characters' windows, as in `Dataset`."""
    with np.load(files.train_pictures, allow_pickle=False) as arrays:
        return arrays["cleaned"], arrays["windows"]


def read_part(files: DatasetFiles, name: str) -> Part:
    """One of the parts of a data set, as `write_dataset` left it.

    Of captchas that are mixed in no list is kept.
    """
    data = pickle.loads(files.part(name).read_bytes())
    table = read_csv(files.captchas, HEADER)
    captchas = [(pictures, file, label, sha256) for of, pictures, file, label, sha256 in table if of == name]
    return Part(data["X"], data["y"], captchas)
