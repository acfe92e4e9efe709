"""What a rerun restores and how it compares results, without running anything."""

import hashlib
import json
import os
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from captchanet.config.resolve import resolved
from captchanet.dataset.dataset import PICTURES
from captchanet.errors import UserError
from captchanet.files import read_csv, read_json
from captchanet.layout import ARTIFACTS, FORMAT, Layout
from captchanet.reproduce import execute, restore
from captchanet.reproduce.execute import MARKER, claimed, kernel, snakemake
from captchanet.reproduce.formats import FORMATS, format_of, in_todays_words
from captchanet.reproduce.restore import (
    UntrustedPatch,
    changed,
    check_names,
    git,
    remove_code,
    restore_configuration,
    restore_pictures,
)
from captchanet.reproduce.verdict import Mismatch, Verdict, environment, judge
from captchanet.segment.labels import read_label_file
from captchanet.train.code_origin import remember

ORIGIN = {
    "git": {"commit": "a" * 40, "dirty": False, "patch": ""},
    "sources": {"src/a.py": "5" * 64},
    "theta_sha256": "1" * 64,
    "data_sha256": {"train": "2" * 64, "unseen": "3" * 64},
    "python": "3.11.7",
    "libraries": {"numpy": "2.4.6", "scipy": "1.17.1"},
    "blas": [{"library": "openblas", "version": "0.3.31", "threads": 1, "kernel": "SkylakeX"}] * 2,
    "cpu": "one",
    "platform": "Linux",
}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


# the verdict


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ({"python": "3.12.1"}, ("Python", "version", "3.11.7", "3.12.1")),
        (
            {"libraries": {"numpy": "2.5.0", "scipy": "1.17.1"}},
            ("library", "numpy", "2.4.6", "2.5.0"),
        ),
        ({"libraries": {"numpy": "2.4.6"}}, ("library", "scipy", "1.17.1", "None")),
        (
            {"blas": [ORIGIN["blas"][0] | {"kernel": "Haswell"}]},
            ("BLAS", "kernel", "SkylakeX", "Haswell"),
        ),
        ({"blas": [ORIGIN["blas"][0] | {"threads": 2}]}, ("BLAS", "threads", "1", "2")),
        ({"blas": []}, ("BLAS", "kernel", "SkylakeX", "none")),
        ({"cpu": "another"}, ("CPU", "model", "one", "another")),
        ({"platform": "macOS"}, ("platform", "system", "Linux", "macOS")),
        (
            {"data_sha256": {"train": "2" * 64, "unseen": "4" * 64}},
            ("data", "digest of the unseen data", "33333333", "44444444"),
        ),
        ({"sources": {"src/a.py": "6" * 64}}, ("source", "src/a.py", "55555555", "66666666")),
        ({"sources": ORIGIN["sources"] | {"b.py": "6" * 64}}, ("source", "b.py", "none", "66666666")),
        ({"git": None}, ("code", "git commit", "aaaaaaaa", "none")),
        (
            {"git": {"commit": "a" * 40, "dirty": True, "patch": "x"}},
            ("code", "git commit", "aaaaaaaa", "aaaaaaaa with uncommitted changes"),
        ),
    ],
)
def test_whatever_differs_is_named_and_nothing_else(change, row):
    assert environment(ORIGIN, ORIGIN) == []
    assert Mismatch(*row) in environment(ORIGIN, ORIGIN | change)
    assert {one.kind for one in environment(ORIGIN, ORIGIN | change)} == {row[0]}


def test_other_uncommitted_changes_are_named():
    before, after = (
        ORIGIN | {"git": {"commit": "a" * 40, "dirty": True, "patch": patch}} for patch in ("x", "y")
    )
    assert [one.name for one in environment(before, after)] == ["uncommitted changes"]


@pytest.fixture
def both(made_results, tmp_path):
    """Two copies of a good run: the folder of its record, and that of its rerun."""
    for of in ("recorded", "again"):
        for files, stage in (
            (made_results.layout.train("good"), "train"),
            (made_results.layout.evaluate("good"), "evaluate"),
        ):
            (tmp_path / of / stage).mkdir(parents=True)
            for file in files:
                shutil.copy(file, tmp_path / of / stage)
    return tmp_path / "recorded", tmp_path / "again"


def verdict(both, run="good"):
    recorded, again = both
    same, theta, result, mismatches = judge(FORMATS[FORMAT], run, recorded.joinpath, again.joinpath)
    return Verdict("good", "0" * 32, same, theta, result, mismatches, [], 1.0)


def test_the_same_results_are_a_repeated_run(both):
    found = verdict(both)
    assert found.repeated
    assert found.sentence.startswith(f"repeated to the last bit: theta {found.theta[0][:8]}, ")
    assert found.sentence.endswith("of 6 captchas")
    assert json.loads(json.dumps(found.json_ready()))["repeated"] is True


def test_the_same_results_of_other_sources_are_no_repeated_run(both):
    file = both[1] / ARTIFACTS.train.provenance
    record = read_json(file)
    others = {f"src/{name}.py": "f" * 64 for name in "abcd"}
    for sources, names in (
        (record["sources"] | {next(iter(record["sources"])): "f" * 64}, next(iter(record["sources"]))),
        (record["sources"] | others, "src/a.py, src/b.py, src/c.py and 1 more"),
    ):
        file.write_text(json.dumps(record | {"sources": sources}))
        found = verdict(both)
        assert not found.repeated
        theta = f"theta {found.theta[0][:8]} and the results"
        said = f"{theta} are the same to the last bit, but by other sources ({names}): {found.result[0]}"
        assert found.sentence == f"NOT repeated: {said}"
        assert json.loads(json.dumps(found.json_ready()))["repeated"] is False


