"""A look at a folder: the picture, and the grid that is suggested for an unknown kind."""

import itertools
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import SETTINGS
from PIL import Image

from captchanet.cli import main
from captchanet.cli.look import snippet
from captchanet.config.resolve import resolved
from captchanet.errors import UserError
from captchanet.segment import suggest as module
from captchanet.segment.clean import distance, ink
from captchanet.segment.estimate_grid import GridEstimate, estimate_grid, widened
from captchanet.segment.preview import png, preview
from captchanet.segment.read import spread
from captchanet.segment.segmentation import Segmentation
from captchanet.segment.suggest import sample, suggest
from captchanet.synthesize.folder import synthesize_folder
from captchanet.synthesize.lined import Lined
from captchanet.synthesize.style import Style, render_captcha, sample_labels

OTHER = replace(
    Style(),
    width=90,
    height=32,
    characters=5,
    pitch=15.5,
    first_pivot_x=13.0,
    pivot_y=14.0,
    baseline=21.0,
    rotation=15.0,
    ink_colour=(140, 20, 20),
)


def look(*words):
    return CliRunner().invoke(main, ["look", *map(str, words)])


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    folder = tmp_path_factory.mktemp("look") / "other"
    synthesize_folder(folder, 40, 1, OTHER)
    return folder


@pytest.fixture
def known_grid(monkeypatch):
    """For tests of labels alone: the search for the grid is what takes the time."""
    grid = GridEstimate(4, 4, 1, 12, 13, 20, True)
    monkeypatch.setattr(
        module, "estimate_grid", lambda maps, known=None: replace(grid, characters=known or 4)
    )


@pytest.fixture(scope="module")
def shipped(root):
    """A sample of the project's own captchas, and what is suggested for them."""
    seen = sample(root / "data/raw")
    return seen, *suggest(seen)


def test_the_captchas_that_come_with_it_are_measured(shipped):
    _, found, remarks = shipped
    assert found == {
        "picture": {"width": 72, "height": 27},
        "characters": 4,
        "clean": {"method": "ink", "colour": [0, 0, 153]},
        "split": {"method": "grid", "left": 4, "top": 1, "pitch": 12, "width": 13, "height": 20},
    }
    assert remarks == ["60 file names are labels of 4 characters"]


@pytest.mark.parametrize("name", ["sheared-old", "sheared-new"])
def test_the_real_captchas_are_measured(real, name):
    found, _ = suggest(sample(real / name))
    assert found["split"] == {"method": "grid", "left": 4, "top": 1, "pitch": 12, "width": 13, "height": 20}


def test_another_kind_is_measured_with_and_without_labels(other, tmp_path):
    for number, file in enumerate(sorted(other.iterdir())):
        (tmp_path / f"{number:04}.png").write_bytes(file.read_bytes())
    (labelled, _), (numbered, remarks) = suggest(sample(other)), suggest(sample(tmp_path))
    assert labelled == numbered
    assert (labelled["characters"], labelled["picture"]) == (5, {"width": 90, "height": 32})
    assert labelled["clean"] == {"method": "ink", "colour": [140, 20, 20]}
    grid = labelled["split"]
    assert grid["pitch"] == pytest.approx(15.5, abs=0.3)
    # the middles of the letters, which the pivots are near to
    assert grid["left"] + grid["width"] / 2 == pytest.approx(13, abs=1.5)
    assert 3 <= grid["top"] <= 7
    assert 16 <= grid["height"] <= 24
    assert "no labels" in remarks[0]


@settings(max_examples=25)
@given(st.integers(0, 40), st.integers(4, 30), st.integers(1, 4), st.integers(30, 90))
def test_widened_windows_have_the_middles_of_narrow_ones(left, pitch, characters, width):
    narrow = GridEstimate(characters, left, 5, pitch, pitch + 1, 20, True)
    found = widened(narrow, width, 32)
    assert found.left + found.width / 2 == narrow.left + narrow.width / 2
    assert (found.pitch, found.top, found.height) == (pitch, 0, 32)
    assert found.width == min(round(pitch * 5 / 3), width)


