"""The key of a run, and the content that is logged with it, as plain data without MLflow."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from captchanet.train.provenance import Provenance
from captchanet.types import Json


@dataclass(frozen=True)
class RunContent:
    """The content that is logged with a run, in addition to its key.

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
    """A run as its files describe it. `content` reads and plots the rest, only if the run is to be logged."""

    name: str
    parameters: Json
    provenance: Provenance
    status: Json
    content: Callable[[], RunContent]

    @property
    def key(self) -> str:
        """The run's name and a digest of its causes and results; without times, machine and sweep."""
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
        """When the training ended, in milliseconds since 1970."""
        return self.started + round(self.provenance["seconds"] * 1000)