def test_another_theta_refutes(both):
    file = both[1] / ARTIFACTS.train.provenance
    file.write_text(json.dumps(read_json(file) | {"theta_sha256": "f" * 64}))
    found = verdict(both)
    assert not found.repeated
    assert "now it is ffffffff" in found.sentence


@pytest.mark.parametrize(
    "file", ["train/history.csv", "train/status.json", "evaluate/metrics.json", "evaluate/misreads.csv"]
)
def test_other_results_of_the_same_theta_refute_and_are_named(both, file):
    with (both[1] / file).open("a") as written:
        written.write("\n")
    found = verdict(both)
    assert not found.repeated
    assert found.sentence.endswith(f"is the same, but not {Path(file).name}")


def test_a_failed_run_is_repeated_when_it_fails_alike(both, made_results):
    for folder in both:
        for file in (*made_results.layout.train("wild"), *made_results.layout.evaluate("wild")):
            shutil.copy(file, folder / file.parents[1].name)
    found = verdict(both)
    assert found.repeated
    assert "failed (" in found.sentence


def test_xor_is_judged_without_captchas(made_results, tmp_path):
    shutil.copytree(made_results.layout.xor.status.parent, tmp_path / "train")
    assert "outputs 0." in verdict((tmp_path, tmp_path), run=None).sentence


# its format


def test_a_rerun_takes_its_labels_from_the_same_part_of_the_names():
    raw = {"folder": "mine", "labels": None, "label_part": "last"}
    again = restore_configuration({"pictures": {"raw": raw}, "train": {"cg": {}}}, format_of({"format": 2}))
    assert again["pictures"]["raw"] == raw | {"folder": "data/raw"}


def test_a_run_without_a_format_is_of_the_first_whose_words_and_paths_are_known():
    first = format_of({"train": {"cg": {}}})
    assert first.targets("cg") == ["results/train/cg/status.json", "results/evaluate/cg/metrics.json"]
    assert first.made("cg", first.misreads) == Path("results/evaluate/cg/misreads.csv")
    assert first.made(None, first.solution) == Path("results/xor/xor.json")
    assert first.targets(None) == ["results/xor/status.json"]
    asked = {
        "pictures": {"raw": {"folder": "mine", "labels": None}, "more": {"draw": {"method": "turned"}}},
        "segment": {"grid": {"cut": {"method": "grid"}}},
        "dataset": {"main": {"cut": "grid", "train": "raw", "drawn": "more"}},
        "train": {"cg": {"start": {"method": "uniform"}}},
    }
    pictures = {"raw": {"folder": "data/raw", "labels": None}, "more": {"draw": {"method": "turned"}}}
    assert restore_configuration(asked, first) == asked | {"pictures": pictures}
    alone = restore_configuration({"xor": {"steps": 7}}, first)
    assert alone["dataset"] == {"none": {"cut": "none", "train": "none", "unseen": 1}}


def test_a_run_of_todays_format_leaves_its_results_where_the_layout_says(made_results):
    asked = read_json(made_results.layout.train("good").configuration)
    today, rerun = format_of(asked), Layout.of("rerun")
    assert today is FORMATS[FORMAT]
    assert today.targets("good") == [str(rerun.train("good").status), str(rerun.evaluate("good").metrics)]
    train, evaluate, xor = ARTIFACTS.train, ARTIFACTS.evaluate, ARTIFACTS.xor
    for run, files in (
        ("good", [train.status, train.history, evaluate.metrics, evaluate.misreads]),
        (None, [xor.status, xor.history, xor.solution]),
    ):
        assert today.results(run) == list(map(str, files))
    assert today.made(None, today.solution) == rerun.xor.solution
    assert (today.provenance, today.pictures) == (str(train.provenance), str(ARTIFACTS.dataset.pictures))
    assert today.columns == PICTURES
    assert today.sections["format"] == FORMAT
    assert restore_configuration(asked, today)["set"] == "rerun"


def test_every_format_up_to_todays_is_known():
    assert sorted(FORMATS) == list(range(1, FORMAT + 1))


def test_todays_names_of_what_the_first_format_recorded():
    @dataclass
    class Old:
        parameters: dict
        metrics: dict
        tags: dict
        format: int = 1

    renamed = {
        "start.method": "initialisation.method",
        "drawn_share": "synthetic_share",
        "dataset.cut": "dataset.segment",
        "dataset.drawn": "dataset.synthetic",
        "segment.clean.smallest_piece": "segment.clean.smallest_component",
        "segment.cut.smallest": "segment.split.smallest_component",
        "segment.cut.method": "segment.split.method",
        "pictures.more.draw.count": "pictures.more.synthesize.count",
    }
    same = ("starting", "dataset.cut.x", "segment.clean.smallest", "x.drawn_share", "seed")
    old = Old(
        {name: name for name in [*renamed, *same]},
        {"unseen/captchas/share_99_right": 0.5, "cost": 1.0},
        {"data.drawn_sha256": "1", "data.train_sha256": "2"},
    )
    found = in_todays_words(old)
    assert found.parameters == {new: name for name, new in renamed.items()} | {name: name for name in same}
    assert found.metrics == {"unseen/captchas/coverage_at_99": 0.5, "cost": 1.0}
    assert found.tags == {"data.synthetic_sha256": "1", "data.train_sha256": "2"}
    pieces = in_todays_words(replace(old, parameters={"segment.cut.method": "pieces"})).parameters
    assert pieces == {"segment.split.method": "components"}
    today = replace(old, format=FORMAT)
    assert in_todays_words(today) is today


def test_a_run_of_a_later_format_is_refused_with_its_number():
    with pytest.raises(UserError, match=r"recorded in format 99, and this version knows formats up to 2;"):
        format_of({"format": 99})


