"""Puts the code of a run (as a git worktree), its pictures (copies) and its configuration into a folder."""

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from captchanet.errors import UserError, in_short
from captchanet.files import write_bytes, write_csv, write_text
from captchanet.git import git, has_commit
from captchanet.reproduce.formats import Format, run_of
from captchanet.reproduce.verdict import SOURCE, Mismatch
from captchanet.segment.labels import COLUMNS
from captchanet.train.code_origin import CodeOrigin, recorded_here
from captchanet.train.provenance import Provenance
from captchanet.types import Json

CHECKOUT = 600
"""Seconds that git may take to check out the code of a commit."""

RECORDED_SECTIONS = ("format", "pictures", "segment", "dataset", "train", "xor")
"""The sections of a run's configuration. Others are left out: nobody else decides where a rerun writes."""


class UntrustedPatch(UserError):
    """A run whose uncommitted changes this folder did not record. A rerun would run them."""

    def __init__(self, patch: str, file: Path) -> None:
        self.patch = patch
        lines = patch.splitlines()
        added, removed = (sum(line[:1] == sign and line[:3] != 3 * sign for line in lines) for sign in "+-")
        names = re.findall("^diff --git .* b/(.*)$", patch, re.MULTILINE)
        super().__init__(
            f"its uncommitted changes were not recorded in this folder, and a rerun would run them: {added} "
            f"lines added and {removed} removed in {in_short(names, 3)}; read {file}, and if you "
            "trust whoever recorded the run, repeat this with --trust-patch"
        )


def restore_code(
    origin: Provenance, folder: Path, checkouts: Sequence[Path], trust_patch: bool = False
) -> tuple[Path, list[Mismatch], str]:
    """The project with the run's code, the sources that still differ from the record, and where it is from.

    The folders `checkouts` are tried one after the other. The first one whose repository has the run's commit
    gives a worktree in `folder`, with the run's uncommitted changes. Where no repository has the commit, the
    first of these folders with the recorded sources is used. Raises UserError where there is neither, and
    UntrustedPatch for changes that are not from this folder, unless they are trusted.
    """
    state = origin["git"]
    found, reason = _repository_of(state, checkouts)
    # where git could not record all of it, a checkout that has all of it is the better one
    if state is None or found is None or state.get("problem"):
        for checkout in checkouts:
            if not changed(origin["sources"], checkout):
                return checkout, [], f"that of {checkout}, where its sources are as they were"
    if state is None or found is None:
        raise UserError(f"{reason}, and {_differ(origin['sources'], checkouts[0])}")
    if state["patch"] and not trust_patch and not recorded_here(state):
        file = folder.with_name("uncommitted-changes.patch")
        write_text(file, state["patch"])
        raise UntrustedPatch(state["patch"], file)
    (repository, within), commit = found, str(state["commit"])
    remove_code(folder, checkouts)
    words = ("worktree", "add", "--force", "--force", "--detach", str(folder.resolve()), commit)
    git(repository, *words, timeout=CHECKOUT)
    how = f"commit {commit[:8]}"
    if state["patch"]:
        how += " with its uncommitted changes"
        patch = state["patch"].encode("utf-8", "surrogateescape")
        try:
            git(folder, "apply", "--binary", "-", given=patch)
        except UserError as error:
            raise UserError(
                f"the recorded uncommitted changes do not apply to commit {commit[:8]} ({error}); "
                "the run cannot be repeated with its own code"
            ) from error
    if state.get("problem"):
        how += f", but its record is incomplete: {state['problem']}"
    home = folder / within
    return home, changed(origin["sources"], home), how


def changed(sources: Mapping[str, str], home: Path) -> list[Mismatch]:
    """The files of a project that differ from `sources`, which has the recorded digests by path."""
    each = [(name, recorded, _content(home / name)[1]) for name, recorded in sources.items()]
    return [Mismatch(SOURCE, name, _short(then), _short(now)) for name, then, now in each if now != then]


def _repository_of(
    state: CodeOrigin | None, checkouts: Sequence[Path]
) -> tuple[tuple[Path, str] | None, str]:
    """The first folder whose repository has the commit, and where in the repository the project is.

    Where there is none, the second value is why.
    """
    if state is None:
        return None, "the run was made without git"
    commit = state["commit"]
    if commit is None:
        return None, f"git could not tell the run's commit ({state['problem']})"
    reasons = []
    for checkout in checkouts:
        try:
            if has_commit(checkout, commit):
                # the project may be a folder of a larger repository
                within = os.fsdecode(git(checkout, "rev-parse", "--show-prefix")).rstrip("\n")
                return (checkout, within), ""
            reasons.append(
                f"its commit {commit} is not in the repository at {checkout} (fetch it by `git fetch --all`, "
                "in a shallow clone by `git fetch --unshallow`)"
            )
        except UserError as error:
            reasons.append(f"its commit {commit} cannot be read in {checkout}: {error}")
    return None, reasons[0]


def _differ(sources: Mapping[str, str], home: Path) -> str:
    rows = changed(sources, home)
    names = f"{len(rows)} of its sources differ in {home} ({rows[0].name}, for one)"
    return f"{names}; put its code there, and run this again"