@settings(max_examples=4)
@given(st.integers(2, 7), st.integers(9, 13), st.integers(0, 8), st.integers(0, 9), st.integers(0, 10**6))
def test_positions_of_boxes_are_found(characters, pitch, left, top, seed):
    rng = np.random.default_rng(seed)
    maps = np.zeros((60, 40, left + pitch * characters + 7), np.float32)
    for one, i in itertools.product(maps, range(characters)):
        x = left + pitch * i + rng.integers(0, 3)
        one[top : top + 15, x : x + pitch - 4] = rng.uniform(0.6, 1)
    for known in (characters, None):
        found = estimate_grid(maps, known)
        assert found.clear
        assert found.characters == characters
        # where they were put leaves the mean uncertain
        assert abs(found.pitch - pitch) * (characters - 1) <= 1
        assert found.width == round(found.pitch) + 1
        assert (found.top, found.height) == (top, 15)
        # a box lies in the middle of its window, give or take where it was put
        assert abs(found.left + found.width / 2 - (left + 1 + (pitch - 4) / 2)) <= 1.5


def test_characters_without_fixed_positions_are_found_as_connected_components(tmp_path):
    rng = np.random.default_rng(1)
    for label in sample_labels(60, OTHER, rng):
        style = replace(OTHER, first_pivot_x=float(rng.uniform(8, 24)), pitch=float(rng.uniform(11, 16)))
        Image.fromarray(render_captcha(label, style, rng)).save(tmp_path / f"{label}.png")
    found, remarks = suggest(sample(tmp_path))
    assert found["split"]["method"] == "components"
    assert "no fixed positions" in remarks[-1]
    Segmentation.of({**SETTINGS, **found}).try_out()


def test_nothing_to_see_is_a_suggestion_too():
    found = estimate_grid(np.zeros((3, 27, 72), np.float32), 4)
    assert (found.characters, found.top, found.height) == (4, 0, 27)


def test_colours_and_black_lines_ask_for_the_distance_and_blackness(tmp_path):
    rng = np.random.default_rng(3)
    for label in sample_labels(30, OTHER, rng):
        colour = tuple(int(part) for part in rng.integers(0, 200, 3))
        picture = render_captcha(label, replace(OTHER, ink_colour=colour, speckles=0), rng)
        Image.fromarray(picture).save(tmp_path / f"{label}.png")
    assert suggest(sample(tmp_path))[0]["clean"] == {"method": "distance"}
    for file in tmp_path.iterdir():
        with Image.open(file) as image:
            picture = np.array(image)
        picture[12, 3:80] = picture[20, 10:85] = 0
        Image.fromarray(picture).save(file)
    found, _ = suggest(sample(tmp_path))
    assert found["clean"] == {"method": "distance", "lines": "channel", "smallest_component": 0}
    assert (found["characters"], found["split"]["pitch"]) == (5, pytest.approx(15.5, abs=0.6))


def test_lines_of_one_colour_do_not_pass_for_the_ink_of_coloured_letters(tmp_path):
    pictures, labels = Lined(count=40, seed=1, white_share=1.0, faces="termes-italic")()
    for picture, label in zip(pictures, labels, strict=True):
        Image.fromarray(picture).save(tmp_path / f"{label}.png")
    found, remarks = suggest(sample(tmp_path))
    assert found["clean"] == {"method": "distance", "lines": "channel", "smallest_component": 0}
    assert found["characters"] == 4
    split = found["split"]
    assert (split["top"], split["height"]) == (0, 32)
    assert split["width"] == pytest.approx(1.65 * split["pitch"], abs=1)
    # the middles have not changed: the middle of the row of letters is that of the picture
    assert split["left"] + 1.5 * split["pitch"] + split["width"] / 2 == pytest.approx(45, abs=3)
    Segmentation.of({**SETTINGS, **found}).try_out()
    assert any("`fold: lower`" in remark for remark in remarks)


@pytest.mark.parametrize(
    ("names", "characters"),
    [
        (["ab12", "cd34", "ef56", "gh78_2"], 4),
        (["img_1", "img_2", "img_3"], None),
        (["0001", "0002", "0003", "0005"], None),
        (["8301", "0417", "5512", "9924"], 4),
        (["a", "b", "c"], None),
        (["AbCd", "EfGh", "IjKl"], 4),
    ],
)
def test_file_names_are_labels_or_they_are_not(tmp_path, root, known_grid, names, characters):
    pictures = sorted((root / "data/raw").iterdir())
    for name, picture in zip(names, pictures, strict=False):
        (tmp_path / f"{name}.png").write_bytes(picture.read_bytes())
    found, remarks = suggest(sample(tmp_path))
    assert ("are labels" in remarks[0]) == (characters is not None)
    assert found.get("alphabet") == ("ACEGIKbdfhjl" if names[0] == "AbCd" else None)