# its code


def restore_code(origin, folder, checkouts, trust_patch=True):
    """Its code, restored as by --trust-patch."""
    return restore.restore_code(origin, folder, checkouts, trust_patch)


@pytest.fixture
def repository(tmp_path):
    """A repository with one commit and, not committed, a changed and a new file: its folder, its record."""
    from captchanet.train.code_origin import code_origin

    folder = tmp_path / "re pository"
    (folder / "src").mkdir(parents=True)
    (folder / "src/a.py").write_bytes(b"a = 1  # \xe9, which is no UTF-8\r\n")
    for words in (
        ["init", "-q"],
        ["config", "user.name", "x"],
        ["config", "user.email", "x@x"],
        ["config", "diff.noprefix", "true"],
        ["config", "color.ui", "always"],
        ["add", "."],
        ["commit", "-qm", "one"],
    ):
        git(folder, *words)
    (folder / "src/a.py").write_bytes(b"a = 2  # \xe9, which is no UTF-8\r\n")
    (folder / "src/new.py").write_text("new = 1\n")
    files = {name: sha256((folder / name).read_bytes()) for name in ("src/a.py", "src/new.py")}
    return folder, {"git": code_origin(folder), "sources": files}


def test_code_is_restored_with_what_was_not_committed(repository, tmp_path):
    folder, origin = repository
    (folder / "src/a.py").write_text("a = 3\n")
    (folder / "src/new.py").unlink()
    git(folder, "commit", "-qam", "two")
    home, differences, how = restore_code(origin, tmp_path / "code", [tmp_path / "no repository", folder])
    assert (home, differences) == (tmp_path / "code", [])
    commit = origin["git"]["commit"]
    assert how == f"commit {commit[:8]} with its uncommitted changes"
    assert (home / "src/a.py").read_bytes().startswith(b"a = 2  # \xe9")
    # the checkout itself is as it was
    assert (folder / "src/a.py").read_text() == "a = 3\n"
    assert not (folder / "src/new.py").exists()
    assert git(folder, "status", "--porcelain") == b""


def test_code_is_restored_again_whatever_a_killed_rerun_left(repository, tmp_path):
    folder, origin = repository
    code = tmp_path / "code"
    restore_code(origin, code, [folder])
    assert restore_code(origin, code, [folder])[1] == []
    # gone without git's knowledge, and locked, as a kill in the middle of `git worktree add` leaves it
    git(folder, "worktree", "lock", str(code))
    code.rename(tmp_path / "elsewhere")
    assert restore_code(origin, code, [folder])[1] == []
    remove_code(code, [folder])
    assert not code.exists()
    assert git(folder, "worktree", "list").count(b"\n") == 1


def test_a_project_inside_a_larger_repository_is_found_in_its_worktree(repository, tmp_path):
    folder, origin = repository
    inner = {"git": origin["git"], "sources": {"a.py": origin["sources"]["src/a.py"]}}
    home, differences, _ = restore_code(inner, tmp_path / "code", [folder / "src"])
    assert (home, differences) == (tmp_path / "code/src", [])


def test_sources_that_are_not_as_recorded_are_named(repository, tmp_path):
    folder, origin = repository
    origin["sources"] |= {"src/a.py": "0" * 64, "src/lost.py": "1" * 64}
    _, differences, _ = restore_code(origin, tmp_path / "code", [folder])
    assert [(one.name, one.again) for one in differences][1] == ("src/lost.py", "missing")
    assert [one.name for one in differences] == ["src/a.py", "src/lost.py"]


@pytest.mark.parametrize("state", [None, {"commit": "b" * 40, "dirty": False, "patch": ""}])
def test_without_its_commit_the_checkout_serves_if_its_sources_are_the_same(repository, tmp_path, state):
    folder, origin = repository
    origin["git"] = state
    assert restore_code(origin, tmp_path / "code", [folder])[:2] == (folder, [])
    (folder / "src/a.py").write_text("a = 3\n")
    assert len(changed(origin["sources"], folder)) == 1
    with pytest.raises(UserError, match="made without git" if state is None else "fetch it"):
        restore_code(origin, tmp_path / "code", [folder])


def test_a_patch_that_does_not_apply_is_said(repository, tmp_path):
    folder, origin = repository
    origin["git"]["patch"] = origin["git"]["patch"].replace("a = 1", "a = 7")
    with pytest.raises(UserError, match="do not apply to commit"):
        restore_code(origin, tmp_path / "code", [folder])


def test_changes_that_this_folder_did_not_record_are_shown_and_never_run(repository, tmp_path, monkeypatch):
    folder, origin = repository
    monkeypatch.chdir(tmp_path)
    code = tmp_path / "reruns/cg/code"
    with pytest.raises(UntrustedPatch) as refused:
        restore_code(origin, code, [folder], trust_patch=False)
    file = code.parent / "uncommitted-changes.patch"
    said = "2 lines added and 1 removed in src/a.py, src/new.py"
    for words in ("not recorded in this folder", said, f"read {file}", "repeat this with --trust-patch"):
        assert words in str(refused.value)
    assert "a = 2" in refused.value.patch
    assert os.fsencode(file.read_bytes().decode("utf-8", "surrogateescape")) == file.read_bytes()
    assert not code.exists()
    assert git(folder, "worktree", "list").count(b"\n") == 1
    # its own runs note what they record
    (tmp_path / ".snakemake").mkdir()
    remember(origin["git"])
    assert restore_code(origin, code, [folder], trust_patch=False)[1] == []
    # one letter more is another patch
    origin["git"]["patch"] = origin["git"]["patch"].replace("a = 2", "a = 23")
    with pytest.raises(UntrustedPatch):
        restore_code(origin, code, [folder], trust_patch=False)
    # without changes there is nothing to trust
    origin["git"]["patch"] = ""
    assert restore_code(origin, code, [folder], trust_patch=False)[1]


