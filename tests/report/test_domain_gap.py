"""The page of drawn beside real characters finds the class that does not fit, and shows it."""

import pickle
import re
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.dataset import dataset
from captchanet.errors import UserError
from captchanet.evaluate import domain_gap as beside_classes
from captchanet.evaluate.domain_gap import SHOWN, STRANGE, Kind, compare, correlation, nearest, spread
from captchanet.files import read_csv, read_json, write_csv
from captchanet.report.domain_gap import BLUE, FULL, RED, beside, signed
from captchanet.segment.segment import Picture, read_segmented

SIZE = (5, 4)


def kind(examples, seed, **shapes):
    """So many noisy examples of each class `a`, `b` and `c`, by default each with a shape of its own."""
    rng = np.random.default_rng(seed)
    own = {letter: np.random.default_rng(ord(letter)).random(SIZE) > 0.5 for letter in "abc"}
    classes = np.repeat([1, 2, 3], [examples.get(letter, 0) for letter in "abc"])
    ink = np.array([(own | shapes)["abc"[number - 1]] for number in classes], float).reshape(-1, *SIZE)
    return Kind(np.clip(ink + rng.normal(0, 0.1, ink.shape), 0, 1), classes)


MANY = {"a": 30, "b": 30, "c": 30}


def test_the_class_that_is_drawn_with_another_shape_comes_first():
    other = np.random.default_rng(0).random(SIZE) > 0.5
    first, *rest = compare(kind(MANY, 1), kind(MANY, 2, b=other), "abc")
    assert (first.character, first.number, first.margin < 0) == ("b", 2, True)
    assert first.correlation < 0.9 < min(one.correlation for one in rest)
    assert [one.margin for one in rest] == sorted(one.margin for one in rest)


def test_few_examples_of_the_right_shape_come_after_many_of_a_wrong_one():
    def noisy(examples, seed, **shapes):
        some = kind(examples, seed, **shapes)
        noise = np.random.default_rng(seed).normal(0, 2, some.ink.shape)
        return Kind(some.ink + noise, some.classes)

    a_little_other = np.random.default_rng(ord("b")).random(SIZE) > 0.5
    a_little_other[:, 0] = ~a_little_other[:, 0]
    found = compare(noisy({"a": 1, "b": 900}, 1), noisy({"a": 900, "b": 900}, 2, b=a_little_other), "ab")
    assert found[1].correlation < found[0].correlation
    assert [one.character for one in found] == ["b", "a"]
    assert found[0].margin < 0 < found[1].margin


def test_a_shape_that_one_of_many_has_stands_first_and_below_it_what_comes_nearest():
    real, drawn = kind(MANY, 1), kind(MANY, 2)
    real.ink[17] = 1 - real.ink[17]
    (one,) = [one for one in compare(real, drawn, "abc") if one.character == "a"]
    assert one.real[0] == 17
    distances = np.sqrt(((real.ink[one.real[0]] - drawn.ink[:30]) ** 2).sum(axis=(1, 2)))
    assert one.drawn[0] == distances.argmin()


def test_without_an_example_there_is_nothing_to_compare():
    found = {
        one.character: one for one in compare(kind({"a": 9, "b": 9}, 1), kind({"a": 9, "c": 9}, 2), "abc")
    }
    assert list(found) == ["a", "b", "c"]
    assert found["a"].correlation is not None
    for letter in "bc":
        assert (found[letter].correlation, found[letter].as_many, found[letter].margin) == (None, None, None)
    assert (found["b"].n_real, found["b"].n_drawn, len(found["b"].real), found["b"].drawn) == (9, 0, 9, [])
    assert not found["c"].mean_real.any()


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 40))
def test_examples_are_of_their_class_and_none_is_shown_twice_but_as_the_nearest(n_real, n_drawn):
    real, drawn = kind({"a": 2, "b": n_real}, 1), kind({"a": 3, "b": n_drawn}, 2)
    (one,) = [one for one in compare(real, drawn, "abc") if one.character == "b"]
    assert one.strange == min(n_real, STRANGE)
    assert set(real.classes[one.real]) == set(drawn.classes[one.drawn]) == {2}
    assert len(set(one.real)) == len(one.real) == min(n_real, SHOWN)
    others = one.drawn[one.strange :]
    assert (
        len(set(others)) == len(others) == min(SHOWN - STRANGE, n_drawn - len(set(one.drawn[: one.strange])))
    )
    assert not set(others) & set(one.drawn[: one.strange])


