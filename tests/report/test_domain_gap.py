"""The page about the domain gap shows every class, the one that fits worst first, and explains itself."""

import re
import shutil

import numpy as np
import pytest

from captchanet.dataset import dataset
from captchanet.dataset.settings import DatasetSettings
from captchanet.errors import UserError
from captchanet.evaluate.domain_gap import SHOWN
from captchanet.files import read_csv, read_json, write_csv, write_json, write_npz
from captchanet.layout import Layout
from captchanet.report.domain_gap import BLUE, FULL, RED, domain_gap_page, signed
from captchanet.segment.segment import UsablePicture, read_segmented


def test_a_difference_is_red_where_the_real_have_more_and_blue_where_the_synthetic_have():
    colours = signed(np.array([[0, FULL, 2 * FULL, -FULL, -FULL / 2]]))[0]
    assert tuple(colours[0]) == (255, 255, 255)
    assert tuple(colours[1]) == tuple(colours[2]) == RED
    assert tuple(colours[3]) == BLUE
    assert tuple(colours[4]) == tuple(round((255 + part) / 2) for part in BLUE)


@pytest.fixture(scope="module")
def made(mixed_results):
    return mixed_results.layout


@pytest.fixture(scope="module")
def unchanged(made):
    """The page about the results as they were made."""
    return page(made)


def page(layout, **sources):
    segmented = {name: layout.segment("grid", name) for name in ("raw", "unseen", "synthetic")}
    return domain_gap_page("main", layout.dataset("main"), segmented, sources)


@pytest.fixture
def remade(made, tmp_path):
    """Makes the results with another data set, and with changed facts."""

    def make(facts=None, **settings):
        layout = Layout(shutil.copytree(made.root, tmp_path / "results"))
        files = layout.dataset("main")
        known = read_json(files.facts)
        chosen, segmentation = DatasetSettings.of(known["dataset"] | settings), known["segment"]
        uses = dict.fromkeys(map(str, (chosen.train, chosen.unseen, chosen.synthetic)))
        entries = [name for name in uses if name in known["pictures"]]
        folders = {name: read_segmented(layout.segment("grid", name)) for name in entries}
        new = dataset.make(folders, chosen, segmentation["alphabet"])
        summary = dataset.summary(
            new, chosen, segmentation, {name: known["pictures"][name] for name in entries}
        )
        dataset.write_dataset(files, new, summary | (facts or {}), folders)
        return layout

    return make


def visible(page):
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.S)
    return re.sub(r"\s+", " ", text.replace("&nbsp;", " "))


def classes(page):
    return re.findall(r'<article id="class-(\d+)">(.*?)</article>', page, flags=re.S)


def test_every_class_is_a_row_the_worst_first_with_its_numbers(made, unchanged):
    text, known = unchanged, read_json(made.dataset("main").facts)
    alphabet = known["segment"]["alphabet"]
    real, synthetic = (known["examples"][of] for of in ("train", "synthetic"))
    both = [letter for letter in alphabet if real[letter] and synthetic[letter]]
    found = [(alphabet[int(number) - 1], row) for number, row in classes(text)]
    compared = [
        (letter, float(re.search(r"<b>(.*?)</b>", row)[1].replace("−", "-")), row)
        for letter, row in found
        if "<b>" in row
    ]
    assert sorted(letter for letter, _, _ in compared) == both
    assert [margin for _, margin, _ in compared] == sorted(margin for _, margin, _ in compared)
    for letter, row in found:
        assert f"{real[letter]} real, {synthetic[letter]} synthetic" in visible(row)
        assert row.count("title=") == min(real[letter], SHOWN)
    worst, margin, row = compared[0]
    fit, chance = (float(of) for of in re.search("fit (.*?); .* by chance: (.*?)<", row).groups())
    assert fit - chance == pytest.approx(margin, abs=0.0011)
    below = sum(margin < 0 for _, margin, _ in compared)
    assert (
        f"{below} characters of {len(both)} fit worse than chance explains. The worst is {worst}"
        in visible(text)
    )
    assert f"have the fit {fit:.3f} ; 1 means equal. If the real examples were synthetic" in visible(text)


def leave_out(layout, of, letter):
    """Takes a class out of a part of the data set."""
    files = layout.dataset("main")
    facts, part = read_json(files.facts), dataset.read_part(files, of)
    kept = part.y[:, 0] != facts["segment"]["alphabet"].index(letter) + 1
    rewrite(layout, of, part.X[kept], part.y[kept])


def rewrite(layout, of, X, y):
    files = layout.dataset("main")
    facts = read_json(files.facts)
    facts["digest"][of] = dataset.Part(X, y, []).digest
    write_npz(files.part(of), X=X, y=y)
    write_json(files.facts, facts)


