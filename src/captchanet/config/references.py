"""The sections of a configuration held against each other: names that point somewhere, parts that fit."""

from collections.abc import Mapping
from typing import Any

from captchanet.errors import UserError
from captchanet.segment.labels import FOLDS, outside
from captchanet.train.methods import network


def check_references(config: dict[str, Any]) -> None:
    """Every name that points to another section points to something there, and the two go together.

    Fills in `read.run`. Raises UserError that names the key, what was found and what is allowed.
    """

    def known(key: str, name: str, section: str) -> None:
        if name not in config[section]:
            has = ", ".join(config[section])
            raise UserError(f"configuration: {key}: found {name!r}; `{section}` has: {has}")

    for name in config["pictures"]:
        if name in ("rest", "fold") or name.replace(".", "").isdigit():
            raise UserError(
                f"configuration: pictures.{name}: `dataset` takes it for a number, 'rest' or 'fold'; "
                "choose another"
            )
    if "xor" in config["train"]:
        raise UserError(
            "configuration: train.xor: the tutorial's first example has this name; choose another"
        )
    for name, data in config["dataset"].items():
        known(f"dataset.{name}.segment", data["segment"], "segment")
        known(f"dataset.{name}.train", data["train"], "pictures")
        if data["synthetic"] is not None:
            known(f"dataset.{name}.synthetic", data["synthetic"], "pictures")
        if isinstance(data["unseen"], str) and data["unseen"] not in ("rest", "fold"):
            known(f"dataset.{name}.unseen", data["unseen"], "pictures")
        _held_out(data, f"configuration: dataset.{name}")
        _synthetic(data, config, f"configuration: dataset.{name}")
    for name, run in config["train"].items():
        known(f"train.{name}.data", run["data"], "dataset")
        split = config["segment"][config["dataset"][run["data"]]["segment"]]["split"]
        _convolutions(run, split, f"configuration: train.{name}.convolutions")
        if run["augment"]["method"] != "none" and not {"width", "height"} <= set(split):
            raise UserError(
                f"configuration: train.{name}.augment: {split['method']} does not make windows of one width "
                "and height, which versions of a character need; take another splitting method, or none"
            )
    config["read"]["run"] = config["read"]["run"] or next(iter(config["train"]))
    known("read.run", config["read"]["run"], "train")


def _convolutions(run: Mapping[str, Any], split: Mapping[str, Any], key: str) -> None:
    """The characters are pictures, and large enough to be convolved."""
    if not run["convolutions"]:
        return
    if not {"width", "height"} <= set(split):
        raise UserError(
            f"{key}: {split['method']} does not make windows of one width and height, which convolutions "
            "look at; take another splitting method, or none"
        )
    window = split["height"], split["width"]
    try:
        network(window[0] * window[1], 2, run, window)
    except ValueError as error:
        raise UserError(f"{key}: {error}") from error


def _held_out(data: Mapping[str, Any], key: str) -> None:
    """`unseen` and `calibration` make sense, and what goes with them is there."""
    unseen = data["unseen"]
    for of in ("unseen", "calibration"):
        if isinstance(data[of], float) and data[of] >= 1 and not data[of].is_integer():
            raise UserError(f"{key}.{of}: found {data[of]}; expected a share below 1")
    if (unseen == "fold") != ("fold" in data and "folds" in data):
        raise UserError(f"{key}: `unseen: fold` goes with `folds` and `fold`")
    if unseen == "fold" and data["fold"] > data["folds"]:
        raise UserError(f"{key}.fold: found {data['fold']}; there are {data['folds']} folds")
    if unseen == "rest" and data["captchas"] is None:
        raise UserError(f"{key}.unseen: 'rest' is what training leaves; set `captchas` too")


def _synthetic(data: Mapping[str, Any], config: Mapping[str, Any], key: str) -> None:
    """What is mixed in is synthetic and not unseen, and what is synthetic fits the segmentation."""
    pictures, segmentation = config["pictures"], config["segment"][data["segment"]]
    mixed_in = data["synthetic"]
    if mixed_in is not None and "synthesize" not in pictures[mixed_in]:
        raise UserError(
            f"{key}.synthetic: {mixed_in!r} is a folder; name an entry of `pictures` with `synthesize`"
        )
    if mixed_in is not None and mixed_in in (data["train"], data["unseen"]):
        use = "train" if mixed_in == data["train"] else "unseen"
        raise UserError(f"{key}.synthetic: {mixed_in!r} is `{use}` already; name another, or none")
    source = mixed_in or data["train"]
    count = pictures[source].get("synthesize", {}).get("count")
    if count is not None and data["calibration"] >= count:
        raise UserError(
            f"{key}.calibration: found {data['calibration']}; pictures.{source}.synthesize.count is "
            f"{count}, and some have to train; keep fewer, or synthesize more"
        )
    fitting = {**segmentation["picture"], "characters": segmentation["characters"]}
    for use in ("train", "synthetic", "unseen"):
        style = pictures.get(data[use], {}).get("synthesize", {})
        for option, wanted in fitting.items():
            if style.get(option, wanted) != wanted:
                raise UserError(
                    f"{key}.{use}: {data[use]!r} is synthesized with `{option}` {style[option]} and "
                    f"segmented with {wanted}; make both the same"
                )
        foreign = outside(FOLDS[segmentation["fold"]](style.get("alphabet", "")), segmentation["alphabet"])
        if foreign:
            raise UserError(
                f"{key}.{use}: {data[use]!r} is synthesized with {' '.join(foreign)}, which the `alphabet` "
                f"of {data['segment']!r} does not have; add them there, or synthesize others"
            )