def test_what_git_could_not_record_is_said_and_a_checkout_with_the_same_sources_serves(repository, tmp_path):
    folder, origin = repository
    origin["git"] |= {"dirty": None, "patch": "", "problem": "No space left on device"}
    assert restore_code(origin, tmp_path / "code", [folder])[:2] == (folder, [])
    (folder / "src/a.py").write_text("a = 3\n")
    _, differences, how = restore_code(origin, tmp_path / "code", [folder])
    assert how.endswith("but its record is incomplete: No space left on device")
    assert [one.name for one in differences] == ["src/a.py", "src/new.py"]
    origin["git"]["commit"] = None
    with pytest.raises(UserError, match=r"git could not tell the run's commit \(No space left on device\)"):
        restore_code(origin, tmp_path / "code", [folder])


def test_why_git_cannot_read_the_commit_is_said(repository, tmp_path, monkeypatch):
    folder, origin = repository
    (folder / "src/a.py").write_text("a = 3\n")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match=r"its commit \w{40} cannot be read in .*: git is not installed"):
        restore_code(origin, tmp_path / "code", [folder])


# its configuration


def test_a_restored_configuration_is_valid_and_looks_nowhere_else(made_results):
    for files in (made_results.layout.train("good"), made_results.layout.xor):
        asked = read_json(files.configuration)
        restored = yaml.safe_load(yaml.safe_dump(restore_configuration(asked, FORMATS[FORMAT])))
        found = resolved(restored).dump()
        assert {Path(entry["folder"]).parts[0] for entry in found["pictures"].values()} == {"data"}
        for section in ("train", "segment", "dataset"):
            # to the type: 1.0 is not 1 in the parameters that are recorded
            before = asked.get(section, found[section])
            assert json.dumps(found[section], sort_keys=True) == json.dumps(before, sort_keys=True)
        assert found["xor"] == asked.get("xor", found["xor"])
        assert (restored["format"], restored["set"]) == (FORMAT, "rerun")


@pytest.mark.parametrize("results", ["mixed_results", "synthetic_results"])
def test_what_was_synthetic_is_made_again(results, request, tmp_path):
    made = request.getfixturevalue(results)
    asked = read_json(made.layout.train("good").configuration)
    restored = yaml.safe_load(yaml.safe_dump(restore_configuration(asked, FORMATS[FORMAT])))
    assert restored["pictures"]["synthetic"] == asked["pictures"]["synthetic"]
    found = resolved(restored).pictures["synthetic"]
    assert found == made.config.pictures["synthetic"]
    # and nothing is looked for in a folder
    rows = read_csv(made.layout.dataset("main").pictures, PICTURES)
    assert {row[0] for row in rows} == set(asked["pictures"]) - {"synthetic"}
    differences, remarks = restore_pictures(rows, asked["pictures"], Path(), tmp_path, "HEAD")
    assert (differences, remarks) == ([], [])
    assert {file.name for file in tmp_path.iterdir()} == {row[0] for row in rows}


# its pictures


@pytest.fixture
def pictures(tmp_path):
    """A folder of pictures with names of all kinds, and the rows that recorded them."""
    folder = tmp_path / "here/pictures"
    folder.mkdir(parents=True)
    names = ["a.png", 'b,"c".png', " d\r\n.png", os.fsdecode(b"\xff.png"), "{e}.png"]
    for name in names:
        (folder / name).write_bytes(os.fsencode(name) * 3)
    rows = [("raw", name, "ab", sha256((folder / name).read_bytes())) for name in names]
    return folder, rows


def restored(rows, tmp_path, labels=None, **more):
    recorded = {"raw": {"folder": "pictures", "labels": labels}}
    return restore_pictures(rows, recorded, tmp_path / "here", tmp_path / "into", "HEAD", **more)


def test_pictures_are_copied_and_what_was_added_since_is_left(pictures, tmp_path):
    folder, rows = pictures
    (folder / "new.png").write_text("new")
    assert restored(rows, tmp_path) == ([], [])
    copied = tmp_path / "into/raw"
    assert {file.name for file in copied.iterdir()} == {row[1] for row in rows}
    for row in rows:
        assert (copied / row[1]).read_bytes() == (folder / row[1]).read_bytes()


def test_a_changed_a_lost_and_an_unreadable_picture_are_named(pictures, tmp_path):
    folder, rows = pictures
    (folder / "a.png").write_text("changed")
    (folder / "{e}.png").unlink()
    (folder / 'b,"c".png').unlink()
    os.mkfifo(folder / 'b,"c".png')
    differences, _ = restored(rows, tmp_path)
    assert [(one.name, one.again) for one in differences] == [
        ("pictures/a.png", sha256(b"changed")[:8]),
        ('pictures/b,"c".png', "no file"),
        ("pictures/{e}.png", "missing"),
    ]
    # it is run again with the pictures that are left
    assert (tmp_path / "into/raw/a.png").read_text() == "changed"
    assert not (tmp_path / "into/raw/{e}.png").exists()


