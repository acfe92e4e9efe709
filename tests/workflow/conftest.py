"""A copy of the project in a separate folder, where Snakemake really runs, with tiny settings."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
SNAKEMAKE = str(BIN / "snakemake")
TINY = "config/tiny.yaml"


class Project:
    """A checkout of captchanet, and what a user does in it."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        for name in ("Snakefile", "workflow", "profiles", "config", "src"):
            source = root / name
            if source.is_dir():
                shutil.copytree(
                    source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
                )
            else:
                shutil.copy(source, folder / name)
        for name, count in (("raw", 60), ("unseen", 12)):
            (folder / "data" / name).mkdir(parents=True)
            for picture in sorted((root / "data" / name).glob("*.png"))[:count]:
                shutil.copy(picture, folder / "data" / name)
        self.env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        # the copy's own src is what the copy runs, as it is for a person in a fresh clone
        self.env.pop("PYTHONPATH", None)

    def start(self, *words: str, configfile: str = TINY) -> subprocess.Popen:
        """Snakemake, in its own process group."""
        command = [SNAKEMAKE, "--cores", "2", "--configfile", configfile, *words]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def snakemake(self, *words: str, configfile: str = TINY) -> "Ended":
        """Snakemake, to its end."""
        process = self.start(*words, configfile=configfile)
        try:
            output, _ = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return Ended(process.returncode, output)

    def command(self, *words: str) -> "Ended":
        """The command line `captchanet`."""
        done = subprocess.run(
            [sys.executable, "-m", "captchanet", *words],
            cwd=self.folder,
            env=self.env | {"PYTHONPATH": str(self.folder / "src")},
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Ended(done.returncode, done.stdout + done.stderr)

    def sql(self, question: str) -> list[tuple]:
        """The answer of the MLflow database."""
        with sqlite3.connect(self.folder / "mlflow.db") as database:
            return database.execute(question).fetchall()

    def times(self, of: str = "tiny") -> dict[str, int]:
        """When each result of the set was written, by its path there."""
        results = self.folder / "results" / of
        files = (file for file in results.rglob("*") if file.is_file())
        return {str(file.relative_to(results)): file.stat().st_mtime_ns for file in files}

    def text(self, file: str) -> str:
        """A file's text."""
        return (self.folder / file).read_text()

    def write(self, file: str, text: str) -> None:
        """Another text for a file, not within the same tick of the clock."""
        time.sleep(0.05)
        (self.folder / file).write_text(text)


class Ended:
    """How a command ended: its status, its output, and which jobs it ran."""

    def __init__(self, status: int, output: str) -> None:
        self.status, self.output = status, output

    @property
    def sentence(self) -> str:
        """The last sentence that captchanet itself printed."""
        return [line for line in self.output.splitlines() if line.startswith("captchanet: ")][-1]

    @property
    def jobs(self) -> dict[str, int]:
        """How often each rule ran, from Snakemake's table of jobs."""
        lines = self.output.split("Job stats:")[1].splitlines() if "Job stats:" in self.output else []
        table = [line.split() for line in lines[3:]]
        ended = next((i for i, row in enumerate(table) if not row), len(table))
        return {row[0]: int(row[1]) for row in table[:ended] if row[0] not in ("total", "all")}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Project:
    """A project in which the tiny workflow has run once, shared by the tests of a file in their order."""
    made = Project(tmp_path_factory.mktemp("project"), root)
    made.first = made.snakemake()
    assert made.first.status == 0, made.first.output
    return made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Project:
    """A project in which nothing has run yet, shared by the tests of a file in their order."""
    return Project(tmp_path_factory.mktemp("shared"), root)


@pytest.fixture
def fresh(tmp_path: Path, root: Path) -> Project:
    """A project in which nothing has run yet."""
    return Project(tmp_path, root)
