"""A trained network as files: everything that reading a picture needs, and nothing executable."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.errors import UserError
from captchanet.files import atomic, write_json
from captchanet.layout import FORMAT, TrainFiles
from captchanet.nn import Array, Network
from captchanet.nn.layer import NOTHING
from captchanet.train.architecture import Architecture
from captchanet.train.temperature_scaling import fit_temperature, scaled


def theta_digest(theta: Array, state: Array = NOTHING) -> str:
    """Compute sha256 over the bytes of theta and then of the state, in hexadecimal."""
    return hashlib.sha256(theta.tobytes() + state.tobytes()).hexdigest()


@dataclass(frozen=True)
class Model:
    """A trained network and everything that reading a picture needs.

    Attributes
    ----------
    architecture
        What the network is.
    theta
        Its parameters.
    run
        The name of the run that trained it.
    segment
        The segmentation before it, an entry of a configuration's `segment`.
    temperature
        Calibrates confidences, see `captchanet.train.temperature_scaling`; 1 is not calibrated.
    state
        What the network's layers keep but do not train; empty for most.
    """

    architecture: Architecture
    theta: Array
    run: str
    segment: Mapping[str, Any]
    temperature: float = 1.0
    state: Array = field(default_factory=lambda: NOTHING)

    @cached_property
    def network(self) -> Network:
        """The network, as it reads."""
        return self.architecture.network()

    @property
    def digest(self) -> str:
        """The digest of theta and state, see `theta_digest`."""
        return theta_digest(self.theta, self.state)

    def outputs(self, X: Array) -> Array:
        """Compute the outputs of the network for characters `X` (n, pixels): shape (n, classes)."""
        return self.network.outputs(self.theta, X, self.state)

    def predict(self, X: Array) -> tuple[list[str], Array, Array]:
        """Read n captchas.

        Parameters
        ----------
        X
            Their characters, shape (n · characters, pixels), picture by picture.

        Returns
        -------
        readings : list of str
            What stands on each captcha.
        confidence : array
            Shape (n,): the product over the captcha's characters.
        each : array
            Shape (n, characters): a character's largest output over the sum of its outputs, both scaled if
            there is a temperature.
        """
        outputs = self.outputs(X)
        per, alphabet = self.segment["characters"], np.array(list(self.segment["alphabet"]))
        letters = alphabet[outputs.argmax(axis=1)].reshape(-1, per)
        if self.temperature != 1:
            outputs = scaled(outputs, self.temperature)
        # all 36 sigmoids can underflow to 0 together: then there is no confidence at all
        sums = np.maximum(outputs.sum(axis=1), np.finfo(outputs.dtype).tiny)
        confidence = (outputs.max(axis=1) / sums).reshape(-1, per)
        return ["".join(row) for row in letters], confidence.prod(axis=1), confidence

    def calibrated(self, X: Array, y: NDArray[np.integer]) -> "Model":
        """Fit the temperature to characters `X` (n, pixels) and their classes `y` (n, 1)."""
        return replace(self, temperature=fit_temperature(self.outputs(X), y[:, 0] - 1))

    def write(self, files: TrainFiles, status: str = "finished") -> None:
        """Write the numbers and the facts of the model, in a file each; neither holds code.

        Parameters
        ----------
        files
            Where to.
        status
            A model with the status "failed" is kept to be looked at; `load_model` refuses it.
        """
        arrays = {"theta": self.theta} | ({"state": self.state} if self.state.size else {})
        with atomic(files.theta) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        facts = {
            "format": FORMAT,
            "run": self.run,
            "status": status,
            "network": self.architecture.dump(),
            "segment": dict(self.segment),
            "temperature": self.temperature,
            "theta_sha256": self.digest,
        }
        write_json(files.model, facts | {"facts_sha256": _digest(facts)})


def _digest(facts: Mapping[str, Any]) -> str:
    text = json.dumps(facts, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def load_model(theta_file: Path) -> Model:
    """Load the model whose theta is in a file; the facts about it are in the file next to that.

    Raises
    ------
    UserError
        If it is no model, is of another format, damaged or changed, or if its training failed.
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
    theta, state = _numbers(theta_file)
    architecture = Architecture.of(facts["network"], f"{files.model}: network.")
    model = Model(architecture, theta, facts["run"], facts["segment"], facts["temperature"], state)
    if model.digest != facts["theta_sha256"]:
        raise UserError(
            f"{theta_file}: its theta is not the one that {files.model.name} describes; train the run again"
        )
    return model


def _numbers(file: Path) -> tuple[Array, Array]:
    """Read theta and state; raises UserError where the file holds none."""
    try:
        with file.open("rb") as data, np.load(data, allow_pickle=False) as arrays:
            return arrays["theta"], arrays.get("state", NOTHING)
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror or error}); make it readable") from error
    except Exception as error:
        raise UserError(f"{file}: is damaged; train the run again") from error


def _facts(file: Path) -> dict[str, Any]:
    """Read what the file about a model says; raises UserError where it is not as it was written."""
    changed = UserError(f"{file}: is not as captchanet wrote it; train the run again")
    try:
        facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        found, whole = facts["format"], facts.pop("facts_sha256") == _digest(facts)
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}); make it readable") from error
    except (ValueError, KeyError, TypeError) as error:
        raise changed from error
    if found != FORMAT:
        raise UserError(
            f"{file}: has format {found!r}, but this version reads format {FORMAT}; train the run again"
        )
    if not whole:
        raise changed
    return facts