def test_labels_are_those_recorded(pictures, tmp_path):
    rows = [
        ("raw", name, label, digest)
        for (_, name, _, digest), label in zip(pictures[1][:2], ("xy", "z"), strict=True)
    ]
    restored(rows, tmp_path, labels="labels.csv")
    assert read_label_file(tmp_path / "into/raw.labels.csv") == {"a.png": ["xy"], 'b,"c".png': ["z"]}
    (tmp_path / "into/raw.labels.csv").unlink()
    restored(rows, tmp_path)
    assert not (tmp_path / "into/raw.labels.csv").exists()
    # the configuration of the rerun names the file
    asked = {
        "pictures": {"raw": {"folder": "here", "labels": "mine.csv"}, "b": {"folder": "b", "labels": None}}
    }
    found = restore_configuration(asked | {"train": {"cg": {}}}, FORMATS[FORMAT])["pictures"]
    assert found["raw"] == {"folder": "data/raw", "labels": "data/raw.labels.csv"}
    assert found["b"]["labels"] is None


def test_a_folder_without_any_picture_left_is_said(pictures, tmp_path):
    folder, rows = pictures
    folder.rename(folder.with_name("away"))
    with pytest.raises(UserError, match="all of its 5 pictures are missing in pictures"):
        restored(rows, tmp_path)


def test_git_lends_a_picture_that_it_has_as_it_was(pictures, tmp_path):
    folder, rows = pictures
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm1"],
    ):
        git(folder, *words)
    (folder / "a.png").write_text("changed")
    (folder / 'b,"c".png').unlink()
    differences, remarks = restored(rows, tmp_path, lend=False)
    assert [one.name for one in differences] == ["pictures/a.png", 'pictures/b,"c".png']
    assert remarks == []
    differences, remarks = restored(rows, tmp_path)
    assert (differences, len(remarks)) == ([], 2)
    for row in rows:
        assert sha256((tmp_path / "into/raw" / row[1]).read_bytes()) == row[3]


