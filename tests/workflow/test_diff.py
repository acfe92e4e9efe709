"""`captchanet runs` and `captchanet diff` show what the workflow has recorded."""

import json
import subprocess

import pytest

pytestmark = pytest.mark.workflow


def commit(project, *files):
    name = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    for words in (["init", "--quiet"], ["add", *files], [*name, "commit", "--quiet", "-m", "A state"]):
        subprocess.run(["git", *words], cwd=project.folder, check=True)


def test_a_changed_setting_line_and_picture_are_told(fresh):
    commit(fresh, "src", "workflow", "config", "profiles", "Snakefile")
    assert fresh.snakemake().status == 0
    fresh.write("config/tiny.yaml", fresh.text("config/tiny.yaml").replace("rate: 0.5", "rate: 0.25"))
    commit(fresh, "config")
    network = fresh.text("src/captchanet/nn/network.py")
    fresh.write("src/captchanet/nn/network.py", f"{network}\n# one line more\n")
    (picture, *_) = sorted((fresh.folder / "data/raw").glob("*.png"))
    picture.unlink()
    assert fresh.snakemake().status == 0

    shown = fresh.command("runs", "--filter", "name = sgd", "--configfile", "config/tiny.yaml")
    assert shown.status == 0, shown.output
    assert "learning_rate" in shown.output.splitlines()[0]
    assert shown.output.count("sgd (old)") == 1
    listed = fresh.command("runs", "--filter", "name = sgd", "--format", "json")
    new, old = json.loads(listed.output)
    assert (new["parameters"]["optimiser.learning_rate"], new["configured"]) == (0.25, True)

    told = fresh.command("diff", old["id"][:12], "sgd")
    assert told.status == 0, told.output
    for text in (
        "optimiser.learning_rate  0.5  0.25",
        f"pictures only in A: 1\n    - raw/{picture.name}",
        "commits only in B (>): 1",
        "~ src/captchanet/nn/network.py",
        "+# one line more",
        "+  sgd: {hidden: [8], optimiser: {method: sgd, epochs: 2, batch_size: 16, learning_rate: 0.25}}",
        "the same: environment",
    ):
        assert text in told.output, told.output