@given(st.integers(0, 999), st.floats(0.1, 9), st.floats(-3, 3))
def test_the_correlation_is_pearsons_and_knows_no_strength(seed, factor, offset):
    a, b = np.random.default_rng(seed).random((2, 20))
    assert correlation(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert correlation(factor * a + offset, b) == pytest.approx(correlation(a, b))
    assert correlation(a, np.full(20, offset)) == 0


def test_the_nearest_is_found_in_blocks_as_one_by_one(monkeypatch):
    monkeypatch.setattr(beside_classes, "BLOCK", 20)
    rng = np.random.default_rng(1)
    real, drawn = rng.random((23, 6)), rng.random((9, 6))
    every = np.sqrt(((real[:, np.newaxis] - drawn) ** 2).sum(axis=2))
    distances, rows = nearest(real, drawn)
    np.testing.assert_allclose(distances, every.min(axis=1))
    np.testing.assert_array_equal(rows, every.argmin(axis=1))


def test_few_examples_are_held_to_less_than_many():
    drawn = kind(MANY, 2)
    drawn.ink[:] = np.random.default_rng(3).random(drawn.ink.shape)
    few, many = (compare(kind({"a": n}, 1), drawn, "abc")[0].as_many for n in (1, 100))
    assert few < many < 1


def test_places_are_spread_evenly_from_the_first():
    assert spread(3, 12) == [0, 1, 2]
    assert spread(10, 5) == [0, 2, 4, 6, 8]
    assert spread(0, 5) == []


def test_a_difference_is_red_where_the_real_have_more_and_blue_where_the_drawn_have():
    colours = signed(np.array([[0, FULL, 2 * FULL, -FULL, -FULL / 2]]))[0]
    assert tuple(colours[0]) == (255, 255, 255)
    assert tuple(colours[1]) == tuple(colours[2]) == RED
    assert tuple(colours[3]) == BLUE
    assert tuple(colours[4]) == tuple(round((255 + part) / 2) for part in BLUE)


@pytest.fixture(scope="module")
def made(mixed_results):
    return mixed_results.folder


def page(results, **sources):
    return beside(results, "main", sources)


@pytest.fixture
def remade(made, tmp_path):
    """Makes the results folder with another data set, and with changed facts."""

    def make(facts=None, **settings):
        results = shutil.copytree(made, tmp_path / "results")
        known = read_json(results / "dataset/main/dataset.json")
        chosen, cut = known["dataset"] | settings, known["segment"]
        entries = [name for name in dict.fromkeys(map(str, chosen.values())) if name in known["pictures"]]
        folders = {name: read_segmented(results / "segment/grid" / name) for name in entries}
        new = dataset.make(folders, chosen, cut["alphabet"])
        told = dataset.summary(new, chosen, cut, {name: known["pictures"][name] for name in entries})
        dataset.write(results / "dataset/main", new, told | (facts or {}), folders)
        return results

    return make


def visible(page):
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.S)
    return re.sub(r"\s+", " ", text.replace("&nbsp;", " "))


def classes(page):
    return re.findall(r'<article id="class-(\d+)">(.*?)</article>', page, flags=re.S)


def test_every_class_of_both_kinds_is_a_row_the_worst_first_with_its_numbers(made):
    text, known = page(made), read_json(made / "dataset/main/dataset.json")
    alphabet = known["segment"]["alphabet"]
    real, drawn = (known["examples"][of] for of in ("train", "drawn"))
    both = [letter for letter in alphabet if real[letter] and drawn[letter]]
    found = [(alphabet[int(number) - 1], row) for number, row in classes(text)]
    compared = [
        (letter, float(re.search(r"<b>(.*?)</b>", row)[1].replace("−", "-")), row)
        for letter, row in found
        if "<b>" in row
    ]
    assert sorted(letter for letter, _, _ in compared) == both
    assert [margin for _, margin, _ in compared] == sorted(margin for _, margin, _ in compared)
    for letter, row in found:
        assert f"{real[letter]} real, {drawn[letter]} drawn" in visible(row)
        assert row.count("title=") == min(real[letter], SHOWN)
    worst, margin, row = compared[0]
    fit, chance = (float(of) for of in re.search("fit (.*?); .* by chance: (.*?)<", row).groups())
    assert fit - chance == pytest.approx(margin, abs=0.0011)
    below = sum(margin < 0 for _, margin, _ in compared)
    assert (
        f"{below} characters of {len(both)} fit worse than chance explains, most of all {worst}"
        in visible(text)
    )
    assert f"have the fit {fit:.3f} , where 1 is the same; as many of the drawn ones" in visible(text)


def leave_out(results, of, letter):
    """Takes a class out of a part of the data set."""
    facts, part = read_json(results / "dataset/main/dataset.json"), dataset.read(results / "dataset/main", of)
    kept = part.y[:, 0] != facts["segment"]["alphabet"].index(letter) + 1
    rewrite(results, of, part.X[kept], part.y[kept])


