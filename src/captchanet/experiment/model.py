"""A trained network as a file of its own: everything that reading a picture needs, and nothing executable."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from captchanet.errors import UserError
from captchanet.experiment.methods import ACTIVATIONS, OUTPUTS
from captchanet.files import atomic, write_json
from captchanet.nn import Network
from captchanet.nn.activations import Array


@dataclass(frozen=True)
class Model:
    """A network, its theta, the name of its run, and the cut (a config's `segment` entry) it was fed with."""

    network: Network
    theta: Array
    run: str
    segment: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """sha256 over theta's bytes, in hexadecimal: equal if and only if every bit of theta is."""
        return hashlib.sha256(self.theta.tobytes()).hexdigest()

    def read(self, X: Array) -> tuple[list[str], Array, Array]:
        """What stands on n captchas whose characters are `X` (n · characters, pixels), picture by picture.

        Returns the readings, the confidence in each, shape (n,), and in each character, (n, characters).
        A character's confidence is its largest output over the sum of its outputs; a captcha's, the product.
        """
        outputs = self.network.outputs(self.theta, X)
        per, alphabet = self.segment["characters"], np.array(list(self.segment["alphabet"]))
        letters = alphabet[outputs.argmax(axis=1)].reshape(-1, per)
        # all 36 sigmoids can underflow to 0 together: then there is no confidence at all
        sums = np.maximum(outputs.sum(axis=1), np.finfo(outputs.dtype).tiny)
        confidence = (outputs.max(axis=1) / sums).reshape(-1, per)
        return ["".join(row) for row in letters], confidence.prod(axis=1), confidence

    def write(self, folder: Path) -> None:
        """`model.npz` (theta) and `model.json` (all else) in `folder`; readable with allow_pickle=False."""
        with atomic(folder / "model.npz") as temporary, temporary.open("wb") as file:
            np.savez(file, theta=self.theta)
        write_json(
            folder / "model.json",
            {
                "format": 1,
                "run": self.run,
                "network": {
                    "layers": list(self.network.layers),
                    "bias": self.network.bias,
                    "activation": self.network.hidden.name,
                    "output": self.network.output.name,
                },
                "segment": dict(self.segment),
                "theta_sha256": self.digest,
            },
        )


def load(file: Path) -> Model:
    """The model in `file`, model.npz, with the model.json beside it. Raises UserError when it is no model."""
    try:
        facts = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        with file.open("rb") as data, np.load(data, allow_pickle=False) as arrays:
            theta = arrays["theta"]
        described = facts["network"]
        network = Network(
            tuple(described["layers"]),
            described["bias"],
            ACTIVATIONS[described["activation"]],
            OUTPUTS[described["output"]],
        )
        network.matrices(theta)
        model = Model(network, theta, facts["run"], facts["segment"])
    except FileNotFoundError as error:
        raise UserError(
            f"{file}: no such file, or no model.json beside it; the `train` stage writes both "
            "(run `snakemake --cores 4` first, or name another with --model)"
        ) from error
    except Exception as error:
        raise UserError(f"{file}: is not a captchanet model ({error}); train the run again") from error
    if model.digest != facts["theta_sha256"]:
        raise UserError(f"{file}: its theta is not the one that model.json describes; train the run again")
    return model
