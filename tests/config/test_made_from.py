"""A set remembers which configuration made it, so that a second one of the same name is noticed."""

import json

import pytest

from captchanet.config.made_from import MadeFrom
from captchanet.layout import Layout


@pytest.fixture
def layout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.yaml").touch()
    return Layout.of("same")


def test_a_second_configuration_of_the_same_set_is_said_once(layout, tmp_path):
    first, second = (MadeFrom.of([tmp_path / folder / "same.yaml"]) for folder in ("a", "b"))
    assert first.write(layout) == ""
    assert first.write(layout) == ""
    said = second.write(layout)
    assert said.startswith("results/same/ was made from a/same.yaml, and b/same.yaml now takes its place")
    assert "a `set` of its own" in said
    assert second.write(layout) == ""
    both = MadeFrom.of([tmp_path / "b/same.yaml", tmp_path / "a/same.yaml"])
    assert "b/same.yaml, a/same.yaml now takes" in both.write(layout)


def test_a_configuration_that_was_moved_is_no_second_one(layout, tmp_path):
    MadeFrom.of([tmp_path / "a/same.yaml"]).write(layout)
    (tmp_path / "a/same.yaml").unlink()
    assert MadeFrom.of([tmp_path / "b/same.yaml"]).write(layout) == ""


def test_it_holds_what_config_changed_but_no_address_of_a_server(layout, tmp_path):
    config = {"train": {"cg": {"seed": "2"}}, "track": {"tracking_uri": "https://me:secret@x"}, "set": "same"}
    MadeFrom.of([tmp_path / "a/same.yaml"], config).write(layout)
    written = json.loads(layout.made_from.read_text())
    assert written == {"configfiles": ["a/same.yaml"], "config": {"train": {"cg": {"seed": "2"}}}}
    assert MadeFrom.read(layout) == MadeFrom(**written)
    assert MadeFrom.read(Layout.of("nobody")) is None
