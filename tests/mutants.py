"""Would the tests see it? Changes the program in one small place after another, and runs the tests each time.

    python tests/mutants.py --number 300 --seed 1

The places are chosen by chance among all that `mutate.py` can change in five packages, the same ones for the
same seed. The tests are those below tests/ that start no Snakemake. They run once as they are, to learn which
test comes through which line. Then each mutant has the tests that come through its statement, the fast files
first, until one fails; where none fails, it survives. A mutant outside every function (a constant, a default)
has all tests that come through its file or one that imports it.

All of this happens in copies of the checkout. Each mutant has a forked process with the libraries imported
already. A folder (--cache) keeps what was found: a second call goes on, and after a change of the tests only
the survivors are tried again.
"""

import ast
import contextlib
import hashlib
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from mutate import Mutant, mutants, mutated

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("dataset", "evaluate", "train", "track", "reproduce")
OPTIONS = ("-p", "no:cacheprovider", "--hypothesis-seed=1", "-W", "ignore::pytest.PytestAssertRewriteWarning")
LEFT_OUT = {"workflow", "benchmarks", "nn", "synthesize", "test_many.py"}
"""Tests that are not tried: they start Snakemake or many processes, or do not come to the five packages."""
PATIENCE = 60.0, 10.0
"""The tests of a mutant fail after so many seconds, and so many times those that they usually take."""


class Lines:
    """Notes through which lines of the program each test comes, its fixtures included, and its seconds."""

    def __init__(self, source: Path) -> None:
        self.source, self.seen = f"{source}{os.sep}", set()
        self.of_test, self.of_fixture = {}, defaultdict(set)
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: set[str] = set()

    def __call__(self, frame, event, _):
        """Follow the functions of the program, and no others."""
        file = frame.f_code.co_filename
        if not file.startswith(self.source):
            return None

        def line(frame, event, _):
            self.seen.add((file, frame.f_lineno))
            return line

        return line(frame, event, _)

    @contextlib.contextmanager
    def noted(self) -> Iterator[set]:
        """A block whose lines come into the set; those of the block around it are kept apart."""
        outer, self.seen = self.seen, set()
        sys.settrace(self)
        try:
            yield self.seen
        finally:
            self.seen = outer

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        """The lines of a fixture belong to every test that uses it."""
        with self.noted() as lines:
            try:
                return (yield)
            finally:
                self.of_fixture[request.fixturename].update(lines)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """The lines of a test are its own and those of its fixtures."""
        with self.noted() as lines:
            done = yield
        sys.settrace(None)
        self.of_test[item.nodeid] = lines.union(*(self.of_fixture[name] for name in item.fixturenames))
        return done

    def pytest_runtest_logreport(self, report):
        """How long each test takes, its fixtures included."""
        self.seconds[report.nodeid] += report.duration
        if not report.passed:
            self.failed.add(report.nodeid)

    def found(self) -> dict[str, dict]:
        """For each test its seconds, and its lines by file below the source."""
        tests = {}
        for test, lines in self.of_test.items():
            if test in self.failed:
                continue  # it cannot judge: it measures memory, say, and being watched needs some
            files = defaultdict(list)
            for file, line in sorted(lines):
                files[file.removeprefix(self.source)].append(line)
            tests[test] = {"seconds": self.seconds[test], "lines": files}
        return tests