def numbers(folder, root, name="img{:04}.png"):
    """The project's own captchas with numbers as names; the lines of a CSV with their labels."""
    lines = []
    for number, picture in enumerate(sorted((root / "data/raw").iterdir())):
        (folder / name.format(number)).write_bytes(picture.read_bytes())
        lines.append(f"{name.format(number)},{picture.stem}")
    return lines


def test_numbers_in_file_names_are_no_labels_and_a_csv_in_the_folder_is_used(tmp_path, root, shipped):
    lines, expected = numbers(tmp_path, root), shipped[1]
    found, remarks = suggest(sample(tmp_path))
    assert found == expected
    assert remarks == [
        "file names are running numbers, 'img0000' to 'img0059', and no labels "
        "(--labels names a CSV of them); 4 characters is what the ink looks like"
    ]
    for line in lines:
        name, _, label = line.partition(",")
        (tmp_path / name).rename(tmp_path / f"{name[3:7]}_{label}.png")
    found, remarks = suggest(sample(tmp_path))
    assert found == expected
    assert remarks == [
        "file names up to the first _ are running numbers, '0000' to '0059', and no labels; behind the last "
        "_ they look like labels of 4 characters: set `label_part: last` for these pictures"
    ]
    for picture, line in zip(sorted(tmp_path.iterdir()), lines, strict=True):
        picture.rename(tmp_path / line.partition(",")[0])
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *lines[1:]]))
    found, remarks = suggest(sample(tmp_path))
    assert found == expected
    assert remarks == [
        "labels from labels.csv in the folder (--labels names another): "
        "59 of 60 files have one of 4 characters"
    ]


def test_another_csv_can_be_named_and_is_no_picture_wherever_it_lies(tmp_path, root, known_grid):
    numbers(tmp_path, root)
    (tmp_path / "labels.csv").write_text("nothing of use")
    mine = tmp_path / "mine.csv"
    mine.write_text("file,label\nimg0001.png,ABCDE\nimg0002.png,abcde\nimg0003.png,abc\n")
    seen = sample(tmp_path, label_file=mine)
    assert (len(seen.files), seen.left_out) == (60, 0)
    found, remarks = suggest(seen)
    assert (found["characters"], found["alphabet"]) == (5, "ABCDEabcde")
    assert remarks[0] == f"labels from {mine}: 2 of 60 files have one of 5 characters"
    shown = look(tmp_path, "--labels", mine, "--output", tmp_path / "out.png")
    assert shown.exit_code == 0, shown.output
    assert f"labels from {mine}: 2 of 60" in shown.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,label\n", "lacks the column 'file'"),
        ("", "is empty"),
        ("file,label\nother.png,abcd\n", "has no label for any of the 60 files"),
        ("file,label\nimg0001.png,abcd\nimg0001.png,abce\n", "it names 'img0001.png', the folder has"),
    ],
)
def test_a_csv_that_is_of_no_use_ends_in_one_sentence(tmp_path, root, text, said):
    numbers(tmp_path, root)
    (tmp_path / "labels.csv").write_text(text)
    for words in ([], ["--labels", tmp_path / "labels.csv"]):
        shown = look(tmp_path, *words, "--output", tmp_path / "out.png")
        assert shown.exit_code == 1
        assert "Error: " in shown.output
        assert said in shown.output
    missing = look(tmp_path, "--labels", tmp_path / "none.csv")
    assert (missing.exit_code, "Cannot read the label file" in missing.output) == (1, True)


@pytest.mark.parametrize(("count", "warned"), [(20, True), (60, False)])
def test_few_labels_may_not_show_the_whole_alphabet(tmp_path, root, known_grid, count, warned):
    rows = numbers(tmp_path, root)[:count]
    # capitals: they belong to no other known alphabet
    (tmp_path / "labels.csv").write_text(
        "\n".join(["file,label", *map(str.upper, rows)]).replace("IMG", "img")
    )
    text = (tmp_path / "labels.csv").read_text().replace(".PNG", ".png").replace("FILE,LABEL", "file,label")
    (tmp_path / "labels.csv").write_text(text)
    found, remarks = suggest(sample(tmp_path))
    assert len(found["alphabet"]) <= 36
    assert ("occur only once, so others may be missing" in remarks[1]) == warned


