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
from numpy.typing import NDArray

from captchanet.errors import UserError
from captchanet.files import atomic, read_csv, write_bytes, write_csv, write_json
from captchanet.images.labels import encode

if TYPE_CHECKING:  # reading pictures is not needed to read a data set
    from captchanet.images.segment import Segmented

HEADER = ("part", "pictures", "file", "label", "sha256")
PICTURES = ("pictures", "file", "label", "sha256")


@dataclass(frozen=True)
class Part:
    """Captchas of one part of a data set, "train", "unseen" or "drawn".

    `X` (n, pixels) float64, 0 … 1; `y` (n, 1) int64, 1 … the number of classes; `captchas` one row
    (pictures, file, label, sha256) per captcha, in the order of its characters in X.
    """

    X: NDArray[np.float64]
    y: NDArray[np.int64]
    captchas: list[tuple[str, str, str, str]]

    @property
    def digest(self) -> str:
        """sha256 over X and y, in hexadecimal."""
        return hashlib.sha256(self.X.tobytes() + self.y.tobytes()).hexdigest()


def part(segmented: "Segmented", rows: Sequence[int], name: str, alphabet: str) -> Part:
    """The captchas `rows` (indices into the pictures) of a segmented folder called `name`, in their order."""
    per = len(segmented.X) // max(1, len(segmented.pictures))
    pictures = [segmented.pictures[row] for row in rows]
    captchas = [(name, picture.file, picture.label, picture.sha256) for picture in pictures]
    X = segmented.X.reshape(-1, per, segmented.X.shape[1])[list(rows)].reshape(-1, segmented.X.shape[1])
    y = [number for picture in pictures for number in encode(picture.label, alphabet)]
    return Part(X.astype(np.float64), np.array(y, np.int64).reshape(-1, 1), captchas)