def remove_code(folder: Path, checkouts: Iterable[Path]) -> None:
    """Removes the worktree in the folder `folder`, if there is one, from the disk and from the repository."""
    for checkout in checkouts:
        with suppress(UserError):
            git(checkout, "worktree", "remove", "--force", "--force", str(folder.resolve()))


def restore_configuration(recorded: Json, form: Format) -> Json:
    """The run's configuration, with the keys of its format, and with its pictures in data/.

    `restore_pictures` puts the pictures there.
    """
    asked = {name: section for name, section in recorded.items() if name in RECORDED_SECTIONS}
    if run_of(recorded) is None:
        # A configuration needs pictures, a data set and a run, even if only XOR is to run
        return {
            "pictures": {"none": {"folder": "data/none"}},
            "segment": {"none": {}},
            "dataset": {"none": {form.segment: "none", "train": "none", "unseen": 1}},
            "train": {"none": {"data": "none"}},
            **asked,
            **form.sections,
        }
    # what was synthetic is made again
    pictures = {
        name: entry
        if form.synthesize in entry
        else {
            **entry,
            "folder": f"data/{name}",
            "labels": entry["labels"] and f"data/{name}.labels.csv",
        }
        for name, entry in recorded["pictures"].items()
    }
    return {**asked, "pictures": pictures, **form.sections}


def restore_pictures(
    rows: Iterable[Sequence[str]], recorded: Json, here: Path, into: Path, commit: str, lend: bool = True
) -> tuple[list[Mismatch], list[str]]:
    """Copies a run's pictures into `into`, a folder for each name; returns what differs, and remarks.

    `rows` are (pictures, file, label, sha256) of every picture that the run could use, `recorded` is the
    `pictures` of its configuration; the paths of its folders start at the folder `here`. Pictures that were
    added later are not copied. The labels are the recorded ones. With `lend`, a picture that has changed or
    is missing is taken from git: from `commit`, or from any other commit that has it as it was.
    """
    differences, remarks = [], []
    labels: dict[str, list[tuple[str, str]]] = {name: [] for name in recorded}
    rows = list(rows)
    for name, file, *_ in rows:
        _check_picture(name, file, recorded)
    for name, file, label, sha256 in rows:
        labels[name].append((file, label))
        path = Path(recorded[name]["folder"], file)
        content, now = _content(here / path)
        if now != sha256:
            old = from_git(here, path, sha256, commit) if lend else None
            if old is not None:
                remarks.append(f"{path} is not as it was ({_short(now)}) and was taken from git")
                content, now = old, sha256
        if now != sha256:
            differences.append(Mismatch("data", str(path), _short(sha256), _short(now)))
        if content is not None:
            write_bytes(into / name / file, content)
    for name, entry in recorded.items():
        if entry.get("labels"):
            # as a user's own CSV of labels, whose cells are taken as they stand
            write_csv(into / f"{name}.labels.csv", COLUMNS, labels[name], spreadsheet=False)
    for name, of in labels.items():
        if of and not (into / name).is_dir():
            raise UserError(
                f"all of its {len(of)} pictures are missing in {recorded[name]['folder']}; put them back"
            )
    return differences, remarks


def check_names(recorded: Json) -> None:
    """Raises UserError where a name in a run's configuration would lead out of the folder of a rerun."""
    for section in ("train", "pictures"):
        for name in recorded.get(section, {}):
            _check_name(f"an entry of `{section}`", name)


def _check_name(what: str, name: str) -> None:
    """Raises UserError where a recorded name would lead out of its folder."""
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise UserError(
            f"its record names {what} {name!r}, which would lead out of its folder; the record is damaged, "
            "or somebody meant harm: it is not run again"
        )


def _check_picture(name: str, file: str, recorded: Json) -> None:
    _check_name("the picture", file)
    if "folder" not in recorded.get(name, {}):
        raise UserError(f"its record names a picture of {name!r}, which is no folder in its configuration")


def _content(file: Path) -> tuple[bytes | None, str]:
    """A picture's bytes and their digest; None and why, where there is no such file."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return None, "no file"
        content = file.read_bytes()
    except OSError as error:
        return None, "missing" if isinstance(error, FileNotFoundError) else str(error.strerror)
    return content, hashlib.sha256(content).hexdigest()


def _short(digest: str) -> str:
    return digest[:8] if re.fullmatch("[0-9a-f]{64}", digest) else digest


def from_git(here: Path, path: Path, sha256: str, commit: str) -> bytes | None:
    """The content of the file `path`, seen from `here`, that has the digest; None if git does not have it."""
    file = here.resolve() / path
    # its folder may be missing
    folder = next(parent for parent in file.parents if parent.is_dir())
    name = str(file.relative_to(folder))
    with suppress(UserError):
        log = git(folder, "--literal-pathspecs", "log", "--all", "--format=%H", "--", name)
        for one in dict.fromkeys([commit, *re.findall("[0-9a-f]{40,}", log.decode())]):
            with suppress(UserError):
                content = git(folder, "cat-file", "blob", f"{one}:./{name}")
                if hashlib.sha256(content).hexdigest() == sha256:
                    return content
    return None