@pytest.mark.parametrize("file", ["../out.png", "/tmp/out.png", "a/b.png", "..", ".", "", "a\0.png"])
def test_a_recorded_name_that_leaves_its_folder_is_refused(pictures, tmp_path, file):
    rows = pictures[1]
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match="would lead out of its folder"):
        restored([*rows, ("raw", file, "ab", "0" * 64)], tmp_path)
    with pytest.raises(UserError, match=r"names a picture of '\.\./raw', which is no folder in its config"):
        restored([("../raw", "a.png", "ab", "0" * 64)], tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("section", ["train", "pictures"])
def test_a_recorded_run_whose_names_leave_its_folder_is_refused(section):
    asked = {"format": FORMAT, "pictures": {"raw": {}}, "train": {"cg": {}}}
    check_names(asked)
    with pytest.raises(UserError, match=f"names an entry of `{section}` '../../x', which would lead out"):
        check_names(asked | {section: {"../../x": {}}})


def test_sections_that_no_run_records_are_left_out_of_its_configuration():
    asked = {"pictures": {"raw": {"folder": "mine", "labels": None}}, "train": {"cg": {}}, "dataset": {}}
    found = restore_configuration(asked | {"track": {"tracking_uri": "http://x"}, "set": "y"}, FORMATS[2])
    assert set(found) == {*asked, "format", "set"}
    assert found["set"] == "rerun"


def test_of_several_versions_git_lends_the_recorded_one_and_says_so(pictures, tmp_path):
    folder, rows = pictures
    git(folder, "init", "-q")
    git(folder, "config", "user.name", "x")
    git(folder, "config", "user.email", "x@x")
    for number in ("first", "second"):
        git(folder, "add", ".")
        git(folder, "commit", "-qm", number)
        # HEAD has another version than the recorded one, and the disk a third
        (folder / "a.png").write_text(f"after the {number}")
    differences, remarks = restored(rows, tmp_path)
    assert differences == []
    assert remarks == [
        f"pictures/a.png is not as it was ({sha256(b'after the second')[:8]}) and was taken from git"
    ]
    assert (tmp_path / "into/raw/a.png").read_bytes() == b"a.png" * 3
    # one that git never had is named, and is not replaced by what HEAD has
    unknown = [("raw", "a.png", "ab", "0" * 64)]
    differences, remarks = restored(unknown, tmp_path)
    assert [(one.name, one.recorded) for one in differences] == [("pictures/a.png", "00000000")]
    assert remarks == []


def test_git_lends_a_picture_of_the_runs_commit_also_where_no_branch_has_it_any_more(pictures, tmp_path):
    folder, rows = pictures
    for words in ("init -q", "config user.name x", "config user.email x@x", "add .", "commit -qm 1"):
        git(folder, *words.split())
    commit = git(folder, "rev-parse", "HEAD").decode().strip()
    (folder / "a.png").write_text("changed")
    git(folder, "commit", "-qa", "--amend", "-m2")
    git(folder, "reflog", "expire", "--expire=now", "--all")
    recorded = {"raw": {"folder": "pictures", "labels": None}}
    for where, lost in ((commit, []), ("HEAD", ["pictures/a.png"])):
        found, _ = restore_pictures(rows, recorded, tmp_path / "here", tmp_path / "into", where)
        assert [one.name for one in found] == lost


# where it happens


def test_a_folder_with_anything_else_in_it_is_refused(tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UserError, match="other files in it than a rerun"), claimed(tmp_path):
        pass
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_folder_of_an_earlier_rerun_is_emptied_and_never_used_twice_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("captchanet.reproduce.execute.PATIENCE", 0.1)
    folder = tmp_path / "deep/er"
    with claimed(folder):
        (folder / "left").write_text("left")
        with pytest.raises(UserError, match="another rerun uses this folder"), claimed(folder):
            pass
        assert (folder / "left").exists()
    with claimed(folder):
        assert [file.name for file in folder.iterdir()] == [MARKER]
    assert [file.name for file in folder.parent.iterdir()] == ["er"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be used"), claimed(tmp_path / "file/folder"):
        pass


def test_the_workflow_gets_its_targets_and_ends_with_whoever_started_it(tmp_path, monkeypatch):
    program = tmp_path / "snakemake.py"
    for name in ("PYTHONPATH", "SNAKEMAKE_PROFILE", "GIT_DIR", "KEPT"):
        monkeypatch.setenv(name, "the user's")
    home = tmp_path / "home"
    with (tmp_path / "lock").open("w") as lock:
        program.write_text(
            "import json, os, sys\n"
            "print('said')\n"
            f"held = os.path.lexists(f'/proc/{{os.getppid()}}/fd/{lock.fileno()}')\n"
            "told = {'argv': sys.argv[1:], 'env': dict(os.environ), 'held': held}\n"
            "told |= {'session': os.getsid(0), 'above': os.getppid()}\n"
            "json.dump(told, open('told.json', 'w'))\n"
        )
        snakemake(home, tmp_path, ["results/a", "results/b"], 3, {"A_KERNEL": "its"}, lock.fileno())
    found = read_json(tmp_path / "told.json")
    options = ["--snakefile", str(home / "Snakefile"), "--directory", str(tmp_path)]
    options += ["--configfile", str(tmp_path / "config.yaml"), "--cores", "3"]
    assert found["argv"] == [*options, "results/a", "results/b", "--no-hooks"]
    assert (found["env"]["A_KERNEL"], found["env"]["KEPT"]) == ("its", "the user's")
    assert not {"PYTHONPATH", "SNAKEMAKE_PROFILE", "GIT_DIR"} & set(found["env"])
    # a session of its own, led by the process that ends it and holds the lock until then
    assert found["session"] == found["above"] != os.getsid(0)
    assert found["held"] or sys.platform != "linux"
    assert (tmp_path / "snakemake.log").read_text() == "said\n"
    program.write_text("raise SystemExit('1\\n2\\n 3 \\n4')")
    with pytest.raises(UserError, match=r"^the workflow failed: 2 3 4; its whole output: .*/snakemake\.log$"):
        snakemake(home, tmp_path, [], 1, {}, 0)
    program.write_text("raise SystemExit(1)")
    with pytest.raises(UserError, match="failed: it printed nothing"):
        snakemake(home, tmp_path, [], 1, {}, 0)


@pytest.mark.workflow
def test_a_workflow_that_fails_is_said_with_its_own_words(tmp_path):
    (tmp_path / "Snakefile").write_text("raise SystemExit('captchanet: no such thing')\n")
    (tmp_path / "config.yaml").write_text("{}")
    with pytest.raises(UserError, match=r"captchanet: no such thing; its whole output: .*snakemake\.log"):
        snakemake(tmp_path, tmp_path, ["results/x"], 1, {}, 0)


def test_the_recorded_kernel_is_asked_for_where_it_is_another_and_runs_here(monkeypatch):
    asked = []

    def kernels(environment):
        asked.append(environment)
        names = {environment["OPENBLAS_CORETYPE"]} if environment else {"Zen", "Haswell", "Atom", "Core2"}
        return None if "Slow" in names else names

    monkeypatch.setattr(execute, "_kernels", kernels)
    others = "Atom, Core2, Haswell, Zen here"
    pool = ORIGIN["blas"][0]
    forced = {"OPENBLAS_CORETYPE": "Prescott"}
    assert kernel([pool | {"kernel": "Prescott"}] * 2) == (
        forced,
        f"its BLAS kernel: {others}, Prescott then, and set to that",
    )
    assert asked == [{}, forced]
    said = f"its BLAS kernel: {others}, Slow then, which does not run here"
    assert kernel([pool | {"kernel": "Slow"}]) == ({}, said)
    # several kernels at once cannot be asked for
    assert kernel([pool | {"kernel": "A"}, pool | {"kernel": "B"}]) == ({}, "")
    monkeypatch.setattr(execute, "_kernels", lambda environment: None)
    assert kernel([pool]) == ({}, "")


@pytest.mark.workflow
def test_the_kernel_of_the_record_is_set_where_the_processor_has_it():
    from captchanet.train.provenance import arithmetic

    here = arithmetic()["blas"]
    assert kernel(here) == ({}, "")
    assert kernel([]) == ({}, "")
    forced, remark = kernel([here[0] | {"kernel": "NoSuchKernel"}])
    assert forced == {}
    assert "does not run here" in remark
    if here[0]["kernel"] in ("SkylakeX", "Zen"):
        forced, remark = kernel([here[0] | {"kernel": "Haswell"}])
        assert forced == {"OPENBLAS_CORETYPE": "Haswell"}
        assert "set to that" in remark


# from the record to the verdict; marked, because importing mlflow takes seconds, and it warns of its own
# deprecations


@pytest.fixture
def again(made_results, tmp_path, monkeypatch):
    """Runs the good run, or XOR, again from its record, with a workflow that copies the recorded results.

    `record` is the folder of its artifacts, `asked` what the workflow was called with; a test may exchange
    `made`, which puts the results of the workflow into a folder.
    """
    from captchanet.reproduce import rerun
    from captchanet.track.history import Run

    here = tmp_path / "here"
    (here / "src").mkdir(parents=True)
    (here / "src/a.py").write_text("a = 1\n")
    monkeypatch.chdir(here)

    class Again:
        record, asked = tmp_path / "record", []

        def of(self, name, **options):
            layout, self.name = made_results.layout, name
            stages = {"train": layout.train("good"), "evaluate": layout.evaluate("good")}
            stages = stages if name else {"train": layout.xor}
            for stage, files in (stages | {"dataset": layout.dataset("main")}).items():
                for file in files:
                    (self.record / stage).mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, self.record / stage)
            file = self.record / ARTIFACTS.train.provenance
            origin = {"git": None, "sources": {"src/a.py": sha256(b"a = 1\n")}}
            file.write_text(json.dumps(read_json(file) | origin))
            self.run = Run("1" * 32, name or "xor", "finished", None, {}, {}, {}, self.record.as_uri())
            return self

        def __call__(self, **options):
            return rerun.rerun(None, self.run, tmp_path / "again", rerun.Options(**options))

        def made(self, results):
            for stage in ("train", "evaluate"):
                to = results / (f"{stage}/{self.name}" if self.name else "xor")
                if (self.record / stage).is_dir():
                    shutil.copytree(self.record / stage, to, dirs_exist_ok=True)

        def workflow(self, home, folder, targets, cores, environment, lock):
            self.asked.append((home, targets, cores, environment))
            os.fstat(lock)
            self.made(folder / "results/rerun")

    one = Again()
    monkeypatch.setattr(rerun, "snakemake", one.workflow)
    monkeypatch.setattr(rerun, "kernel", lambda blas: ({"A_KERNEL": "its"}, f"{len(blas)} kernels"))
    return one


@pytest.mark.workflow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["good", None])
def test_a_run_is_restored_from_its_record_made_again_and_judged(again, name, tmp_path, made_results):
    found = again.of(name)(cores=3)
    assert found.repeated
    results = made_results.layout.train("good") if name else made_results.layout.xor
    theta = read_json(results.provenance)["theta_sha256"]
    assert (found.run, found.id, found.theta) == (name or "xor", "1" * 32, (theta, theta))
    here, folder = tmp_path / "here", tmp_path / "again"
    kernels = len(read_json(results.provenance)["blas"])
    assert found.remarks == [
        f"its code is that of {here}, where its sources are as they were",
        f"{kernels} kernels",
    ]
    last = ["train/good/status.json", "evaluate/good/metrics.json"] if name else ["xor/status.json"]
    assert again.asked == [(here, [f"results/rerun/{file}" for file in last], 3, {"A_KERNEL": "its"})]
    verdict = read_json(folder / "verdict.json")
    assert (verdict["repeated"], verdict["sentence"]) == (True, found.sentence)
    assert 0 <= verdict["seconds"] < 60
    # what the workflow had to work with
    config = resolved(yaml.safe_load((folder / "config.yaml").read_text()))
    assert list(config.train) == [name or "none"]
    for pictures, entry in config.pictures.items():
        there = {file.name: file.read_bytes() for file in (folder / entry.folder).iterdir()}
        usable = [file for file in there if file != "b<b>d.png"]
        before = made_results.pictures / pictures
        assert there == (
            {file: (before / file).read_bytes() for file in usable} if name else {"none.png": b""}
        )


