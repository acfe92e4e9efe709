"""The JSON schema, with which editors check a configuration, agrees with the types of the settings."""

import functools
import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

from captchanet.config.json_schema import FILE, json_schema
from captchanet.config.resolve import resolved
from captchanet.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATIONS = sorted((ROOT / "config").glob("*.yaml"))


@functools.cache
def validator():
    return jsonschema.Draft202012Validator(json_schema())


def valid(config):
    return validator().is_valid(config)


def test_the_file_that_ships_is_the_schema_of_the_types():
    shipped = resources.files("captchanet.config") / FILE
    assert json.loads(shipped.read_text(encoding="utf-8")) == json_schema(), "run `make schema`"


@pytest.mark.parametrize("file", CONFIGURATIONS, ids=lambda file: file.name)
def test_every_configuration_names_the_schema_first_and_fits_it(file):
    first, text = file.read_text().split("\n", 1)
    words, path = first.split("$schema=")
    assert words == "# yaml-language-server: "
    assert (file.parent / path).resolve() == ROOT / "src/captchanet/config" / FILE
    assert valid(yaml.safe_load(text))


def test_every_key_and_every_option_of_a_method_is_described():
    undescribed = []

    def look(part, place):
        if isinstance(part, list):
            for each in part:
                look(each, place)
        if isinstance(part, dict):
            for name, each in part.get("properties", {}).items():
                if not {"description", "$ref"} & set(each) and name != "method":
                    undescribed.append((place, name))
            for name, each in part.items():
                look(each, name)

    look(validator().schema, "")
    assert not undescribed


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sede", 3),
        ("seed", -1),
        ("dtype", "float16"),
        ("hidden", [0]),
        ("optimiser", {"method": "adam"}),
        ("optimiser", {"method": "cg", "epochs": 3}),
        ("optimiser", {"method": "cg", "iterations": 0}),
        ("optimiser", {"iterations": 9}),
        ("dropout", [1]),
    ],
)
def test_what_is_refused_when_the_workflow_starts_is_marked_in_an_editor(key, value):
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    config["train"]["new"] = None
    assert valid(config)
    resolved(config)
    config["train"]["new"] = {key: value}
    assert not valid(config)
    with pytest.raises(UserError):
        resolved(config)
