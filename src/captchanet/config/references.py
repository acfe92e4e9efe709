"""Checks between the sections of a configuration: names refer to entries, and the parts fit together."""

from collections.abc import Collection
from typing import Any

from captchanet.config.configuration import Sections
from captchanet.dataset.settings import DatasetSettings
from captchanet.errors import UserError
from captchanet.segment.labels import FOLDS, alike, outside
from captchanet.segment.segmentation import Segmentation
from captchanet.train.settings import TrainSettings


def check_references(config: Sections) -> None:
    """Check that names refer to entries of other sections, and that these fit together.

    Raises
    ------
    UserError
        It names the key, what was found and what is allowed.
    """
    for section in ("pictures", "segment", "dataset", "train", "sweeps"):
        for name, other in alike(getattr(config, section)).items():
            raise UserError(
                f"configuration: {section}: {name!r} and {other!r} differ in case alone, and on many disks "
                "they would share a folder; rename one"
            )
    for name in config.pictures:
        if name in ("rest", "fold") or name.replace(".", "").isdigit():
            raise UserError(
                f"configuration: pictures.{name}: `dataset` reads this name as a number, 'rest' or 'fold'; "
                "choose another"
            )
    if "xor" in config.train:
        raise UserError(
            "configuration: train.xor: the tutorial's first example has this name; choose another"
        )
    for name, data in config.dataset.items():
        key = f"configuration: dataset.{name}"
        _known(f"{key}.segment", data.segment, "segment", config.segment)
        _known(f"{key}.train", data.train, "pictures", config.pictures)
        if data.synthetic is not None:
            _known(f"{key}.synthetic", data.synthetic, "pictures", config.pictures)
        if isinstance(data.unseen, str) and data.unseen not in ("rest", "fold"):
            _known(f"{key}.unseen", data.unseen, "pictures", config.pictures)
        _check_synthetic(data, config, key)
    for name, run in config.train.items():
        _known(f"configuration: train.{name}.data", run.data, "dataset", config.dataset)
        _check_windows(run, config.segment[config.dataset[run.data].segment], f"configuration: train.{name}")
    _known("configuration: read.run", config.read.run, "train", config.train)


def _known(key: str, name: Any, section: str, entries: Collection[str]) -> None:
    if name not in entries:
        raise UserError(f"{key}: found {name!r}; `{section}` has: {', '.join(entries)}")


def _check_windows(run: TrainSettings, segmentation: Segmentation, key: str) -> None:
    """Convolutions and augmentation get characters as pictures, and these are large enough."""
    for asked, name in ((run.convolutions, "convolutions"), (run.augment.method != "none", "augment")):
        if asked and not segmentation.window:
            raise UserError(
                f"{key}.{name}: {segmentation.split.method} does not make windows of one width and height, "
                f"which `{name}` needs; take another splitting method, or leave it out"
            )
    if run.convolutions and segmentation.window:
        height, width = segmentation.window
        try:
            run.architecture(height * width, 2, segmentation.window).network(run.dropout)
        except ValueError as error:
            raise UserError(f"{key}.convolutions: {error}") from error


def _check_synthetic(data: DatasetSettings, config: Sections, key: str) -> None:
    """Captchas that are mixed in are synthetic and not unseen; synthetic captchas fit the segmentation."""
    mixed_in = data.synthetic
    if mixed_in is not None and not config.pictures[mixed_in].synthesize:
        raise UserError(
            f"{key}.synthetic: {mixed_in!r} is a folder; name an entry of `pictures` with `synthesize`"
        )
    if mixed_in is not None and mixed_in in (data.train, data.unseen):
        use = "train" if mixed_in == data.train else "unseen"
        raise UserError(f"{key}.synthetic: {mixed_in!r} is `{use}` already; name another, or none")
    source = mixed_in or data.train
    kind = config.pictures[source].synthesize
    count = kind.options.get("count") if kind else None
    if count is not None and data.calibration >= count:
        raise UserError(
            f"{key}.calibration: found {data.calibration}; pictures.{source}.synthesize.count is "
            f"{count}, and some have to train; calibrate on fewer, or synthesize more"
        )
    segmentation = config.segment[data.segment]
    for use, name in (("train", data.train), ("synthetic", mixed_in), ("unseen", data.unseen)):
        entry = config.pictures.get(str(name))
        if entry and entry.synthesize:
            _check_kind(entry.synthesize.options, segmentation, data.segment, f"{key}.{use}: {name!r}")


def _check_kind(options: dict[str, Any], segmentation: Segmentation, name: str, what: str) -> None:
    """The captchas of a kind have the size, the length and the characters that the segmentation expects."""
    fitting = {**segmentation.picture.dump(), "characters": segmentation.characters}
    for option, wanted in fitting.items():
        if options.get(option, wanted) != wanted:
            raise UserError(
                f"{what} is synthesized with `{option}` {options[option]} and segmented with {wanted}; make "
                "both the same"
            )
    foreign = outside(FOLDS[segmentation.fold](options.get("alphabet", "")), segmentation.alphabet)
    if foreign:
        raise UserError(
            f"{what} is synthesized with {' '.join(foreign)}, which the `alphabet` of {name!r} does not "
            "have; add them there, or synthesize others"
        )
