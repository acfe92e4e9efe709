"""What differs between the code of two runs. git compares it and changes nothing in the repository."""

import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from captchanet.errors import UserError
from captchanet.git import git
from captchanet.train.provenance import CODE

LONGEST_LOG = 10


@dataclass(frozen=True)
class CodeState:
    """The code of a run: its commit, and a patch with the changes that were not committed."""

    commit: str
    patch: str = ""


@dataclass(frozen=True)
class Changes:
    """What differs from one state of the code to another.

    `ahead` commits are only in the second, `behind` commits only in the first; `log` names the newest of
    both, as `> id subject` and `< id subject`. `diff` is the one of git, of the code alone.
    """

    ahead: int = 0
    behind: int = 0
    log: list[str] = field(default_factory=list)
    diff: str = ""


class _Git:
    """Git in a repository, but its index and its new objects are in the folder `scratch`."""

    def __init__(self, repository: Path, scratch: Path) -> None:
        self.repository = repository
        self.variables: dict[str, str] = {}
        objects = self("rev-parse", "--git-path", "objects").strip()
        # A file, since in the environment variable a colon separates paths
        (scratch / "objects/info").mkdir(parents=True)
        alternates = str((repository / objects).resolve())
        (scratch / "objects/info/alternates").write_text(f"{alternates}\n", "utf-8", "surrogateescape")
        self.variables["GIT_INDEX_FILE"] = str(scratch / "index")
        self.variables["GIT_OBJECT_DIRECTORY"] = str(scratch / "objects")

    def __call__(self, *words: str, given: str = "") -> str:
        """What git prints; raises UserError with its first error."""
        options = ["-c", "core.quotePath=false", "-c", "apply.whitespace=nowarn"]
        options += ["-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false"]
        patch = given.encode("utf-8", "surrogateescape")
        printed = git(self.repository, *options, *words, given=patch, variables=self.variables)
        return printed.decode("utf-8", "replace")

    def tree(self, which: str, state: CodeState) -> str:
        """The tree of the code that the run called `which` used; it is written to `scratch`."""
        self("read-tree", state.commit)
        if state.patch:
            try:
                self("apply", "--cached", "--binary", "-", given=state.patch)
            except UserError as error:
                raise UserError(
                    f"the uncommitted changes of {which} do not apply to its commit {state.commit[:8]} any "
                    f"more ({error})"
                ) from error
        return self("write-tree").strip()


def changes(repository: Path, a: CodeState, b: CodeState) -> Changes:
    """What differs from `a` to `b`; `repository` is a folder in the repository of both.

    Raises UserError where git is missing, one of the commits is not in this repository or a patch does not
    apply.
    """
    with tempfile.TemporaryDirectory() as scratch:
        git = _Git(repository, Path(scratch))
        for which, state in (("A", a), ("B", b)):
            try:
                if not re.fullmatch("[0-9a-f]{4,64}", state.commit):
                    raise UserError("no commit")
                git("cat-file", "-e", f"{state.commit}^{{commit}}")
            except UserError as error:
                raise UserError(
                    f"the commit of {which}, {state.commit[:8]}, is not in this repository"
                ) from error
        between = f"{a.commit}...{b.commit}"
        behind, ahead = map(int, git("rev-list", "--left-right", "--count", between).split())
        short = ("--oneline", "--left-right", "--no-color", "--no-decorate", f"-{LONGEST_LOG}")
        log = git("log", *short, between, "--")
        trees = [git.tree("A", a), git.tree("B", b)]
        diff = git("diff", "--no-color", "--no-ext-diff", "--no-textconv", "-M", *trees, "--", *CODE)
        return Changes(ahead, behind, log.splitlines(), diff)