class Workshop:
    """A copy of the checkout, in which one mutant at a time is tried."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder.with_name(f"{folder.name}.log")
        words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True).stdout
        for name in filter(None, map(os.fsdecode, listed.split(b"\0"))):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        for name in ("init -q", "add --all", "-c user.name=x -c user.email=x@x commit -qm all"):
            subprocess.run(["git", *name.split()], cwd=folder, check=True)
        # by their content: a mutant may be as long as the original, and written in the same second
        hashed = ("-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "src")
        subprocess.run([sys.executable, *hashed], cwd=folder, check=True)

    def fork(self, work: Callable[[], int]) -> int:
        """A process of its own that does this here, with its output in the log."""
        if process := os.fork():
            return process
        status = 3
        try:
            os.setsid()
            os.chdir(self.folder)
            for stream in (1, 2):
                os.dup2(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
            source = str(self.folder / "src")
            os.environ |= {
                "PYTHONPATH": source,
                "PYTHONDONTWRITEBYTECODE": "1",
                "TMPDIR": str(self.folder.parent),
            }
            sys.path[:] = [source, *(one for one in sys.path if one != str(ROOT / "tests"))]
            sys.dont_write_bytecode = True
            sys.argv = ["pytest"]
            status = work()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)

    def begin(self, mutant: Mutant, tests: list[str]) -> int:
        """Start the tests of a mutant; the status is 0 where it survives."""

        def work() -> int:
            (self.folder / mutant.file).write_text(mutated(mutant))
            return int(pytest.main([*OPTIONS, "-x", *tests]))

        return self.fork(work)

    def ended(self, mutant: Mutant) -> str:
        """Put the file back; the test that failed."""
        (self.folder / mutant.file).write_text(mutant.source)
        lines = self.log.read_text(errors="replace").splitlines()
        failed = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
        return failed[0][:200] if failed else "\n".join(lines[-1:])[:200]


def learned(workshop: Workshop, file: Path) -> dict[str, dict]:
    """The lines and seconds of all tests, by running those that `file` does not know as they are now."""
    tests = [
        one
        for one in sorted((ROOT / "tests").rglob("test_*.py"))
        if not LEFT_OUT & set(one.relative_to(ROOT).parts)
    ]
    shared = {*(ROOT / "tests").rglob("*.py")} - {*(ROOT / "tests").rglob("test_*.py")}
    around = [one.read_text() for one in sorted([*shared, *(ROOT / "src").rglob("*.py")])]
    keys = {str(one.relative_to(ROOT)): digest(one.read_text(), *around) for one in tests}
    known = json.loads(file.read_text()) if file.exists() else {}
    known = {name: found for name, found in known.items() if found["key"] == keys.get(name)}
    for name in [name for name in keys if name not in known]:
        plugin = Lines(workshop.folder / "src/captchanet")

        def work(name: str = name, plugin: Lines = plugin, known: dict = known) -> int:
            # the compiled tests of this run serve all others
            sys.dont_write_bytecode = False
            status = pytest.main([*OPTIONS, name], plugins=[plugin])
            found = {"key": keys[name], "tests": plugin.found(), "libraries": libraries()}
            file.write_text(json.dumps(known | {name: found}))
            return int(status)

        os.waitpid(workshop.fork(work), 0)
        known = json.loads(file.read_text()) if file.exists() else {}
        if name not in known:
            raise SystemExit(f"{name} does not run as it is:\n{workshop.log.read_text()[-3000:]}")
        click.echo(f"{name}: {len(known[name]['tests'])} tests", err=True)
        imported(known[name]["libraries"])
    return known


def libraries() -> list[str]:
    """The names of the modules of other projects that were imported here."""
    places = {name: str(getattr(module, "__file__", "")) for name, module in sys.modules.items()}
    return [name for name, place in places.items() if "site-packages" in place and "pytest" not in name]


def imported(libraries: list[str]) -> None:
    """Import the libraries here, once for all mutants, and leave the environment as it is."""
    before = dict(os.environ)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    for name in libraries:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    os.environ.clear()
    os.environ.update(before)


def concerned(mutant: Mutant, tests: dict[str, dict], users: dict[str, set[str]]) -> tuple[list[str], float]:
    """The tests that come through the mutant's statement, and how long they may take.

    Those of its package come first, then those of fast files.
    """
    name = mutant.file.removeprefix("src/captchanet/")
    first, last = mutant.lines

    def through(lines: dict[str, list[int]]) -> bool:
        if mutant.early:
            return bool({name, *users[name]} & set(lines))
        return any(first <= line <= last for line in lines.get(name, ()))

    chosen = [test for test, known in tests.items() if through(known["lines"])]
    seconds: dict[str, float] = defaultdict(float)
    for test in chosen:
        seconds[test.split("::")[0]] += tests[test]["seconds"]
    package = f"tests/{name.split('/')[0]}/"

    def order(test: str) -> tuple:
        file = test.split("::")[0]
        return not test.startswith(package), seconds[file], file

    return sorted(chosen, key=order), PATIENCE[0] + PATIENCE[1] * sum(seconds.values())


def importers() -> dict[str, set[str]]:
    """For each file of the program those that import it."""
    users: dict[str, set[str]] = defaultdict(set)
    source = ROOT / "src/captchanet"
    for file in source.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("captchanet."):
                module = node.module.removeprefix("captchanet.").replace(".", "/")
                for path in (module, *(f"{module}/{alias.name}" for alias in node.names)):
                    users[f"{path}.py"].add(str(file.relative_to(source)))
    return users


def chosen(number: int, seed: int) -> list[Mutant]:
    """So many mutants, by chance."""
    files = [file for package in PACKAGES for file in sorted(ROOT.glob(f"src/captchanet/{package}/*.py"))]
    every = [one for file in files for one in mutants(str(file.relative_to(ROOT)), file.read_text())]
    return sorted(every, key=lambda one: one.rank(seed))[:number]


def digest(*texts: str) -> str:
    """One digest of them all."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


