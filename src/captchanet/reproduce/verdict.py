"""Was a run repeated? Compares its recorded results with those of the rerun, and lists what differs."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from captchanet.errors import in_short
from captchanet.files import read_json
from captchanet.reproduce.formats import Format
from captchanet.train.code_origin import CodeOrigin
from captchanet.train.provenance import Blas, Provenance
from captchanet.types import Json

NOTHING_DIFFERS = "nothing that is recorded differs: data, code, Python, libraries, BLAS, threads and CPU"
"""The text for a rerun with other results, when the reason is not recorded."""


SOURCE = "source"
"""The kind of a difference between sources. The other kinds need not have made another run."""


@dataclass(frozen=True)
class Mismatch:
    """What differs: its kind (data, code, source, Python, library, BLAS, CPU …), its name, then and now."""

    kind: str
    name: str
    recorded: str
    again: str


@dataclass(frozen=True)
class Verdict:
    """Whether a run was repeated, and what differs.

    `same` has for theta and for each file of results whether it is the same to the last bit; `theta` and
    `result` are pairs, as recorded and as found again; `remarks` are the steps that the rerun needed.
    """

    run: str
    id: str
    same: dict[str, bool]
    theta: tuple[str, str]
    result: tuple[str, str]
    differences: list[Mismatch]
    remarks: list[str]
    seconds: float

    @property
    def repeated(self) -> bool:
        """Whether theta and every file of results are the same to the last bit, from the same sources."""
        return all(self.same.values()) and not self.other_sources

    @property
    def other_sources(self) -> list[str]:
        """The sources that differ from the recorded ones."""
        return [one.name for one in self.differences if one.kind == SOURCE]

    @property
    def sentence(self) -> str:
        """The verdict in one line."""
        if self.repeated:
            return f"repeated to the last bit: theta {self.theta[0][:8]}, {self.result[0]}"
        if all(self.same.values()):
            names = in_short(self.other_sources, 3)
            found = f"theta {self.theta[0][:8]} and the results are the same to the last bit"
            return f"NOT repeated: {found}, but by other sources ({names}): {self.result[0]}"
        if self.same["theta"]:
            unlike = [name.split("/")[-1] for name, same in self.same.items() if not same]
            return f"NOT repeated: theta {self.theta[0][:8]} is the same, but not {' and '.join(unlike)}"
        theta = f"theta {self.theta[0][:8]} was recorded, now it is {self.theta[1][:8]}"
        results = f"{self.result[1]}, before {self.result[0]}"
        return f"NOT repeated: {theta}; {results if self.result[0] != self.result[1] else self.result[0]}"

    def json_ready(self) -> Json:
        """The content of verdict.json."""
        return {"repeated": self.repeated, "sentence": self.sentence, **asdict(self)}


def judge(
    form: Format, run: str | None, recorded: Callable[[str], Path], again: Callable[[str], Path]
) -> tuple[dict[str, bool], tuple[str, str], tuple[str, str], list[Mismatch]]:
    """The fields `same`, `theta` and `result` of a verdict, and what differs between the provenances.

    `form` is the format of `run`, None for XOR. `recorded` and `again` give the file of an artifact in the
    record and in the rerun.
    """

    def result(file: Callable[[str], Path]) -> str:
        status = read_json(file(form.status))
        if status["status"] != "finished":
            return f"failed ({status['reason']})"
        if run is None:
            outputs = read_json(file(form.solution))["outputs"]
            return f"outputs {' '.join(f'{value:.6f}' for (value,) in outputs)}"
        found = read_json(file(form.metrics))["unseen"]["captchas"]
        return f"{found['correct']} of {found['n']} captchas"

    before, after = (read_json(file(form.provenance)) for file in (recorded, again))
    theta = (before["theta_sha256"], after["theta_sha256"])
    same = {"theta": theta[0] == theta[1]}
    same |= {name: recorded(name).read_bytes() == again(name).read_bytes() for name in form.results(run)}
    return same, theta, (result(recorded), result(again)), environment(before, after)


def environment(before: Provenance, after: Provenance) -> list[Mismatch]:
    """What differs between two provenances, except single pictures."""
    rows: list[tuple[str, str, str, str]] = [
        ("data", f"digest of the {part} data", (before["data_sha256"].get(part) or "none")[:8], digest[:8])
        for part, digest in after["data_sha256"].items()
    ]
    rows.append(("code", "git commit", _commit(before["git"]), _commit(after["git"])))
    if _commit(before["git"]) == _commit(after["git"]):
        patches = [git.get("patch") if git else None for git in (before["git"], after["git"])]
        differ = ("those recorded", "others") if patches[0] != patches[1] else ("", "")
        rows.append(("code", "uncommitted changes", *differ))
    rows.append(("Python", "version", before["python"], after["python"]))
    sources = [origin["sources"] for origin in (before, after)]
    rows += [
        (SOURCE, name, sources[0].get(name, "none")[:8], sources[1].get(name, "missing")[:8])
        for name in sources[0] | sources[1]
    ]
    versions = [origin["libraries"] for origin in (before, after)]
    rows += [
        ("library", name, str(versions[0].get(name)), str(versions[1].get(name)))
        for name in versions[0] | versions[1]
    ]
    blas = [_blas(before["blas"]), _blas(after["blas"])]
    rows += [("BLAS", what, blas[0][what], blas[1][what]) for what in blas[0]]
    rows.append(("CPU", "model", before["cpu"], after["cpu"]))
    rows.append(("platform", "system", before["platform"], after["platform"]))
    return [Mismatch(*row) for row in rows if row[2] != row[3]]


def _commit(git: CodeOrigin | None) -> str:
    if not git:
        return "none"
    # records of earlier versions have no problem
    unknown = f" ({git['problem']})" if git.get("problem") else ""
    return (git["commit"] or "none")[:8] + (" with uncommitted changes" if git["dirty"] else "") + unknown


def _blas(pools: Sequence[Blas]) -> dict[str, str]:
    """The facts about the BLAS libraries. NumPy and SciPy each have one, in any order."""
    texts = {
        what: {str(dict(pool)[what]) for pool in pools}
        for what in ("library", "version", "kernel", "threads")
    }
    return {what: ", ".join(sorted(each)) or "none" for what, each in texts.items()}
