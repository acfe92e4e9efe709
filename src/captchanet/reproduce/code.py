"""What differs between the code of two runs. git compares it and changes nothing in the repository."""

from dataclasses import dataclass, field
from pathlib import Path

from captchanet.errors import UserError
from captchanet.git import Git, has_commit, scratch
from captchanet.train.code_origin import CODE

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


def _tree(run: Git, which: str, state: CodeState) -> str:
    """The tree of the code that the run called `which` used."""
    run("read-tree", state.commit)
    if state.patch:
        try:
            run("apply", "--cached", "--binary", "-", given=state.patch.encode("utf-8", "surrogateescape"))
        except UserError as error:
            raise UserError(
                f"the uncommitted changes of {which} do not apply to its commit {state.commit[:8]} any "
                f"more ({error})"
            ) from error
    return run("write-tree").decode().strip()


def changes(repository: Path, a: CodeState, b: CodeState) -> Changes:
    """What differs from `a` to `b`; `repository` is a folder in the repository of both.

    Raises UserError where git is missing, one of the commits is not in this repository or a patch does not
    apply.
    """
    with scratch(repository) as run:
        for which, state in (("A", a), ("B", b)):
            if not has_commit(repository, state.commit):
                raise UserError(f"the commit of {which}, {state.commit[:8]}, is not in this repository")
        between = f"{a.commit}...{b.commit}"
        behind, ahead = map(int, run("rev-list", "--left-right", "--count", between).split())
        short = ("--oneline", "--left-right", "--no-show-signature", "--no-color", "--no-decorate")
        log = run("log", *short, f"-{LONGEST_LOG}", between, "--").decode("utf-8", "replace")
        trees = [_tree(run, "A", a), _tree(run, "B", b)]
        # not `git diff`, whose output the user's settings change
        plain = ("--patch", "--no-ext-diff", "--no-textconv", "--no-color", "-M")
        diff = run("diff-tree", *plain, *trees, "--", *CODE).decode("utf-8", "replace")
        return Changes(ahead, behind, log.splitlines(), diff)
