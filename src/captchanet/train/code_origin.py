"""The code of a run, as git has it: the commit, and as a patch what was not committed."""

import hashlib
import os
import stat
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from captchanet.addresses import masked
from captchanet.errors import UserError, in_short
from captchanet.git import Git, git, quoted, repository_above, scratch

CODE = ("Snakefile", "workflow", "src", "config", "profiles")

FILES = ("100644", "100755")
LINK, REPOSITORY, GONE = "120000", "160000", "0"
"""The modes of git: files, which can be run or not; links; another repository inside; and none."""

PATCHES = Path(".snakemake/captchanet-patches.txt")
"""The digests of the patches that runs of this folder recorded, in the working folder."""


class CodeOrigin(TypedDict):
    """The code of a run: its commit, and as a patch what was not committed.

    `problem` is why git could not tell all of it, "" if it could; records of earlier versions lack it. Then
    `commit` is None if it is not known, and `dirty` is None if nobody knows what was not committed.
    """

    commit: str | None
    dirty: bool | None
    patch: str
    problem: str


def code_origin(root: Path, sources: Collection[str] = ()) -> CodeOrigin | None:
    """The origin of the code in the folder `root`; None where there is no repository.

    The patch has each file of the code as its bytes are on the disk, whatever git would make of line ends.
    `sources` are files in `root` that the record must hold.
    """
    if not repository_above(root):
        return None
    found: CodeOrigin = {"commit": None, "dirty": None, "patch": "", "problem": ""}
    try:
        found["commit"] = commit = _commit(root)
        with scratch(root) as run:
            names, patch = _patch(run, root, commit)
            found |= {"dirty": bool(patch), "patch": patch}
        if missing := sorted(set(sources) - names):
            raise UserError(f"git ignores sources of the run: {in_short(missing, 3)}")
    except (UserError, OSError) as error:
        found["problem"] = str(error)
    return found


def _commit(root: Path) -> str:
    """The commit that is checked out; raises UserError where it has no code of this project."""
    # `log`, whose reason is the clearest where there is no commit yet
    commit = git(root, "log", "-1", "--no-show-signature", "--format=%H").decode().strip()
    if not git(root, "ls-tree", commit, "--", *CODE):
        above = os.fsdecode(git(root, "rev-parse", "--show-toplevel")).rstrip("\n")
        raise UserError(f"the repository {above} has none of this code in its commit {commit[:8]}")
    return commit


def _patch(run: Git, root: Path, commit: str) -> tuple[set[str], str]:
    """The files of the code, as they are on the disk, and what differs from the commit, new files too."""
    listed = run("ls-tree", "-r", "-z", commit, "--", *CODE).split(b"\0")[:-1]
    tracked = {os.fsdecode(line.split(b"\t", 1)[1]): line[:6].decode() for line in listed}
    run("read-tree", commit)
    others = run("ls-files", "-z", "--others", "--exclude-standard", "--", *CODE).split(b"\0")[:-1]
    modes = {name: _mode(root / name, tracked.get(name)) for name in [*tracked, *map(os.fsdecode, others)]}
    ids = _blobs(run, root, modes)
    # from the top of the repository, unlike the names
    prefix, gone = run("rev-parse", "--show-prefix").rstrip(b"\n"), "0" * len(commit)
    lines = [
        f"{mode} {ids.get(name, gone)}\t".encode() + prefix + os.fsencode(name) + b"\0"
        # what is gone first: a folder may stand where a file was
        for name, mode in sorted(modes.items(), key=lambda one: one[1] != GONE)
        if mode != REPOSITORY
    ]
    run("update-index", "-z", "--index-info", given=b"".join(lines))
    # not `git diff`, whose output the user's settings change
    plain = ("--patch", "--binary", "--no-ext-diff", "--no-textconv", "--no-color")
    patch = run("diff-index", "--cached", *plain, commit, "--", *CODE)
    there = {name for name, mode in modes.items() if mode != GONE}
    return there, _without_secrets(patch.decode("utf-8", "surrogateescape"))


def _without_secrets(patch: str) -> str:
    """The patch, with the passwords of addresses masked in what it adds to configurations.

    No configuration file decides a run by itself: what it says is recorded with the run.
    """
    lines, within = patch.split("\n"), False
    for number, line in enumerate(lines):
        if line.startswith("diff --git "):
            within = " b/config/" in line
        elif within and line.startswith("+"):
            lines[number] = masked(line)
    return "\n".join(lines)


def _mode(file: Path, tracked: str | None) -> str:
    """The mode of a file in git's words; `tracked` is the one that the commit has."""
    try:
        found = file.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return GONE
    if stat.S_ISLNK(found):
        return LINK
    if not stat.S_ISREG(found):
        return REPOSITORY if tracked in (None, REPOSITORY) else GONE
    # whether a file can be run decides nothing, and some disks cannot tell
    return tracked if tracked in FILES else FILES[bool(found & stat.S_IXUSR)]


def _blobs(run: Git, root: Path, modes: Mapping[str, str]) -> dict[str, str]:
    """The ids of the files and links as git's objects, of their very bytes: no filter changes line ends."""
    files = [name for name, mode in modes.items() if mode in FILES]
    given = b"".join(quoted(root.resolve() / name) + b"\n" for name in files)
    ids = run("hash-object", "-w", "--no-filters", "--stdin-paths", given=given).decode().split()
    links = [name for name, mode in modes.items() if mode == LINK]
    for name in links:
        target = os.fsencode(os.readlink(root / name))  # noqa: PTH115 (Path would shorten it)
        ids += run("hash-object", "-w", "--stdin", given=target).decode().split()
    return dict(zip([*files, *links], ids, strict=True))


def remember(origin: CodeOrigin | None) -> None:
    """Note that this folder recorded the patch itself; a later rerun runs no other one unasked."""
    if origin and origin["patch"]:
        # one line, appended in one write: those of jobs that end at the same time do not mix
        with suppress(OSError), PATCHES.open("a", encoding="ascii") as file:
            file.write(_digest(origin) + "\n")


def recorded_here(origin: CodeOrigin) -> bool:
    """Whether a run of this folder recorded the patch."""
    with suppress(OSError):
        return _digest(origin) in PATCHES.read_text("ascii", "replace").split()
    return False


def _digest(origin: CodeOrigin) -> str:
    """A digest of the patch and its commit, since the same lines can mean something else elsewhere."""
    text = f"{origin['commit']}\n{origin['patch']}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
