"""The documents are true: their code runs, and they name every command, target and key."""

import importlib.metadata
import inspect
import re
import tomllib
from dataclasses import dataclass, fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, get_args

import click
import numpy as np
import pytest
import yaml
from annotated_types import Ge, Interval, Lt
from click.testing import CliRunner
from small import train, training

from captchanet.cli import main
from captchanet.config.configuration import ConfigurationFile
from captchanet.config.resolve import resolved
from captchanet.dataset.dataset import Part
from captchanet.layout import FORMAT, Layout
from captchanet.nn.mini_batch import MiniBatch
from captchanet.segment.clean import CLEANERS
from captchanet.segment.segmentation import SPLITTERS
from captchanet.settings import OneOf
from captchanet.synthesize.kinds import KINDS
from captchanet.train.augment import AUGMENTERS
from captchanet.train.methods import (
    ACTIVATIONS,
    COSTS,
    INITIALISATIONS,
    MINI_BATCH,
    OPTIMISERS,
    OUTPUTS,
    PENALTIES,
    SCHEDULES,
)

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
KEYS = (ROOT / "config/README.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
USAGE = (ROOT / "docs/usage.md").read_text()
NETWORK = (ROOT / "docs/network.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
# arguments that the program gives to a method; a configuration does not name them
GIVEN = {"characters", "dtype", "callback", "rng", "checkpoint", "resume", "total"}


def blocks(document, kind):
    """The blocks of code of this kind in a document."""
    return re.findall(rf"```{kind}\n(.*?)```", document, flags=re.S)


def test_the_readme_is_read_in_a_few_minutes_and_opens_with_the_two_commands():
    assert len(README.split()) <= 900
    assert re.findall(r"^make (\w+)", blocks(README, "sh")[0], flags=re.M) == ["run", "test"]
    assert len(re.findall(r"!\[", README)) == 1
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) <= 40


def test_the_readme_leads_to_every_document():
    links = set(re.findall(r"\]\(([^)#]+)", README))
    named = {str(file.relative_to(ROOT)) for file in DOCUMENTS} - {"README.md"}
    assert named <= links


def test_the_program_with_the_network_alone_trains_a_network(capsys):
    (program,) = blocks(NETWORK, "python")
    assert len([line for line in program.splitlines() if line.strip()]) <= 15
    exec(compile(program, "docs/network.md", "exec"), {})
    share = float(re.match(r"([\d.]+)%", capsys.readouterr().out)[1])
    assert share > 95


def test_the_cleaning_of_the_architecture_is_the_same_as_a_function_and_as_a_dataclass():
    names = {"np": np, "Annotated": Annotated, "Interval": Interval, "dataclass": dataclass}
    function, record, _ = blocks(ARCHITECTURE, "python")
    for program in (function, record):
        exec(compile(program, "docs/architecture.md", "exec"), names)
    for method in (names["paper"], names["Paper"]):
        found = OneOf({"paper": method}).of({"method": "paper"})
        assert found.dump() == {"method": "paper", "level": 200}
    pictures = np.full((2, 3, 4, 3), 255, np.uint8)
    pictures[0, 0, 0] = 90
    for cleaned in (names["paper"](pictures), names["Paper"]()(pictures)):
        assert (cleaned.dtype, cleaned.shape, cleaned.sum()) == (np.float32, (2, 3, 4), 1)
    assert not names["paper"](pictures, level=50).any()
    assert not names["Paper"](level=50)(pictures).any()


def test_the_optimiser_of_the_architecture_trains_as_a_configuration_asks_for_it(monkeypatch):
    *_, program = blocks(ARCHITECTURE, "python")
    names = {"np": np, "Array": np.ndarray, "Annotated": Annotated, "Ge": Ge, "Lt": Lt}
    names |= {"dataclass": dataclass, "MiniBatch": MiniBatch}
    exec(compile(program, "docs/architecture.md", "exec"), names)
    for registry in (MINI_BATCH, OPTIMISERS):
        monkeypatch.setitem(registry, "sign", names["SignDescent"])
    asked = {"method": "sign", "learning_rate": 0.01, "epochs": 20, "decay": 0.5}
    settings = training(optimiser=asked, schedule={"method": "cosine"})
    assert settings.dump()["optimiser"] == {**asked, "batch_size": None}
    rng = np.random.default_rng(0)
    y = rng.integers(1, 4, (30, 1))
    trained = train(Part(rng.random((30, 5)) + y, y, []), 3, settings)
    assert trained.status == "finished"
    assert trained.history[-1][1] < trained.history[0][1]
    # the schedule ends near 0, so every weight has moved by less than a constant rate would have moved it
    steps = [abs(now - before) for (_, before, *_), (_, now, *_) in pairwise(trained.history)]
    assert steps[-1] < steps[0] / 10


def test_every_file_that_the_architecture_names_is_there():
    listed = re.search(r"## Where a change goes.*?\n\n(.*?)\n\n\*\*A method", ARCHITECTURE, flags=re.S)[1]
    for file in re.findall(r"`([\w/]+\.(?:py|j2))`", listed):
        folder = ROOT if file.split("/")[0] in ("tools", "tests") else ROOT / "src/captchanet"
        assert (folder / file).is_file(), file
    for name in re.findall(r"`([A-Z][A-Z_]+)`", listed):
        assert any(f"\n{name}" in file.read_text() for file in (ROOT / "src").rglob("*.py")), name


def test_the_architecture_names_every_file_of_the_results():
    layout = Layout.of("x")
    files = [*layout.segment("s", "p"), *layout.dataset("d"), *layout.train("r"), *layout.evaluate("r")]
    files += [*layout.xor, *layout.synthesize("p"), layout.domain_gap("d"), layout.report]
    for file in [*files, layout.tracked, layout.verdict]:
        assert file.name in ARCHITECTURE, file.name
    for folder in (layout.checkpoints, layout.sweep("s").parent):
        assert f"{folder.name}/" in ARCHITECTURE, folder.name


def test_every_folder_of_the_package_is_in_the_tree_of_the_architecture():
    tree = blocks(ARCHITECTURE, "")[0]
    for folder in sorted((ROOT / "src/captchanet").iterdir()):
        if (folder / "__init__.py").exists():
            assert f"\n  {folder.name}/" in tree, folder.name


def test_the_readmes_run_is_a_valid_run_and_the_sweep_a_valid_sweep():
    (block,), (sweep,) = blocks(README, "yaml"), blocks(USAGE, "yaml")
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    swept = resolved({**config, **yaml.safe_load(sweep)})
    assert len(swept.sweeps["widths"].runs) == 24
    config["train"] |= yaml.safe_load(block)
    found = resolved(config).train["sgd-slow"].optimiser
    assert (found.method, found.options["epochs"], found.options["momentum"]) == ("sgd", 400, 0.0)


def test_every_command_and_every_target_is_in_the_page_about_using_it():
    for name, command in main.commands.items():
        assert f"captchanet {name}" in USAGE
        assert isinstance(command, click.Command)
        assert command.help
    for target in re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), flags=re.M):
        if target not in ("format", "requirements", "schema"):  # these are for contributors
            assert f"make {target}`" in USAGE, target


