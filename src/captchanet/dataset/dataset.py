"""The data set: which captchas train and which stay unseen, as the two pickles that the rest works from.

A split draws captchas, never characters: the four characters of a picture share its ink, its speckles and
its neighbours' edges, so a character is not unseen when the rest of its captcha trained the network.
"""

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from captchanet.dataset.split import split
from captchanet.errors import UserError
from captchanet.files import atomic, read_csv, write_bytes, write_csv, write_json
from captchanet.segment.labels import encode

if TYPE_CHECKING:  # reading pictures is not needed to read a data set
    from captchanet.segment.segment import Segmented

HEADER = ("part", "pictures", "file", "label", "sha256")
PICTURES = ("pictures", "file", "label", "sha256")


@dataclass(frozen=True)
class Part:
    """Captchas of one part of a data set, "train", "unseen", "drawn" or "calibration".

    `X` (n, pixels) float64, 0 … 1, or float32 of drawn ones that are mixed in, since those are many; `y`
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
class Made:
    """A data set. `drawn` are captchas to mix into the training, `calibration` those that confidences are
    calibrated on, `copies` how many unseen ones were copies.

    `cleaned`, float32 (n, h, w), are the training captchas' pictures and `windows`, int (characters, 4),
    left, top, right, bottom of each character, for augmentation. `problem` is why there are no captchas.
    """

    train: Part
    unseen: Part
    drawn: Part
    calibration: Part
    cleaned: NDArray[np.float32]
    windows: NDArray[np.int64]
    copies: int = 0
    problem: str | None = None

    @property
    def parts(self) -> dict[str, Part]:
        """The parts by name."""
        names = ("train", "unseen", "drawn", "calibration")
        return {name: getattr(self, name) for name in names}


def build(folders: Mapping[str, "Segmented"], settings: Mapping[str, Any], alphabet: str) -> Made:
    """The data set that `settings` describe, from segmented folders by name.

    Captchas to calibrate on are taken from those `drawn` to be mixed in, where there are any, else from those
    to train on. No picture is in two parts: one that trains is taken out of those to calibrate on, and both
    out of the unseen ones. Raises UserError when it cannot be made.
    """
    name, mixing, calibrating = settings["train"], settings["drawn"], settings.get("calibration", 0)
    source, drawn, other = folders[name], folders.get(mixing), folders.get(settings["unseen"])
    of_source = {**settings, "calibration": 0 if drawn else calibrating} | ({"unseen": 0} if other else {})
    rows, held_out, calibration = split(len(source.pictures), of_source)
    mixed: list[int] = []
    beside, beside_name = source, name
    if drawn:
        of_drawn = {"captchas": None, "calibration": calibrating, "seed": settings["seed"]}
        mixed, _, calibration = split(len(drawn.pictures), of_drawn, "drawn")
        beside, beside_name = drawn, mixing
    unseen, called = (other, settings["unseen"]) if other else (source, name)
    held_out = list(range(len(other.pictures))) if other else held_out
    trains = _pixels(source, rows) | _pixels(beside, mixed)
    calibration = [row for row in calibration if beside.pictures[row].pixels not in trains]
    if calibrating and not calibration:
        raise UserError(f"every captcha of `{beside_name}` to calibrate on also trains; add others to it")
    seen = trains | _pixels(beside, calibration)
    kept = [row for row in held_out if unseen.pictures[row].pixels not in seen]
    if not kept:
        named = [f"`{name}`"] * (other is not None) + [f"`{mixing}`"] * (drawn is not None)
        raise UserError(
            f"every picture of {'`' + called + '`' if other else 'the unseen part'} is also in "
            f"{' or '.join(named)}; unseen pictures must be others, or the result would say nothing"
        )
    windows = np.array([character[3:] for character in source.characters], np.int64)
    return Made(
        part(source, rows, name, alphabet),
        part(unseen, kept, called, alphabet),
        part(drawn or source, mixed, mixing or name, alphabet, np.float32),
        part(beside, calibration, beside_name, alphabet),
        source.cleaned[rows],
        windows.reshape(len(source.pictures), -1, 4)[rows].reshape(-1, 4),
        len(held_out) - len(kept),
    )


def _pixels(segmented: "Segmented", rows: Sequence[int]) -> set[str]:
    """The digests of what these pictures show."""
    return {segmented.pictures[row].pixels for row in rows}


def make(folders: Mapping[str, "Segmented"], settings: Mapping[str, Any], alphabet: str) -> Made:
    """The data set that `settings` describe, as `build` makes it.

    Where it cannot be, empty parts and the reason: one impossible data set among many fails its own runs, by
    name, and takes no other down.
    """
    try:
        return build(folders, settings, alphabet)
    except UserError as error:
        source = folders[settings["train"]]
        empty = part(source, [], settings["train"], alphabet)
        windows = np.zeros((0, 4), np.int64)
        return Made(empty, empty, empty, empty, source.cleaned[:0], windows, 0, str(error))


def summary(
    made: Made, settings: Mapping[str, Any], cut: Mapping[str, Any], pictures: Mapping[str, Any]
) -> dict[str, Any]:
    """What `dataset.json` says: sizes, digests, examples of each class, where the pictures are, their cut.

    `cleaned` is the digest of what augmentation reads: it sees more of a picture than the characters show.
    """
    alphabet = cut["alphabet"]
    counts = {
        name: dict(
            zip(alphabet, np.bincount(p.y[:, 0], minlength=len(alphabet) + 1)[1:].tolist(), strict=True)
        )
        for name, p in made.parts.items()
    }
    missing = [c for c in alphabet if not counts["train"][c] and not counts["drawn"][c]]
    return {
        "problem": made.problem,
        "captchas": {name: len(p.captchas) for name, p in made.parts.items()},
        "copies_left_out_of_unseen": made.copies,
        "classes_without_example": missing,
        "examples": counts,
        "digest": {
            name: p.digest for name, p in made.parts.items() if name in ("train", "unseen") or p.captchas
        },
        "cleaned": hashlib.sha256(made.cleaned.tobytes() + made.windows.tobytes()).hexdigest(),
        "pictures": dict(pictures),
        "dataset": dict(settings),
        "segment": dict(cut),
    }


def trained_on(facts: Mapping[str, Any]) -> str:
    """What dataset.json tells of the training, in words: 60 captchas and 5,000 drawn ones."""
    alone = "drawn " if "draw" in facts["pictures"].get(facts["dataset"]["train"], {}) else ""
    said = f"{facts['captchas']['train']:,} {alone}captchas"
    return said + (f" and {facts['captchas']['drawn']:,} drawn ones" if facts["captchas"]["drawn"] else "")


def calibrated_on(facts: Mapping[str, Any]) -> str:
    """What dataset.json tells of the captchas to calibrate on, in words: 500 drawn captchas; "" for none."""
    number, described = facts["captchas"].get("calibration", 0), facts["dataset"]
    drawn = "draw" in facts["pictures"].get(described["drawn"] or described["train"], {})
    return f"{number:,} {'drawn ' * drawn}captcha{'s' * (number > 1)}" if number else ""


def write(folder: Path, made: Made, facts: Mapping[str, Any], folders: Mapping[str, "Segmented"]) -> None:
    """The data set's files. `train_data.pkl` and the like for each part, each a dict of X and y.

    captchas.csv lists the captchas of all parts but drawn, pictures.csv every usable picture of the segmented
    `folders` (a split depends on all of them) but for those that a seed draws again, dataset.json holds the
    facts, and train_pictures.npz what augmentation reads.
    """
    for name, content in made.parts.items():
        data = {"X": content.X, "y": content.y}
        write_bytes(folder / f"{name}_data.pkl", pickle.dumps(data, protocol=4))
    rows = [(name, *row) for name in ("train", "unseen", "calibration") for row in made.parts[name].captchas]
    write_csv(folder / "captchas.csv", HEADER, rows)
    usable = [
        (name, picture.file, picture.label, picture.sha256)
        for name, segmented in folders.items()
        if "draw" not in facts["pictures"].get(name, {})
        for picture in segmented.pictures
    ]
    write_csv(folder / "pictures.csv", PICTURES, usable)
    with atomic(folder / "train_pictures.npz") as temporary, temporary.open("wb") as file:
        np.savez(file, cleaned=made.cleaned, windows=made.windows)
    write_json(folder / "dataset.json", facts)


def read_pictures(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The training captchas' cleaned pictures and their characters' windows, as in `Made`."""
    with np.load(folder / "train_pictures.npz", allow_pickle=False) as arrays:
        return arrays["cleaned"], arrays["windows"]


def read(folder: Path, name: str) -> Part:
    """The part "train", "unseen", "drawn" or "calibration" of the data set in `folder`, as `write` left it.

    Of captchas that are mixed in no list is kept.
    """
    data = pickle.loads((folder / f"{name}_data.pkl").read_bytes())
    table = read_csv(folder / "captchas.csv", HEADER)
    captchas = [(pictures, file, label, sha256) for of, pictures, file, label, sha256 in table if of == name]
    return Part(data["X"], data["y"], captchas)
