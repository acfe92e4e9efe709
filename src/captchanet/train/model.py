"""A trained network as files: everything that reading a picture needs, and nothing executable."""

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Interval
from numpy.typing import NDArray

from captchanet.errors import DamagedFile, UserError
from captchanet.files import Like, intact, parse_json, read_npz, write_json, write_npz
from captchanet.layout import FORMAT, TrainFiles
from captchanet.nn import Array, Network
from captchanet.nn.layer import NOTHING
from captchanet.segment.segmentation import Segmentation
from captchanet.settings import Settings
from captchanet.train.architecture import Architecture
from captchanet.train.temperature_scaling import fit_temperature, scaled

AGAIN = "train the run again"
"""What to do about a model that is damaged."""
FLOATS = ("float64", "float32")
LARGEST = 100_000
"""How many bytes the file of the facts may have; it has about 2,000."""


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
        write_npz(files.theta, **arrays)
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


class ModelFacts(Settings):
    """What the file about a model says, with the digest of all of it but the digest itself."""

    format: int
    """The format of the file."""
    run: str
    """The name of the run that trained it."""
    status: Literal["finished", "failed"]
    """How its training ended; a failed one is kept to be looked at, and reads nothing."""
    network: Architecture
    """What the network is."""
    segment: Segmentation
    """The segmentation before it."""
    temperature: Annotated[float, Interval(ge=0.01, le=100)]
    """It calibrates confidences; 1 is not calibrated. None that is fitted is near these limits."""
    theta_sha256: str
    """The digest of theta and state."""


def _digest(facts: Mapping[str, Any]) -> str:
    text = json.dumps(facts, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def load_model(theta_file: Path) -> Model:
    """Load the model whose theta is in a file; the facts about it are in the file next to that.

    Both are checked as a whole, since they may come from anybody. The size that theta has by the facts is
    compared with its file before theta is read.

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
    if facts.status != "finished":
        raise UserError(f"{theta_file}: the training of the run {facts.run} failed, so it can read nothing")
    size, state_size = _sizes(facts, files.model)
    like: dict[str, Like] = {"theta": ((size,), FLOATS)}
    if state_size:
        like["state"] = ((state_size,), FLOATS)
    with _again():
        arrays = read_npz(theta_file, like)
    theta, state = arrays["theta"], arrays.get("state", NOTHING)
    segment = facts.segment.dump()
    model = Model(facts.network, theta, facts.run, segment, facts.temperature, state)
    if model.digest != facts.theta_sha256:
        fault = f"its theta is not the one that {files.model.name} describes"
        raise DamagedFile(theta_file, fault, AGAIN)
    if not (np.isfinite(theta).all() and np.isfinite(state).all()):
        raise UserError(f"{theta_file}: its theta has values that are no numbers; {AGAIN}")
    return model


@contextmanager
def _again() -> Iterator[None]:
    """A block in which a damaged file is one of a model: then the cure is to train again."""
    try:
        yield
    except DamagedFile as error:
        raise DamagedFile(error.file, error.fault, AGAIN) from error


def _facts(file: Path) -> ModelFacts:
    """Read what the file about a model says; raises UserError where it is not as it was written."""
    changed = "is not as captchanet wrote it"
    with _again(), intact(file):
        if file.stat().st_size > LARGEST:
            raise DamagedFile(file, f"{changed}: it has more than {LARGEST:,} bytes")
        try:
            told = parse_json(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DamagedFile(file, f"{changed} ({error})") from error
        if "format" in told and told["format"] != FORMAT:
            # the beginning of it is enough
            found = repr(told["format"])[:40]
            raise UserError(f"{file}: has format {found}, but this version reads format {FORMAT}; {AGAIN}")
        if told.pop("facts_sha256", None) != _digest(told):
            raise DamagedFile(file, changed)
        # settings take null for a section with all defaults; here it says nothing about what was trained
        told = {key: value for key, value in told.items() if value is not None}
        try:
            return ModelFacts.of(told, f"{file}: ")
        except UserError as error:
            # it has its digest, so it was written like this: it is not damaged, and no job removes it
            raise UserError(f"{error}; {AGAIN}") from error


def _sizes(facts: ModelFacts, file: Path) -> tuple[int, int]:
    """How many numbers theta and state of a model have; raises UserError where no network is like that."""
    asked, classes = facts.segment, len(facts.segment.alphabet)
    try:
        network = facts.network.network()
        inputs, *_, outputs = facts.network.layers
        if outputs != classes:
            raise ValueError(f"it has {outputs} outputs for an alphabet of {classes} characters")
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in asked.alphabet):
            raise ValueError(f"the alphabet {asked.alphabet!r} has what cannot be shown")
        # the window first: to try a huge one out would take as much memory as it asks for
        if (asked.window and inputs % prod(asked.window)) or inputs != asked.inputs():
            raise ValueError(f"it has {inputs} inputs, and its segmentation makes vectors of another length")
        return network.size, network.initial_state().size
    except (ValueError, UserError) as error:
        raise UserError(f"{file}: its network and its segmentation do not fit: {error}; {AGAIN}") from error