class Table:
    """What was found of each mutant: a line of JSON each, the last one counts.

    A mutant is known by the text of its file and its change. That it survived holds for the tests alone that
    were tried.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        lines = file.read_text().splitlines() if file.exists() else []
        self.known = {row["key"]: row for row in map(json.loads, lines)}
        self.tests = digest(*(one.read_text() for one in sorted((ROOT / "tests").rglob("*.py"))))

    def key(self, mutant: Mutant) -> str:
        """What a mutant is known by."""
        return digest(mutant.source, *map(str, (mutant.file, mutant.lines[0], mutant.before, mutant.after)))

    def get(self, mutant: Mutant) -> dict | None:
        """What is known of it; None where it must be tried."""
        row = self.known.get(self.key(mutant))
        return row if row and (row["dead"] or row["tests"] == self.tests) else None

    def add(self, mutant: Mutant, dead: bool, by: str) -> None:
        """Keep what was found."""
        row = {"key": self.key(mutant), "dead": dead, "by": by, "tests": self.tests}
        self.known[row["key"]] = row
        with self.file.open("a") as file:
            file.write(json.dumps(row) + "\n")


def tried(waiting: list[Mutant], workshops: list[Workshop], choose: Callable, table: Table) -> None:
    """Try mutants, one in each workshop at a time."""
    free, at_work, number = workshops[:], {}, len(waiting)
    while waiting or at_work:
        while waiting and free:
            mutant = waiting.pop(0)
            tests, patience = choose(mutant)
            if tests:
                workshop = free.pop()
                until = time.monotonic() + patience
                at_work[workshop.begin(mutant, tests)] = mutant, workshop, until
            else:
                table.add(mutant, False, "no test comes through it")
        time.sleep(0.05)
        for process, (mutant, workshop, until) in list(at_work.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if not ended and time.monotonic() < until:
                continue
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
            if not ended:
                os.waitpid(process, 0)
            by = workshop.ended(mutant) if ended else "too slow"
            dead = not ended or status != 0
            table.add(mutant, dead, by)
            del at_work[process]
            free.append(workshop)
            click.echo(f"{number - len(waiting)}/{number} {'dead' if dead else 'LIVES'}: {by}", err=True)


def shown(mutant: Mutant) -> str:
    """A mutant in three lines, cut to where it differs."""
    texts = [" ".join(text.split()) for text in (mutant.before, mutant.after)]
    same = next((i for i, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts)))
    start = max(0, same - 60) if max(map(len, texts)) > 160 else 0
    return "\n".join(
        [
            f"{mutant.file}:{mutant.lines[0]}",
            *(f"  {sign} {text[start : start + 160]}" for sign, text in zip("-+", texts, strict=True)),
        ]
    )


@click.command()
@click.option("--number", default=300, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--cache", default=".mutants", show_default=True, type=Path)
def main(number: int, seed: int, cache: Path) -> None:
    """Prints the survivors, and how many died."""
    os.nice(10)
    # set before NumPy is imported, as for the tests
    os.environ |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    cache.mkdir(exist_ok=True)
    table, every = Table(cache.resolve() / "found.jsonl"), chosen(number, seed)
    waiting = [one for one in every if not table.get(one)]
    if waiting:
        with tempfile.TemporaryDirectory() as scratch:
            workshops = [Workshop(Path(scratch, name)) for name in ("a", "b")]
            files, users = learned(workshops[0], cache.resolve() / "lines.json"), importers()
            imported([name for found in files.values() for name in found["libraries"]])
            tests = {test: known for found in files.values() for test, known in found["tests"].items()}
            tried(waiting, workshops, lambda one: concerned(one, tests, users), table)
    lives = [one for one in every if not (table.get(one) or {"dead": True})["dead"]]
    for one in sorted(lives, key=lambda one: (one.file, one.lines)):
        click.echo(f"{shown(one)}\n")
    click.echo(f"{len(every) - len(lives)} of {len(every)} died")


if __name__ == "__main__":
    main()