def split(captchas: int, settings: Mapping[str, Any]) -> tuple[list[int], list[int]]:
    """Rows to train on and rows to keep unseen, of one folder with so many captchas, drawn by its seed.

    `unseen` is a share below 1, a number of captchas, "rest" (all that training leaves) or "fold" (the part
    number `fold` of `folds` nearly equal ones, from 1); where another folder is unseen, pass settings without
    `unseen`. `captchas` limits the training rows. Both parts are in the folder's order. Raises UserError when
    there are not enough captchas.
    """
    unseen, wanted = settings.get("unseen", 0), settings["captchas"]
    order = np.random.default_rng(settings["seed"]).permutation(captchas)
    if unseen == "rest":
        held_out = captchas - wanted
    elif unseen == "fold":
        # the fold to the front: what follows is the same for all ways
        folds, fold = settings["folds"], settings["fold"]
        start, end = ((captchas * k) // folds for k in (fold - 1, fold))
        order, held_out = np.roll(order, -start), end - start
    else:
        held_out = max(1, round(unseen * captchas)) if 0 < unseen < 1 else int(unseen)
    left = captchas - held_out
    training = left if wanted is None else wanted
    if training < 1 or training > left or held_out < 0 or (unseen and held_out < 1):
        raise UserError(
            f"{captchas} usable captchas are not enough to train on {training} and keep "
            f"{max(held_out, 1) if unseen else 0} unseen; add pictures, or change `captchas` or `unseen`"
        )
    return sorted(order[held_out : held_out + training].tolist()), sorted(order[:held_out].tolist())


def build(
    train: "Segmented",
    unseen: "Segmented | None",
    settings: Mapping[str, Any],
    alphabet: str,
    drawn: "Segmented | None" = None,
) -> tuple[Part, Part, int]:
    """The part to train on, the unseen part, and how many unseen captchas were left out as copies.

    `unseen` is the segmented folder that `settings["unseen"]` names, or None where that is a share, a
    number, "rest" or "fold" of the training folder. A picture that trains, as one of these or as one of
    those `drawn` to be mixed in, is taken out of the unseen ones.
    """
    name = settings["train"]
    if unseen is None:
        rows, held_out = split(len(train.pictures), settings)
        source, called = train, name
    else:
        rows, _ = split(len(train.pictures), {**settings, "unseen": 0})
        source, called, held_out = unseen, settings["unseen"], list(range(len(unseen.pictures)))
    seen = {train.pictures[row].pixels for row in rows}
    seen |= {picture.pixels for picture in drawn.pictures} if drawn else set()
    kept = [row for row in held_out if source.pictures[row].pixels not in seen]
    if not kept:
        trains = [f"`{name}`"] * (unseen is not None) + [f"`{settings['drawn']}`"] * (drawn is not None)
        raise UserError(
            f"every picture of {'`' + called + '`' if unseen else 'the unseen part'} is also in "
            f"{' or '.join(trains)}; unseen pictures must be others, or the result would say nothing"
        )
    training = part(train, rows, name, alphabet)
    return training, part(source, kept, called, alphabet), len(held_out) - len(kept)


@dataclass(frozen=True)
class Made:
    """A data set. `drawn` are captchas to mix into the training, `copies` how many unseen ones were copies.

    `cleaned`, float32 (n, h, w), are the training captchas' pictures and `windows`, int (characters, 4),
    left, top, right, bottom of each character, for augmentation. `problem` is why there are no captchas.
    """

    train: Part
    unseen: Part
    drawn: Part
    cleaned: NDArray[np.float32]
    windows: NDArray[np.int64]
    copies: int = 0
    problem: str | None = None

    @property
    def parts(self) -> dict[str, Part]:
        """The parts by name."""
        return {"train": self.train, "unseen": self.unseen, "drawn": self.drawn}


def make(folders: Mapping[str, "Segmented"], settings: Mapping[str, Any], alphabet: str) -> Made:
    """The data set that `settings` describe, from segmented folders by name.

    Where it cannot be, empty parts and the reason: one impossible data set among many fails its own runs, by
    name, and takes no other down.
    """
    source, drawn = folders[settings["train"]], folders.get(settings["drawn"])
    nothing = part(source, [], settings["train"], alphabet)
    windows = np.array([character[3:] for character in source.characters], np.int64)
    try:
        train, unseen, copies = build(source, folders.get(settings["unseen"]), settings, alphabet, drawn)
    except UserError as error:
        return Made(nothing, nothing, nothing, source.cleaned[:0], windows[:0], 0, str(error))
    row_of = {picture.file: row for row, picture in enumerate(source.pictures)}
    rows = [row_of[file] for _, file, _, _ in train.captchas]
    return Made(
        train,
        unseen,
        part(drawn, range(len(drawn.pictures)), settings["drawn"], alphabet) if drawn else nothing,
        source.cleaned[rows],
        windows.reshape(len(source.pictures), -1, 4)[rows].reshape(-1, 4),
        copies,
    )


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
        "digest": {name: p.digest for name, p in made.parts.items() if name != "drawn" or p.captchas},
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


def write(folder: Path, made: Made, facts: Mapping[str, Any], folders: Mapping[str, "Segmented"]) -> None:
    """The data set's files. `train_data.pkl`, `unseen_data.pkl`, `drawn_data.pkl`, each a dict of X and y.

    captchas.csv lists the captchas of train and unseen, pictures.csv every usable picture of the segmented
    `folders` (a split depends on all of them) but for those that a seed draws again, dataset.json holds the
    facts, and train_pictures.npz what augmentation reads.
    """
    for name, content in made.parts.items():
        data = {"X": content.X, "y": content.y}
        write_bytes(folder / f"{name}_data.pkl", pickle.dumps(data, protocol=4))
    rows = [(name, *row) for name in ("train", "unseen") for row in made.parts[name].captchas]
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
    """The part "train", "unseen" or "drawn" of the data set in `folder`, as `write` left it.

    Of captchas that are mixed in no list is kept.
    """
    data = pickle.loads((folder / f"{name}_data.pkl").read_bytes())
    table = read_csv(folder / "captchas.csv", HEADER)
    captchas = [(pictures, file, label, sha256) for of, pictures, file, label, sha256 in table if of == name]
    return Part(data["X"], data["y"], captchas)
