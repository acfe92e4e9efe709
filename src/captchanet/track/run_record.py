"""What a run is known by and what it is logged with, before MLflow has anything to do with it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from captchanet.settings import Json
from captchanet.train.provenance import Provenance


@dataclass(frozen=True)
class RunContent:
    """What a run is logged with, in addition to what it is known by.

    `finals` are the metrics without a step, by name; `data` are (name, context, source, digest, sizes) of the
    data sets; `files` are (file, its folder among the artifacts).
    """

    history: list[tuple[int, dict[str, float]]]
    finals: dict[str, float] = field(default_factory=dict)
    data: list[tuple[str, str, str, str, dict[str, int]]] = field(default_factory=list)
    files: list[tuple[Path, str]] = field(default_factory=list)
    description: str = ""


@dataclass(frozen=True)
class RunRecord:
    """A run as its files tell of it; `content` reads and plots the rest, when it is to be logged."""

    name: str
    parameters: Json
    provenance: Provenance
    status: Json
    content: Callable[[], RunContent]

    @property
    def key(self) -> str:
        """The run's name and a digest of what decides it and what came out; no time, no machine, no sweep."""
        deciding = [
            self.parameters,
            self.provenance["sources"],
            self.provenance["data_sha256"],
            self.provenance["theta_sha256"],
            self.status["status"],
        ]
        text = json.dumps(deciding, sort_keys=True)
        return f"{self.name}:{hashlib.sha256(text.encode()).hexdigest()}"

    @property
    def started(self) -> int:
        """When the training began, in milliseconds since 1970."""
        return round(datetime.fromisoformat(self.provenance["started"]).timestamp() * 1000)

    @property
    def ended(self) -> int:
        """When it had been trained for as long as it took, in milliseconds since 1970."""
        return self.started + round(self.provenance["seconds"] * 1000)