def rewrite(results, of, X, y):
    (results / f"dataset/main/{of}_data.pkl").write_bytes(pickle.dumps({"X": X, "y": y}))


def test_classes_without_a_real_example_and_classes_never_drawn_stand_apart(made, remade):
    assert not re.search("No real example|Never drawn|no example at all", visible(page(made)))
    results = remade()
    for of, letter in (("train", "a"), ("drawn", "b"), ("train", "c"), ("drawn", "c")):
        leave_out(results, of, letter)
    text = page(results)
    assert "Never drawn, though there are real ones: b ." in visible(text)
    compared, never_drawn, never_real = re.split("<h2>Never drawn</h2>|<h2>No real example", text)
    assert [number for number, _ in classes(never_drawn)] == ["12"]
    assert [number for number, _ in classes(never_real)] == ["11"]
    assert len(classes(compared)) == 33
    assert "no example at all c " in visible(text)


def test_whole_captchas_are_shown_raw_and_cleaned_where_they_are_gone(mixed_results, made):
    sources = {"raw": str(mixed_results.pictures / "raw"), "drawn": str(made / "draw/drawn/pictures.npy")}
    shown = [
        re.findall(r'<li><img src="(.*?)" alt="(real|drawn) captcha labelled (\w+)"', text)
        for text in (page(made, **sources), page(made))
    ]
    for one, other in zip(*shown, strict=True):
        assert one[1:] == other[1:]
        assert one[0] != other[0]
    assert [kind for _, kind, _ in shown[0]] == ["real"] * 6 + ["drawn"] * 6


def test_unseen_captchas_are_shown_only_where_no_labelled_one_trains_and_it_is_said(made, remade):
    warned = "Whoever changes the style by what this page shows has tuned it on them"
    assert warned not in visible(page(made))
    text = page(remade(train="drawn", drawn=None))
    assert warned in visible(text)
    files = set(re.findall(r'title="(.*?)"', text))
    assert files
    assert files <= {row[0] for row in read_csv(made / "segment/grid/unseen/pictures.csv", Picture._fields)}


def test_where_nothing_is_real_the_page_says_so(remade):
    text = visible(page(remade(train="drawn", drawn=None, unseen=0.25)))
    assert "There is no real example of what is drawn: nothing to compare." in text
    assert "tuned it" not in text


def test_a_data_set_that_could_not_be_made_is_said_to_be_so(remade):
    assert "The data set could not be made: 12 usable captchas are not" in visible(page(remade(captchas=99)))


def test_a_data_set_without_drawn_captchas_is_refused(remade):
    with pytest.raises(UserError, match="main trains on no drawn captchas"):
        page(remade(drawn=None))


def test_of_several_channels_the_first_is_shown(made, remade):
    results = remade()
    for of in ("train", "drawn"):
        part = dataset.read(results / "dataset/main", of)
        rewrite(results, of, np.hstack([part.X, np.random.default_rng(1).random(part.X.shape)]), part.y)
    assert classes(page(results)) == classes(page(made))
    assert "of 2 channels the first" in page(results)
    assert "channels" not in page(made)


def test_a_cut_that_knows_no_window_is_shown_as_lines(made, remade):
    cut = read_json(made / "dataset/main/dataset.json")["segment"] | {"cut": {"method": "own"}}
    found = [re.findall(r"<b>(.*?)</b>", row) for _, row in classes(page(remade({"segment": cut})))]
    assert found == [re.findall(r"<b>(.*?)</b>", row) for _, row in classes(page(made))]


def test_characters_and_files_may_be_called_anything(made, remade):
    cut = read_json(made / "dataset/main/dataset.json")["segment"]
    results = remade({"segment": cut | {"alphabet": "<&" + cut["alphabet"][2:]}})
    named = '"><script>alert(1)</script>{{ 7*7 }}'
    table = results / "dataset/main/captchas.csv"
    rows = read_csv(table, dataset.HEADER)
    for row in rows:
        row[2] = named + row[2]
    write_csv(table, dataset.HEADER, rows)
    table = results / "segment/grid/raw/pictures.csv"
    listed = [Picture(*row) for row in read_csv(table, Picture._fields)]
    write_csv(table, Picture._fields, [row._replace(file=named + row.file) for row in listed])
    text = page(results)
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in text
    assert '<h3 class="mono">&lt;</h3>' in text
    assert '<h3 class="mono">&amp;</h3>' in text


def test_the_page_fetches_nothing_and_the_same_results_are_the_same_page(made):
    text = page(made)
    assert set(re.findall(r"""(?:src|href)=["'](?!data:|#)([^"']*)""", text)) == {"../../report.html"}
    assert not re.search("<script|@import|http|url\\(", text)
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', text)) <= set(ids)
    assert page(made) == text
