"""A trained network as a file of its own: everything that reading a picture needs, and nothing executable."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.errors import UserError
from captchanet.files import atomic, write_json
from captchanet.nn import Convolution, Network
from captchanet.nn.activations import Array
from captchanet.train.methods import ACTIVATIONS, OUTPUTS
from captchanet.train.temperature_scaling import fit, tempered

FORMAT = 1
"""Of model.json: counts up when what is in it changes its meaning."""


def theta_digest(theta: Array) -> str:
    """sha256 over theta's bytes, in hexadecimal: equal if and only if every bit of theta is."""
    return hashlib.sha256(theta.tobytes()).hexdigest()


@dataclass(frozen=True)
class Model:
    """A network, its theta, the name of its run, and the cut (a config's `segment` entry) it was fed with.

    Its `temperature` calibrates confidences, see `captchanet.train.temperature_scaling`; 1 is not calibrated.
    """

    network: Network
    theta: Array
    run: str
    segment: Mapping[str, Any]
    temperature: float = 1.0

    @property
    def digest(self) -> str:
        """The digest of theta, see `theta_digest`."""
        return theta_digest(self.theta)

    def read(self, X: Array) -> tuple[list[str], Array, Array]:
        """What stands on n captchas whose characters are `X` (n · characters, pixels), picture by picture.

        Returns the readings, the confidence in each, shape (n,), and in each character, (n, characters).
        A character's confidence is its largest output over the sum of its outputs, both tempered where there
        is a temperature; a captcha's, the product.
        """
        outputs = self.network.outputs(self.theta, X)
        per, alphabet = self.segment["characters"], np.array(list(self.segment["alphabet"]))
        letters = alphabet[outputs.argmax(axis=1)].reshape(-1, per)
        if self.temperature != 1:
            outputs = tempered(outputs, self.temperature)
        # all 36 sigmoids can underflow to 0 together: then there is no confidence at all
        sums = np.maximum(outputs.sum(axis=1), np.finfo(outputs.dtype).tiny)
        confidence = (outputs.max(axis=1) / sums).reshape(-1, per)
        return ["".join(row) for row in letters], confidence.prod(axis=1), confidence

    def calibrated(self, X: Array, y: NDArray[np.integer]) -> "Model":
        """The same with the temperature that fits characters `X` (n, pixels) and their classes `y` (n, 1)."""
        return replace(self, temperature=fit(self.network.outputs(self.theta, X), y[:, 0] - 1))

    def write(self, folder: Path, status: str = "finished") -> None:
        """`model.npz` (theta) and `model.json` (all else) in `folder`; readable with allow_pickle=False.

        With the status "failed" it is kept to be looked at, and `load` refuses it.
        """
        with atomic(folder / "model.npz") as temporary, temporary.open("wb") as file:
            np.savez(file, theta=self.theta)
        facts = {
            "format": FORMAT,
            "run": self.run,
            "status": status,
            "network": {
                "layers": list(self.network.layers),
                "bias": self.network.bias,
                "activation": self.network.hidden.name,
                "output": self.network.output.name,
                "picture": self.network.picture and list(self.network.picture),
                "convolutions": [each._asdict() for each in self.network.convolutions],
            },
            "segment": dict(self.segment),
            "temperature": self.temperature,
            "theta_sha256": self.digest,
        }
        write_json(folder / "model.json", facts | {"facts_sha256": _digest(facts)})


def _digest(facts: Mapping[str, Any]) -> str:
    text = json.dumps(
        {name: value for name, value in facts.items() if name != "facts_sha256"}, sort_keys=True
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def load(file: Path) -> Model:
    """The model in `file`, model.npz, with the model.json beside it.

    Raises UserError when it is no model, is damaged or changed, or its training failed.
    """
    beside = file.with_suffix(".json")
    if file.suffix != ".npz":
        raise UserError(f"{file}: name the .npz file of a model; its model.json is found beside it")
    for each in (file, beside):
        if not each.is_file():
            raise UserError(
                f"{each}: no such file; the `train` stage writes model.npz with model.json beside it "
                "(run `snakemake --cores 4` first, name the configuration that it ran with by --configfile, "
                "or a model by --model)"
            )
    try:
        facts = json.loads(beside.read_text(encoding="utf-8"))
        whole = facts["format"] == FORMAT and facts["facts_sha256"] == _digest(facts)
    except OSError as error:
        raise UserError(f"{beside}: cannot be read ({error.strerror}); make it readable") from error
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise UserError(f"{beside}: is not as captchanet (format {FORMAT}) wrote it; train the run again")
    if facts["status"] != "finished":
        raise UserError(f"{file}: the training of the run {facts['run']} failed, so it can read nothing")
    try:
        with file.open("rb") as data, np.load(data, allow_pickle=False) as arrays:
            theta = arrays["theta"]
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror or error}); make it readable") from error
    except Exception as error:
        raise UserError(f"{file}: is damaged; train the run again") from error
    described = facts["network"]
    network = Network(
        tuple(described["layers"]),
        described["bias"],
        ACTIVATIONS[described["activation"]],
        OUTPUTS[described["output"]],
        # models of older versions have none
        tuple(described["picture"]) if described.get("picture") else None,
        tuple(Convolution(**each) for each in described.get("convolutions", [])),
    )
    # those of before there was a temperature have none
    model = Model(network, theta, facts["run"], facts["segment"], facts.get("temperature", 1.0))
    if model.digest != facts["theta_sha256"]:
        raise UserError(f"{file}: its theta is not the one that model.json describes; train the run again")
    return model
