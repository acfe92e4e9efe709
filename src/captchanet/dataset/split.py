"""Which captchas of a folder train, which are held out, and which confidences are calibrated on."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from captchanet.errors import UserError


def split(
    captchas: int, settings: Mapping[str, Any], kind: str = "usable"
) -> tuple[list[int], list[int], list[int]]:
    """Rows to train on, to keep unseen and to calibrate on, of one folder with so many captchas.

    `unseen` is a share below 1, a number of captchas, "rest" (all that the others leave) or "fold" (the part
    number `fold` of `folds` nearly equal ones, from 1); where another folder is unseen, pass settings without
    `unseen`. `calibration` is a share of all captchas or a number; none without it. `captchas` limits the
    training rows. Sampled by `seed`; no row is in two parts, each of which is in the folder's order. Raises
    UserError, which calls the captchas what `kind` says, when there are not enough.
    """
    unseen, wanted = settings.get("unseen", 0), settings["captchas"]
    calibrating = _number(settings.get("calibration", 0), captchas)
    order = np.random.default_rng(settings["seed"]).permutation(captchas)
    if unseen == "rest":
        held_out = captchas - wanted - calibrating
    elif unseen == "fold":
        # the fold to the front: what follows is the same for all ways
        folds, fold = settings["folds"], settings["fold"]
        start, end = ((captchas * k) // folds for k in (fold - 1, fold))
        order, held_out = np.roll(order, -start), end - start
    else:
        held_out = _number(unseen, captchas)
    left = captchas - held_out - calibrating
    training = left if wanted is None else wanted
    if training < 1 or training > left or held_out < 0 or (unseen and held_out < 1):
        parts = [f"train on {max(training, 1)}"]
        parts += [f"keep {max(held_out, 1)} unseen"] if unseen else []
        parts += [f"calibrate on {calibrating}"] if calibrating else []
        asked = {"captchas": wanted is not None, "unseen": unseen, "calibration": calibrating}
        keys = " or ".join(f"`{key}`" for key, said in asked.items() if said)
        more = "synthesize more (`count`)" if kind == "synthetic" else "add captchas"
        raise UserError(
            f"{captchas} {kind} captchas are not enough to {' and '.join(parts)}; {more}"
            f"{f', or change {keys}' if keys else ''}"
        )
    # those to calibrate on stand at the end, so that they are the same whatever number trains
    parts_of = order[held_out : held_out + training], order[:held_out], order[captchas - calibrating :]
    rows, unseen_rows, calibration_rows = (sorted(one.tolist()) for one in parts_of)
    return rows, unseen_rows, calibration_rows


def _number(share: float, captchas: int) -> int:
    """A share of the captchas, one at least, as their number; a number as it is."""
    return max(1, round(share * captchas)) if 0 < share < 1 else int(share)
