"""Which captchas of a folder train, which are held out, and which confidences are calibrated on."""

import numpy as np

from captchanet.dataset.settings import DatasetSettings
from captchanet.errors import UserError


def split(
    captchas: int, settings: DatasetSettings, kind: str = "usable"
) -> tuple[list[int], list[int], list[int]]:
    """Divide the captchas of one folder, sampled by the seed.

    Parameters
    ----------
    captchas : int
        How many there are.
    settings : DatasetSettings
        How many train, are held out and are calibrated on. `unseen` is 0 where another folder is unseen.
    kind : str
        What the captchas are called in an error.

    Returns
    -------
    training, unseen, calibration : list of int
        Rows of the folder, in its order; none is in two of them.

    Raises
    ------
    UserError
        Where there are not enough captchas.
    """
    unseen, wanted = settings.unseen, settings.captchas
    calibrating = _number(settings.calibration, captchas)
    order = np.random.default_rng(settings.seed).permutation(captchas)
    if unseen == "rest" and wanted is not None:
        held_out = captchas - wanted - calibrating
    elif unseen == "fold" and settings.folds and settings.fold:
        # the fold to the front: what follows is the same for all ways
        folds, fold = settings.folds, settings.fold
        start, end = ((captchas * k) // folds for k in (fold - 1, fold))
        order, held_out = np.roll(order, -start), end - start
    else:
        held_out = _number(float(unseen), captchas)
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
    # those to calibrate on stand at the end: they are the same for any number that trains
    parts_of = order[held_out : held_out + training], order[:held_out], order[captchas - calibrating :]
    rows, unseen_rows, calibration_rows = (sorted(one.tolist()) for one in parts_of)
    return rows, unseen_rows, calibration_rows


def _number(share: float, captchas: int) -> int:
    """Return how many captchas a share is, one at least; a number of captchas stays as it is."""
    return max(1, round(share * captchas)) if 0 < share < 1 else int(share)