@pytest.mark.parametrize("document", [README, USAGE], ids=["README", "usage"])
def test_a_command_in_a_document_is_a_command(document):
    said = re.findall(r"^captchanet ([a-z-]+)", "\n".join(blocks(document, "sh")), flags=re.M)
    assert said
    for name in said:
        assert name in main.commands or name == "--version", name


def test_the_version_is_one_and_the_command_line_prints_it():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(citation["version"]) == PROJECT["version"] == importlib.metadata.version("captchanet")
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]
    printed = CliRunner().invoke(main, ["--version"])
    assert printed.exit_code == 0
    assert printed.output.split()[-1] == PROJECT["version"]


def options(method):
    """The options of a method: its keyword-only arguments, or its fields where it is a dataclass."""
    if is_dataclass(method):
        return {field.name for field in fields(method)}
    arguments = inspect.signature(method).parameters.values()
    return {argument.name for argument in arguments if argument.kind is argument.KEYWORD_ONLY}


def test_every_key_and_option_is_explained():
    for section, field in ConfigurationFile.model_fields.items():
        assert f"## {section}:" in KEYS
        entry = (*get_args(field.annotation), field.annotation)[-2 if get_args(field.annotation) else -1]
        for key in getattr(entry, "model_fields", [section]):  # `set` and `format` have no keys below them
            assert re.search(rf"`(<\w+>)?\.?{key}\b", KEYS), f"{section}: {key}"
    for name in (*ACTIVATIONS, *OUTPUTS, *COSTS):
        assert f"`{name}`" in KEYS, name
    of_training = (INITIALISATIONS, PENALTIES, OPTIMISERS, SCHEDULES, AUGMENTERS)
    for registry in (KINDS, CLEANERS, SPLITTERS, *of_training):
        for name, method in registry.items():
            assert f"`{name}`" in KEYS, name
            for option in options(method) - GIVEN:
                assert f"`{option}`" in KEYS, f"{name}: {option}"


def test_every_shipped_configuration_says_its_format_first_and_is_a_set_of_its_own():
    sets = []
    for file in sorted((ROOT / "config").glob("*.yaml")):
        config = yaml.safe_load(file.read_text())
        assert next(iter(config.items())) == ("format", FORMAT), file.name
        assert ("set" in config) == (file.name == "config.yaml"), file.name
        assert f"`{file.name}`" in KEYS
        sets.append(resolved(config, file.stem).set)
    assert len(set(sets)) == len(sets)
    assert "main" in sets


def slug(heading):
    """The anchor that a heading gets on a page."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_file_and_heading_that_a_document_links_to_exists(document):
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if link.startswith("http"):
            continue
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), flags=re.M)
            assert anchor in map(slug, headings), link
