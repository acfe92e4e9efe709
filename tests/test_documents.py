"""The documents are true: their code runs, and they name every command, target and key."""

import inspect
import re
from pathlib import Path

import click
import yaml

from captchanet.cli import main
from captchanet.config.resolve import resolved
from captchanet.config.schema import read_schema
from captchanet.layout import FORMAT
from captchanet.options import resolve
from captchanet.segment.clean import CLEANERS
from captchanet.segment.segmentation import SPLITTERS
from captchanet.synthesize.kinds import KINDS
from captchanet.train.augment import AUGMENTERS
from captchanet.train.methods import INITIALISATIONS, OPTIMISERS, PENALTIES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
KEYS = (ROOT / "config/README.md").read_text()


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", README, flags=re.S)


def test_the_readmes_fifteen_lines_train_a_network(capsys):
    (program,) = (block for block in blocks("python") if "import numpy" in block)
    assert len([line for line in program.splitlines() if line.strip()]) <= 15
    exec(compile(program, "README.md", "exec"), {})
    share = float(re.match(r"([\d.]+)%", capsys.readouterr().out)[1])
    assert share > 95


def test_the_readmes_cleaning_is_a_cleaning():
    import numpy as np

    (program,) = (block for block in blocks("python") if "def paper" in block)
    names = {"np": np}
    exec(compile(program, "README.md", "exec"), names)
    assert resolve({"method": "paper"}, {"paper": names["paper"]}, "clean") == {
        "method": "paper",
        "level": 200,
    }
    pictures = np.full((2, 3, 4, 3), 255, np.uint8)
    pictures[0, 0, 0] = 90
    cleaned = names["paper"](pictures)
    assert (cleaned.dtype, cleaned.shape, cleaned.sum()) == (np.float32, (2, 3, 4), 1)


def test_the_readmes_run_is_a_valid_run_and_its_sweep_a_valid_sweep():
    block, sweep = sorted(blocks("yaml"), key=lambda text: "sweeps:" in text)
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    swept = resolved({**config, **yaml.safe_load(sweep)})
    assert len(swept["sweeps"]["widths"]["runs"]) == 24
    (run,) = yaml.safe_load(block).values()
    found = resolve(run["optimiser"], OPTIMISERS, "optimiser", given=("rng", "callback"))
    assert (found["method"], found["epochs"], found["momentum"]) == ("sgd", 400, 0.0)


def test_every_command_and_every_target_is_in_the_readme():
    for name, command in main.commands.items():
        assert f"captchanet {name}" in README
        assert isinstance(command, click.Command)
        assert command.help
    for target in re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), flags=re.M):
        if target not in ("format", "requirements"):
            assert f"make {target}" in README, target


def test_every_key_and_option_is_explained():
    schema = read_schema()
    for section, content in schema["properties"].items():
        assert f"## {section}:" in KEYS
        inner = content.get("additionalProperties") or content
        for key in inner.get("properties", [section]):  # `set` and `format` have no keys below them
            assert re.search(rf"`(<\w+>)?\.?{key}\b", KEYS), f"{section}: {key}"
    for registry in (KINDS, CLEANERS, SPLITTERS, INITIALISATIONS, PENALTIES, OPTIMISERS, AUGMENTERS):
        for name, method in registry.items():
            assert f"`{name}`" in KEYS, name
            options = {
                option.name
                for option in inspect.signature(method).parameters.values()
                if option.kind is option.KEYWORD_ONLY and option.default is not option.empty
            }
            for option in options - {"characters", "dtype", "callback", "rng", "checkpoint", "resume"}:
                assert f"`{option}`" in KEYS, f"{name}: {option}"


def test_every_shipped_configuration_says_its_format_first_and_is_a_set_of_its_own():
    sets = []
    for file in sorted((ROOT / "config").glob("*.yaml")):
        config = yaml.safe_load(file.read_text())
        assert next(iter(config.items())) == ("format", FORMAT), file.name
        assert ("set" in config) == (file.name == "config.yaml"), file.name
        assert f"`{file.name}`" in KEYS
        sets.append(resolved(config, file.stem)["set"])
    assert len(set(sets)) == len(sets)
    assert "main" in sets


def test_every_file_that_a_document_links_to_exists():
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "config/README.md"]:
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
            if not link.startswith("http"):
                assert (document.parent / link).exists(), f"{document.name}: {link}"