@pytest.mark.workflow
@pytest.mark.filterwarnings("default")
def test_a_rerun_says_what_differs_each_once_and_first_what_it_could_not_restore(again, tmp_path):
    of = again.of("good")
    rows = of.record / ARTIFACTS.dataset.pictures
    header, first, *others = rows.read_text().splitlines()
    entry, file, label, _ = first.split(",")
    rows.write_text("\n".join([header, f"{entry},{file},{label},{'0' * 64}", *others, ""]))

    def other(results):
        Again.made(of, results)
        provenance = results / "train/good/provenance.json"
        provenance.write_text(
            json.dumps(read_json(provenance) | {"theta_sha256": "f" * 64, "cpu": "another"})
        )

    Again, of.made = type(of), other
    found = of(pictures_from_git=False)
    assert not found.repeated
    assert found.theta[1] == "f" * 64
    assert found.differences[0].recorded == "00000000"
    assert [one.kind for one in found.differences] == ["data", "CPU"]
    assert read_json(tmp_path / "again/verdict.json")["repeated"] is False

    def fails(results):
        raise UserError("the workflow failed")

    of.made = fails
    with pytest.raises(
        UserError, match=rf"^the workflow failed; not as recorded: .*{file} \([0-9a-f]{{8}}\)$"
    ):
        of()


@pytest.mark.workflow
@pytest.mark.filterwarnings("default")
def test_a_record_that_lacks_a_file_is_said_with_the_file(again):
    of = again.of("good")
    (of.record / ARTIFACTS.evaluate.misreads).unlink()
    with pytest.raises(UserError, match=r"the run good \(11111111\) has no file evaluate/misreads\.csv"):
        of()
    assert not of.asked


@pytest.mark.workflow
@pytest.mark.filterwarnings("default")
def test_of_many_things_that_could_not_be_restored_three_are_named_where_the_workflow_fails(again):
    of = again.of("good")
    rows = of.record / ARTIFACTS.dataset.pictures
    header, *lines = rows.read_text().splitlines()
    lost = [line.split(",") for line in lines[:5]]
    rows.write_text("\n".join([header, *(",".join([*row[:3], "0" * 64]) for row in lost), *lines[5:], ""]))

    def fails(results):
        raise UserError("it failed")

    of.made = fails
    with pytest.raises(UserError) as found:
        of(pictures_from_git=False)
    said = str(found.value)
    assert [row[1] in said for row in lost] == [True] * 3 + [False] * 2
    assert said.startswith("it failed; not as recorded: ")


@pytest.mark.workflow
@pytest.mark.filterwarnings("default")
def test_pictures_are_first_looked_for_in_the_commit_of_the_run_and_no_patch_runs_unasked(again, monkeypatch):
    from captchanet.reproduce import rerun

    commits = []

    def restored(rows, pictures, here, into, commit, lend):
        commits.append((into.name, commit, lend))
        return [], []

    monkeypatch.setattr(rerun, "restore_pictures", restored)
    monkeypatch.setattr(rerun, "restore_code", lambda origin, code, checkouts, trust: (code, [], f"{trust}"))
    of = again.of("good")
    file = of.record / ARTIFACTS.train.provenance
    for origin, options in (
        (None, {}),
        ({"commit": None, "dirty": None, "problem": "no git"}, {"trust_patch": True}),
        ({"commit": "c" * 40, "dirty": False, "problem": ""}, {"pictures_from_git": False}),
    ):
        file.write_text(json.dumps(read_json(file) | {"git": origin}))
        found = of(**options)
        assert found.remarks[0] == f"its code is {options.get('trust_patch', False)}"
    assert commits == [("data", "HEAD", True), ("data", "HEAD", True), ("data", "c" * 40, False)]


