"""The provenance of a run is complete."""

import hashlib
import json
from pathlib import Path

from captchanet.train import provenance as module
from captchanet.train.provenance import provenance


def test_sources_and_pictures_are_listed_with_their_digests():
    file = Path(module.__file__)
    found = provenance([file], [("raw", "ab.png", "ab", "123")])
    name = "src/captchanet/train/provenance.py"
    assert found["sources"] == {name: hashlib.sha256(file.read_bytes()).hexdigest()}
    assert found["pictures"] == {"raw/ab.png": "123"}
    assert found["libraries"]["numpy"]
    assert found["blas"][0]["threads"] == 1
    assert json.loads(json.dumps(found)) == found


def test_a_kernel_that_blas_was_told_to_take_is_recorded(monkeypatch):
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert module.arithmetic()["blas_kernel_forced_by"] is None
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert module.arithmetic()["blas_kernel_forced_by"] == "Haswell"
    assert provenance([], [])["blas_kernel_forced_by"] == "Haswell"


def test_git_is_asked_about_this_checkout_and_the_sources_of_the_run(monkeypatch):
    asked = []

    def origin(root, sources):
        asked.append((root, list(sources)))
        return {"commit": "c", "dirty": True, "patch": "p", "problem": "one of them is ignored"}

    monkeypatch.setattr(module, "code_origin", origin)
    file = Path(module.__file__)
    assert provenance([file], [])["git"] == origin(None, [])
    assert module.code_problem([file]) == "one of them is ignored"
    assert [asked[0], asked[2]] == [(module.ROOT, ["src/captchanet/train/provenance.py"])] * 2
    monkeypatch.setattr(module, "code_origin", lambda root, sources: None)
    assert module.code_problem([file]) == ""
