"""A trained network as files: everything that reading a picture needs, and nothing executable."""

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
from captchanet.layout import FORMAT, TrainFiles
from captchanet.nn import Convolution, Network
from captchanet.nn.activations import Array
from captchanet.train.methods import ACTIVATIONS, OUTPUTS
from captchanet.train.temperature_scaling import fit_temperature, scaled


def theta_digest(theta: Array) -> str:
    """sha256 over theta's bytes, in hexadecimal: equal if and only if every bit of theta is."""
    return hashlib.sha256(theta.tobytes()).hexdigest()


@dataclass(frozen=True)
class Model:
    """A network, its theta, the name of its run, and the segmentation (a config's `segment` entry) before it.

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

    def predict(self, X: Array) -> tuple[list[str], Array, Array]:
        """What stands on n captchas whose characters are `X` (n · characters, pixels), picture by picture.

        Returns the readings, the confidence in each, shape (n,), and in each character, (n, characters).
        A character's confidence is its largest output over the sum of its outputs, both scaled where there is
        a temperature; a captcha's, the product.
        """
        outputs = self.network.outputs(self.theta, X)
        per, alphabet = self.segment["characters"], np.array(list(self.segment["alphabet"]))
        letters = alphabet[outputs.argmax(axis=1)].reshape(-1, per)
        if self.temperature != 1:
            outputs = scaled(outputs, self.temperature)
        # all 36 sigmoids can underflow to 0 together: then there is no confidence at all
        sums = np.maximum(outputs.sum(axis=1), np.finfo(outputs.dtype).tiny)
        confidence = (outputs.max(axis=1) / sums).reshape(-1, per)
        return ["".join(row) for row in letters], confidence.prod(axis=1), confidence

    def calibrated(self, X: Array, y: NDArray[np.integer]) -> "Model":
        """The same with the temperature that fits characters `X` (n, pixels) and their classes `y` (n, 1)."""
        return replace(self, temperature=fit_temperature(self.network.outputs(self.theta, X), y[:, 0] - 1))

    def write(self, files: TrainFiles, status: str = "finished") -> None:
        """Theta and all else about the model, in a file each; readable with allow_pickle=False.

        With the status "failed" it is kept to be looked at, and `load_model` refuses it.
        """
        with atomic(files.theta) as temporary, temporary.open("wb") as file:
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
                "input_shape": self.network.input_shape and list(self.network.input_shape),
                "convolutions": [each._asdict() for each in self.network.convolutions],
            },
            "segment": dict(self.segment),
            "temperature": self.temperature,
            "theta_sha256": self.digest,
        }
        write_json(files.model, facts | {"facts_sha256": _digest(facts)})


def _digest(facts: Mapping[str, Any]) -> str:
    text = json.dumps(
        {name: value for name, value in facts.items() if name != "facts_sha256"}, sort_keys=True
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def load_model(theta_file: Path) -> Model:
    """The model whose theta is in `theta_file`; all else about it is in the file next to that.

    Raises UserError when it is no model, is of another format, damaged or changed, or its training failed.
    """
    files = TrainFiles.within(theta_file.parent)
    if theta_file.suffix != files.theta.suffix:
        raise UserError(
            f"{theta_file}: name the {files.theta.suffix} file of a model; its {files.model.name} is found "
            "in the same folder"
        )
    for each in (theta_file, files.model):
        if not each.is_file():
            raise UserError(
                f"{each}: no such file; the `train` stage writes {files.theta.name} and {files.model.name} "
                "into one folder (run `snakemake --cores 4` first, name the configuration that it ran with "
                "by --configfile, or a model by --model)"
            )
    facts = _facts(files.model)
    if facts["status"] != "finished":
        raise UserError(
            f"{theta_file}: the training of the run {facts['run']} failed, so it can read nothing"
        )
    try:
        with theta_file.open("rb") as data, np.load(data, allow_pickle=False) as arrays:
            theta = arrays["theta"]
    except OSError as error:
        raise UserError(
            f"{theta_file}: cannot be read ({error.strerror or error}); make it readable"
        ) from error
    except Exception as error:
        raise UserError(f"{theta_file}: is damaged; train the run again") from error
    described = facts["network"]
    network = Network(
        tuple(described["layers"]),
        described["bias"],
        ACTIVATIONS[described["activation"]],
        OUTPUTS[described["output"]],
        tuple(described["input_shape"]) if described["input_shape"] else None,
        tuple(Convolution(**each) for each in described["convolutions"]),
    )
    model = Model(network, theta, facts["run"], facts["segment"], facts["temperature"])
    if model.digest != facts["theta_sha256"]:
        raise UserError(
            f"{theta_file}: its theta is not the one that {files.model.name} describes; train the run again"
        )
    return model


def _facts(file: Path) -> dict[str, Any]:
    """What the file about a model says; raises UserError where it is not as it was written."""
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        found = facts["format"]
        whole = facts["facts_sha256"] == _digest(facts)
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}); make it readable") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file}: is not as captchanet wrote it; train the run again") from error
    if found != FORMAT:
        raise UserError(
            f"{file}: has format {found!r}, but this version reads format {FORMAT}; train the run again"
        )
    if not whole:
        raise UserError(f"{file}: is not as captchanet wrote it; train the run again")
    checked: dict[str, Any] = facts
    return checked