# many at once; marked, because importing mlflow takes seconds, and it warns of its own deprecations


@pytest.fixture
def recorded_runs(monkeypatch):
    """Four recorded runs; each rerun ends as the name of its run says."""
    from datetime import UTC, datetime

    from captchanet.cli.runs import in_set
    from captchanet.reproduce import rerun
    from captchanet.track.history import History, Run

    names = ("good", "good too", "bad", "impossible")
    runs = [
        Run(f"{number}" * 32, name, "finished", datetime.now(UTC), {}, {}, {"set": name[:4]})
        for number, name in enumerate(names)
    ]

    def recorded(configfile, of=None, parents=False):
        return None, History(in_set(runs, of), 0)

    def again(store, run, folder, options):
        if run.name == "impossible":
            raise UserError("no such commit")
        same = {"theta": run.name != "bad", "train/history.csv": True}
        rows = [] if same["theta"] else [Mismatch("data", "a.png", "1", "2")]
        return Verdict(run.name, run.id, same, ("1", "2"), ("a", "b"), rows, [], 1.5)

    monkeypatch.setattr("captchanet.cli.rerun.recorded", recorded)
    monkeypatch.setattr(rerun, "rerun", again)
    return runs


@pytest.mark.workflow
@pytest.mark.filterwarnings("default")
def test_a_sample_is_the_same_for_the_same_seed_and_runs_in_any_order(recorded_runs):
    from captchanet.reproduce.rerun import sample

    chosen = sample(recorded_runs, 2, 1)
    assert sample(recorded_runs[::-1], 2, 1) == chosen
    assert len({run.id for run in chosen}) == 2
    assert {run.id for seed in range(20) for run in sample(recorded_runs, 2, seed)} == {
        run.id for run in recorded_runs
    }
    assert len(sample(recorded_runs, 9, 1)) == 4


@pytest.mark.workflow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--all"], 1, "2 of 4 repeated to the last bit; 1 not; 1 could not be run again"),
        (["--set", "good"], 0, "2 of 2 repeated to the last bit"),
        (["--set", "impo"], 2, "0 of 1 repeated to the last bit; 1 could not be run again"),
        (["--set", "none"], 2, "no run belongs to a set 'none'; there are: bad, good, impo"),
        (["--sweep", "none"], 2, "no recorded run fits these options"),
    ],
)
def test_one_that_cannot_be_verified_is_listed_and_the_others_go_on(recorded_runs, words, status, said):
    from captchanet.cli import main

    shown = CliRunner().invoke(main, ["verify", *words])
    assert shown.exit_code == status
    assert said in shown.output
    if words == ["--all"]:
        assert "bad         22222222  NO     same         1.5  data a.png: 1, now 2" in shown.output
        assert "impossible  33333333  could not be run again: no such commit" in shown.output


@pytest.mark.workflow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("file", "text"), [("train/configuration.json", "{"), ("train/provenance.json", ""), ("x.csv", "a,b\n1")]
)
def test_a_record_with_a_damaged_file_is_said_with_its_run(recorded_runs, tmp_path, monkeypatch, file, text):
    from captchanet.reproduce import rerun

    whole = {
        "train/configuration.json": '{"format": 2, "train": {"good": {}}}',
        "dataset/pictures.csv": "a\n",
    }
    found = whole | {"dataset/pictures.csv" if file == "x.csv" else file: text}
    monkeypatch.setattr(rerun, "artifact", lambda store, run, path: found.get(path, "{}"[: len(path)]))
    monkeypatch.setattr(rerun, "check_names", lambda configuration: None)
    for path in ("train/history.csv", "evaluate/misreads.csv"):
        found.setdefault(path, "a\n")
    with pytest.raises(
        UserError, match=r"the run good \(00000000\): its file .* is damaged .*train it again"
    ):
        rerun.fetch(None, recorded_runs[0], tmp_path)


@pytest.mark.workflow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("train/configuration.json", '{"format": [], "train": {"good": {}}}'),
        ("train/configuration.json", '{"format": 2, "train": 5, "pictures": []}'),
        ("train/provenance.json", "{}"),
        ("train/provenance.json", '{"git": 5, "sources": []}'),
    ],
)
def test_a_whole_file_with_another_content_than_a_record_has_is_said_with_its_run(
    tmp_path, monkeypatch, file, text
):
    from captchanet.reproduce import rerun
    from captchanet.track.history import Run

    found = {
        "train/configuration.json": '{"format": 2, "train": {"good": {}}, "pictures": {}}',
        "dataset/pictures.csv": "a\n",
        "train/history.csv": "a\n",
        "evaluate/misreads.csv": "a\n",
    }
    monkeypatch.setattr(rerun, "artifact", lambda store, run, path: (found | {file: text}).get(path, "{}"))
    monkeypatch.setattr(rerun, "restore_configuration", lambda asked, form: {})
    monkeypatch.setattr(rerun, "check_whole", lambda path: None)
    run = Run("0" * 32, "good", "finished", None, {}, {}, {})
    with pytest.raises(UserError, match=r"the run good \(00000000\): its record in .* train it again"):
        rerun.rerun(None, run, tmp_path / "again", rerun.Options())
