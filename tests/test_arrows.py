"""Imports between packages go one way, and functions keep their limits of length and parameters."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

from captchanet.layout import Layout

ROOT = Path(__file__).resolve().parents[1]
FILES = [
    file
    for part in ("src", "workflow", "benchmarks", "tools")
    for file in sorted((ROOT / part).rglob("*.py"))
]
SCRIPTS = sorted((ROOT / "workflow/scripts").glob("*.py"))


@functools.cache
def parsed(file):
    return ast.parse(file.read_text())


def test_imports_follow_the_contracts():
    command = [str(Path(sys.executable).with_name("lint-imports"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_imports_this_package_and_the_standard_library_only(script):
    for node in ast.walk(parsed(script)):
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            assert name.split(".")[0] in {"captchanet", *sys.stdlib_module_names}


def test_a_file_says_what_it_is_and_a_script_holds_no_logic():
    assert not [file for file in FILES if not ast.get_docstring(parsed(file))], "open with no sentence"
    assert not [script for script in SCRIPTS if len(script.read_text().splitlines()) > 40]


def functions():
    """Every function of the program, with its file."""
    for file in FILES:
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield file.relative_to(ROOT), node


def test_a_function_is_read_at_once_and_is_called_with_few_arguments():
    said = []
    for file, node in functions():
        told = node.body[0] if ast.get_docstring(node) else None
        of_docstring = told.end_lineno - told.lineno + 1 if told else 0
        lines = node.end_lineno - node.lineno + 1 - of_docstring
        if lines > 40:
            said.append(f"{file}: {node.name} has {lines} lines without its docstring")
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        few = [one for one in arguments if one.arg not in ("self", "cls")]
        # a command of the command line has an argument for each of its options
        command = any(".command(" in ast.unparse(decorator) for decorator in node.decorator_list)
        if len(few) > 8 and not command:
            said.append(f"{file}: {node.name} has {len(few)} parameters")
    assert not said


def test_every_script_has_its_rule_and_every_rule_its_script():
    rules = "".join(file.read_text() for file in (ROOT / "workflow/rules").glob("*.smk"))
    named = {line.strip().strip('"').split("/")[-1] for line in rules.splitlines() if "../scripts/" in line}
    assert named == {script.name for script in SCRIPTS}


def test_every_rule_with_a_script_has_a_log_and_a_benchmark_of_its_own_name():
    text = "".join(file.read_text() for file in sorted((ROOT / "workflow/rules").glob("*.smk")))
    rules = re.findall(r"^rule (\w+):\n((?:[ \n].*\n|\n)+)", text, flags=re.M)
    assert len(rules) == len(SCRIPTS)
    for name, body in rules:
        assert f"""    log:\n        str(LAYOUT.log("{name}\"""" in body
        assert f"""    benchmark:\n        str(LAYOUT.benchmark("{name}\"""" in body


@pytest.mark.parametrize(
    "stage", ["synthesize", "segment", "dataset", "train", "evaluate", "report", "track"]
)
def test_one_word_names_the_rule_the_script_the_results_the_package_and_the_tests_of_a_stage(stage):
    assert f"rule {stage}:" in (ROOT / f"workflow/rules/{stage}.smk").read_text()
    assert (ROOT / f"workflow/scripts/{stage}.py").is_file()
    assert ast.get_docstring(ast.parse((ROOT / f"src/captchanet/{stage}/__init__.py").read_text()))
    assert list((ROOT / f"tests/{stage}").glob("test_*.py"))
    assert hasattr(Layout, {"track": "tracked"}.get(stage, stage))