def test_classes_without_a_real_example_and_classes_never_synthesized_are_shown_apart(unchanged, remade):
    assert not re.search("No real example|Never synthesized|no example at all", visible(unchanged))
    layout = remade()
    for of, letter in (("train", "a"), ("synthetic", "b"), ("train", "c"), ("synthetic", "c")):
        leave_out(layout, of, letter)
    text = page(layout)
    assert "Never synthesized, although there are real ones: b ." in visible(text)
    compared, never_synthesized, never_real = re.split("<h2>Never synthesized</h2>|<h2>No real example", text)
    assert [number for number, _ in classes(never_synthesized)] == ["12"]
    assert [number for number, _ in classes(never_real)] == ["11"]
    assert len(classes(compared)) == 33
    assert "no example at all c " in visible(text)


def test_whole_captchas_are_shown_raw_and_cleaned_where_they_are_gone(mixed_results, made, unchanged):
    sources = {
        "raw": str(mixed_results.pictures / "raw"),
        "synthetic": str(made.synthesize("synthetic").pictures),
    }
    shown = [
        re.findall(r'<li><img src="(.*?)" alt="(real|synthetic) captcha labelled (\w+)"', text)
        for text in (page(made, **sources), unchanged)
    ]
    for one, other in zip(*shown, strict=True):
        assert one[1:] == other[1:]
        assert one[0] != other[0]
    assert [origin for _, origin, _ in shown[0]] == ["real"] * 6 + ["synthetic"] * 6


def test_unseen_captchas_are_shown_only_where_no_labelled_one_trains_and_it_is_said(made, unchanged, remade):
    warned = "If you change the style because of this page, it is tuned on them"
    assert warned not in visible(unchanged)
    text = page(remade(train="synthetic", synthetic=None))
    assert warned in visible(text)
    files = set(re.findall(r'title="(.*?)"', text))
    assert files
    unseen = made.segment("grid", "unseen").pictures
    assert files <= {row[0] for row in read_csv(unseen, UsablePicture._fields)}


def test_where_nothing_is_real_the_page_says_so(remade):
    text = visible(page(remade(train="synthetic", synthetic=None, unseen=0.25)))
    assert "There is no real example of a synthesized character, so there is nothing to compare." in text
    assert "tuned on" not in text


def test_a_data_set_that_could_not_be_made_is_said_to_be_so(remade):
    assert "The data set could not be made: 12 usable captchas are not" in visible(page(remade(captchas=99)))


def test_a_data_set_without_synthetic_captchas_is_refused(remade):
    with pytest.raises(UserError, match="main trains on no synthetic captchas"):
        page(remade(synthetic=None))


def test_of_several_channels_the_first_is_shown(unchanged, remade):
    layout = remade()
    for of in ("train", "synthetic"):
        part = dataset.read_part(layout.dataset("main"), of)
        rewrite(layout, of, np.hstack([part.X, np.random.default_rng(1).random(part.X.shape)]), part.y)
    assert classes(page(layout)) == classes(unchanged)
    assert "the first of 2 channels" in page(layout)
    assert "channels" not in unchanged


def test_a_splitting_method_that_knows_no_window_is_shown_as_lines(made, unchanged, remade):
    segmentation = read_json(made.dataset("main").facts)["segment"] | {"split": {"method": "own"}}
    found = [re.findall(r"<b>(.*?)</b>", row) for _, row in classes(page(remade({"segment": segmentation})))]
    assert found == [re.findall(r"<b>(.*?)</b>", row) for _, row in classes(unchanged)]


def test_characters_and_files_may_be_called_anything(made, remade):
    segmentation = read_json(made.dataset("main").facts)["segment"]
    layout = remade({"segment": segmentation | {"alphabet": "<&" + segmentation["alphabet"][2:]}})
    named = '"><script>alert(1)</script>{{ 7*7 }}'
    table = layout.dataset("main").captchas
    rows = read_csv(table, dataset.HEADER)
    for row in rows:
        row[2] = named + row[2]
    write_csv(table, dataset.HEADER, rows)
    table = layout.segment("grid", "raw").pictures
    listed = [UsablePicture(*row) for row in read_csv(table, UsablePicture._fields)]
    write_csv(table, UsablePicture._fields, [row._replace(file=named + row.file) for row in listed])
    text = page(layout)
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in text
    assert '<h3 class="mono">&lt;</h3>' in text
    assert '<h3 class="mono">&amp;</h3>' in text


def test_the_page_fetches_nothing_and_the_same_results_are_the_same_page(made, unchanged):
    text = unchanged
    assert set(re.findall(r"""(?:src|href)=["'](?!data:|#)([^"']*)""", text)) == {"../../report.html"}
    assert not re.search("<script|@import|http|url\\(", text)
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', text)) <= set(ids)
    assert page(made) == text