def test_pictures_of_another_size_and_no_pictures_are_left_out(tmp_path, root, known_grid):
    for picture in sorted((root / "data/raw").iterdir())[:5]:
        (tmp_path / picture.name).write_bytes(picture.read_bytes())
    Image.new("RGB", (9, 9)).save(tmp_path / "small.png")
    Image.new("RGB", (2000, 9)).save(tmp_path / "wide.png")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "half.png").write_bytes((tmp_path / picture.name).read_bytes()[:90])
    seen = sample(tmp_path)
    assert (len(seen.names), seen.left_out, len(seen.files)) == (5, 4, 9)
    assert seen.pictures.shape == (5, 27, 72, 3)
    shown = look(tmp_path, "--output", tmp_path / "out.png")
    assert shown.exit_code == 0, shown.output
    assert "4 of 9 files tried" in shown.output


def test_a_folder_without_pictures_says_so(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(UserError, match=r"None of the 1 files.*text\.png: not an image"):
        sample(tmp_path)
    shown = look(tmp_path, "--output", tmp_path / "out.png")
    assert (shown.exit_code, "Error: None of" in shown.output) == (1, True)


def test_the_preview_shows_the_picture_its_map_and_its_vectors(shipped):
    seen, found, _ = shipped
    segmentation = Segmentation.of({**SETTINGS, **found}).try_out()
    image = Image.open(BytesIO(png(preview(seen, segmentation, 3))))
    pixels = np.asarray(image.convert("RGB")).astype(int)
    # three pictures, four times enlarged, the first below two lines of text
    left, top = 12, 12 + 18 + 16
    raw = pixels[top + 2 : top + 108 : 4, left + 2 : left + 288 : 4]
    assert (np.abs(raw - seen.pictures[0]).max(axis=2) == 0).mean() > 0.95
    left += 288 + 12 + 4
    cleaned = pixels[top + 6 : top + 112 : 4, left + 2 : left + 288 : 4, 0]
    np.testing.assert_allclose(cleaned, 255 - 255 * ink(seen.pictures)[0], atol=0.51)
    assert image.height > 3 * 108
    assert preview(seen, segmentation, 100).height == preview(seen, segmentation, 60).height


def test_channels_are_shown_one_below_the_other(other):
    seen = sample(other)
    clean = {"method": "distance", "lines": "channel"}
    settings = {**SETTINGS, **suggest(seen)[0]}
    one, two = (
        preview(seen, Segmentation.of({**settings, "clean": how}).try_out(), 2)
        for how in ({"method": "ink"}, clean)
    )
    assert two.width == one.width
    assert two.height > one.height + 2 * 3 * 30
    assert distance(seen.pictures[:1], lines="channel").shape == (1, 32, 90, 2)


def test_what_is_printed_is_a_valid_entry_of_a_configuration(other, root, tmp_path):
    shown = look(other, "--output", tmp_path / "look.png", "--count", 2)
    assert shown.exit_code == 0, shown.output
    assert (tmp_path / "look.png").read_bytes().startswith(b"\x89PNG")
    text = shown.output[shown.output.index("segment:") : shown.output.index(str(tmp_path))]
    config = yaml.safe_load(text) | {
        "pictures": {"own": {"folder": "x"}},
        "dataset": {"main": {"segment": "mine", "train": "own", "unseen": 0.25}},
        "train": {"cg": {}},
    }
    mine = resolved(config).segment["mine"]
    assert mine.try_out().picture.width == 90
    assert yaml.safe_load(snippet({"alphabet": "äß1: #", "characters": 3}))["segment"]["mine"] == {
        "alphabet": "äß1: #",
        "characters": 3,
    }


def test_a_segmentation_of_the_configuration_is_shown_where_it_fits(other, root, tmp_path):
    config = ["--configfile", root / "config/config.yaml", "--output", tmp_path / "look.png"]
    shown = look(root / "data/raw", "--segmentation", "ink-grid", *config)
    assert shown.exit_code == 0, shown.output
    assert "segmented as ink-grid" in shown.output
    for words, part in (
        ([other, "--segmentation", "ink-grid"], "72 × 27"),
        ([other, "--segmentation", "mine"], "no segmentation 'mine'; `segment` has: ink-grid"),
        ([root / "data/none"], "no folder"),
    ):
        refused = look(*words, *config)
        assert refused.exit_code == 1
        assert part in refused.output


def test_indices_are_spread_evenly_from_the_first():
    assert spread(3, 12) == [0, 1, 2]
    assert spread(10, 5) == [0, 2, 4, 6, 8]
    assert spread(0, 5) == []
