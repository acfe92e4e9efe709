"""Every path below results/ comes from one module, and a script gets the files that its rule names."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.layout import (
    ARTIFACTS,
    PARTS,
    DatasetFiles,
    EvaluateFiles,
    Files,
    Layout,
    SegmentedFiles,
    SyntheticFiles,
    TrainFiles,
    XorFiles,
)

ROOT = Path(__file__).resolve().parents[1]
KINDS = (SyntheticFiles, SegmentedFiles, DatasetFiles, TrainFiles, XorFiles, EvaluateFiles)
NAMES = sorted({file.name for kind in KINDS for file in kind.within("x")})


class Namelist(list):
    """What Snakemake gives to a script: files by name. A list of one file is the file itself."""

    def __init__(self, **files):
        for name, value in files.items():
            one = not isinstance(value, str) and len(value) == 1
            setattr(self, name, value[0] if one else value)


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_of_a_rule_come_back_by_name(kind):
    files = kind.within("a folder")
    assert kind.named(Namelist(**files.by_name("run_")), "run_") == files
    assert [file.parent for file in files] == [Path("a folder")] * len(list(files))


words = st.text("abc-,=", min_size=1, max_size=4)


@settings(max_examples=25)
@given(st.lists(words, unique=True))
def test_the_files_of_many_folders_come_back_by_name(folders):
    expected = [SegmentedFiles.within(folder) for folder in folders]
    given = Namelist(**SegmentedFiles.columns(expected, "of_"))
    assert SegmentedFiles.rows(given, "of_") == expected


@settings(max_examples=25)
@given(
    st.lists(words, unique=True), st.lists(words, unique=True), st.lists(st.tuples(words, words), unique=True)
)
def test_the_files_of_many_runs_are_those_of_each(runs, data, segmented):
    layout = Layout.of("x")
    # a tuple of names reaches a script as a list
    found = layout.results(runs, data, [list(pair) for pair in segmented])
    assert found == layout.results(runs, data, segmented)
    each = [*map(layout.train, runs), *map(layout.evaluate, runs), *map(layout.dataset, data)]
    each += [*(layout.segment(*pair) for pair in segmented), layout.xor]
    assert list(found) == [file for files in each for file in files]


def test_one_set_has_one_folder_and_wildcards_pass_through():
    layout = Layout.of("mine")
    assert str(layout.train("{run}").theta) == "results/mine/train/{run}/model.npz"
    files = [layout.report, layout.verdict, layout.tracked, layout.sweep("s"), layout.domain_gap("main")]
    files += [*layout.xor, *layout.segment("grid", "raw"), layout.rejected_log("grid", "raw")]
    files += [of("train", "a.b") for of in (layout.log, layout.benchmark)] + [
        layout.log("segment", "g", "raw")
    ]
    assert str(layout.log("train", "a.b")) == "results/mine/logs/train/a.b.log"
    assert str(layout.benchmark("xor")) == "results/mine/benchmarks/xor.tsv"
    assert {file.parts[:2] for file in files} == {("results", "mine")}
    assert len(set(files)) == len(files)


def test_the_parts_of_a_data_set_are_arrays_and_only_the_training_part_is_a_pickle_too():
    files = DatasetFiles.within("x")
    assert [files.part(part).suffix for part in PARTS] == [".npz"] * 4
    assert [file.name for file in files if file.suffix == ".pkl"] == ["train_data.pkl"]
    assert str(ARTIFACTS.evaluate.misreads) == "evaluate/misreads.csv"


SOURCES = [
    file
    for pattern in ("src/captchanet/**/*.py", "workflow/**/*.smk", "workflow/**/*.py", "Snakefile")
    for file in sorted(ROOT.glob(pattern))
    # formats.py has the names of the first format, which do not change any more
    if file.name not in ("layout.py", "formats.py")
]


def test_no_other_file_of_the_program_names_a_result():
    # labels.csv is also what people call the file of labels in a folder of pictures
    names = {*NAMES, "results/"} - {"labels.csv"}
    assert len(SOURCES) > 80
    for file in SOURCES:
        code = re.sub(r'"""[\s\S]*?"""|#.*', "", file.read_text())
        # a sentence for a person may name one
        quoted = [text for text in re.findall(r"""["']([^"'\n]*)["']""", code) if " " not in text]
        named = [text for text in quoted if any(name in text for name in names)]
        assert not named, f"{file}: take {named} from captchanet.layout"


def test_a_kind_of_files_names_each_once():
    for kind in KINDS:
        assert issubclass(kind, Files)
        assert len({file.name for file in kind.within("x")}) == len(list(kind.within("x")))
