"""Runs a recorded run again in a separate folder, from its record alone, and compares the results.

The history is only read: a rerun is not recorded.
"""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from captchanet.config.names import fitting
from captchanet.errors import DamagedFile, UserError
from captchanet.files import check_whole, read_csv, read_json, write_json, write_text
from captchanet.reproduce.execute import claimed, kernel, snakemake
from captchanet.reproduce.formats import CONFIGURATION, Format, format_of, run_of
from captchanet.reproduce.restore import (
    check_names,
    remove_code,
    restore_code,
    restore_configuration,
    restore_pictures,
)
from captchanet.reproduce.verdict import Mismatch, Verdict, judge
from captchanet.sources import ROOT
from captchanet.track.history import Run, Store, artifact
from captchanet.train.provenance import Provenance
from captchanet.types import Json


@dataclass(frozen=True)
class Options:
    """How to run again.

    On how many cores; whether to keep the code; whether to take pictures from git; whether to run uncommitted
    changes that this folder did not record.
    """

    cores: int = 1
    keep: bool = False
    pictures_from_git: bool = True
    trust_patch: bool = False


def folder_of(run: Run) -> str:
    """The name of the folder in which a run is run again."""
    return f"{fitting(run.name)}-{fitting(run.id[:8])}"


def sample(runs: Sequence[Run], number: int, seed: int) -> list[Run]:
    """A random sample of the runs, or all if there are fewer. The same seed takes the same ones."""
    ordered = sorted(runs, key=lambda run: run.id)
    return random.Random(seed).sample(ordered, min(number, len(ordered)))


def rerun(store: Store, run: Run, folder: Path, options: Options) -> Verdict:
    """Runs a recorded run again in `folder` and finds whether it is the same to the last bit.

    Paths of pictures start at the current folder. Raises UserError where it cannot be run again; then the
    folder has what was done until then.
    """
    began = time.monotonic()
    code, checkouts = folder / "code", list(dict.fromkeys([Path.cwd(), ROOT.parent]))
    with claimed(folder) as lock, _taken_apart(run):
        recorded = folder / "recorded"
        asked = fetch(store, run, recorded)
        form, name = format_of(asked), run_of(asked)
        origin = read_json(recorded / form.provenance)
        configured = yaml.safe_dump(restore_configuration(asked, form), sort_keys=False)
        write_text(folder / "config.yaml", configured)
        home, differences, how = restore_code(origin, code, checkouts, options.trust_patch)
        found, remarks = _pictures(folder, asked, form, origin, options)
        differences += found
        forced, remark = kernel(origin["blas"])
        remarks = [f"its code is {how}", *remarks, *filter(None, [remark])]
        try:
            snakemake(home, folder, form.targets(name), options.cores, forced, lock)
        except UserError as error:
            listed = ", ".join(f"{one.name} ({one.again})" for one in differences[:3])
            raise UserError(f"{error}{f'; not as recorded: {listed}' if listed else ''}") from error
        same, theta, result, others = judge(
            form, name, recorded.joinpath, lambda artifact: folder / form.made(name, artifact)
        )
        seconds = round(time.monotonic() - began, 1)
        # each once: a source that differs in the restored code also differs in the new provenance
        differences = list(dict.fromkeys([*differences, *others]))
        verdict = Verdict(run.name, run.id, same, theta, result, differences, remarks, seconds)
        write_json(folder / "verdict.json", verdict.json_ready())
        if verdict.repeated and not options.keep:
            remove_code(code, checkouts)
    return verdict


@contextmanager
def _taken_apart(run: Run) -> Iterator[None]:
    """A block that takes a record apart. Anybody may have written it: what it lacks is said of it."""
    try:
        yield
    except UserError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UserError(
            f"the run {run.name} ({run.id[:8]}): its record in {run.artifacts} is not as captchanet writes "
            f"it ({type(error).__name__}: {error}), so it repeats nothing; train it again"
        ) from error


def fetch(store: Store, run: Run, into: Path) -> Json:
    """Copies the recorded files that a rerun needs into a folder, and returns the run's configuration.

    Raises UserError where a file is not there, or is damaged.
    """

    def get(path: str) -> None:
        text = artifact(store, run, path)
        if text is None:
            raise UserError(
                f"the run {run.name} ({run.id[:8]}) has no file {path}: it was recorded by an earlier "
                f"captchanet, or its files in {run.artifacts} cannot be reached"
            )
        write_text(into / path, text)
        try:
            check_whole(into / path)
        except DamagedFile as error:
            raise UserError(
                f"the run {run.name} ({run.id[:8]}): its file {path} in {run.artifacts} {error.fault}, so "
                "its record repeats nothing; train it again"
            ) from error

    get(CONFIGURATION)
    configuration: Json = read_json(into / CONFIGURATION)
    form, name = format_of(configuration), run_of(configuration)
    check_names(configuration)
    for path in [form.provenance, *form.results(name), *([form.pictures] if name else [])]:
        get(path)
    return configuration


def _pictures(
    folder: Path, asked: Json, form: Format, origin: Provenance, options: Options
) -> tuple[list[Mismatch], list[str]]:
    if run_of(asked) is None:
        write_text(folder / "data/none/none.png", "")  # a folder of pictures is never empty
        return [], []
    rows = read_csv(folder / "recorded" / form.pictures, form.columns)
    commit = (origin["git"] and origin["git"]["commit"]) or "HEAD"
    return restore_pictures(
        rows, asked["pictures"], Path(), folder / "data", commit, options.pictures_from_git
    )
