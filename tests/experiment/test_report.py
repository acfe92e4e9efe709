"""The report says what the results hold, in one page that fetches nothing."""

import json
import re
import shutil

import numpy as np
import pytest

from captchanet.experiment import figures
from captchanet.experiment.report import report
from captchanet.files import write_text
from captchanet.images.segment import read_segmented


@pytest.fixture(scope="module")
def page(made_results):
    return written(made_results)


def written(made, folder=None, headline="good", runs=None, pictures=None):
    places = {name: str(made.pictures / name) for name in ("raw", "unseen")} if pictures is None else pictures
    return report(folder or made.folder, runs or made.RUNS, headline, places)


@pytest.fixture
def undrawn(monkeypatch):
    """For tests of the words alone: drawing is what takes the time."""
    for name in ("learning_curves", "confusion_matrix", "class_accuracy", "captcha_accuracies"):
        monkeypatch.setattr(figures, name, lambda *data: None)
    monkeypatch.setattr(figures, "svg", lambda *figure: "<svg></svg>")


def visible(page):
    text = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]*>", " ", page, flags=re.S)
    return re.sub(r"\s+", " ", text.replace("&nbsp;", " "))


def test_the_headline_is_what_the_metrics_say(made_results, page):
    metrics = json.loads((made_results.folder / "evaluate/good/metrics.json").read_text())
    found = metrics["unseen"]["captchas"]
    text = visible(page)
    assert (
        f"Trained on 12 captchas, the run good reads {found['correct']} of 6 captchas that it never saw"
        in text
    )
    assert f"95 % interval {100 * found['low']:.1f} % to {100 * found['high']:.1f} %" in text


def test_a_failed_run_is_listed_with_its_reason_and_may_be_the_headline(made_results, page, undrawn):
    reason = json.loads((made_results.folder / "train/wild/status.json").read_text())["reason"]
    assert f"failed: {reason}" in visible(page)
    only = visible(written(made_results, headline="wild", runs=["wild"]))
    assert f"The training of the run wild failed: {reason}" in only
    assert "No training finished, so nothing was read" in only


def test_every_misread_is_shown_once_with_its_picture_and_every_runs_reading(made_results, page):
    misread = {}
    for run in ("good", "other"):
        lines = (made_results.folder / f"evaluate/{run}/misreads.csv").read_text().splitlines()[1:]
        for line in lines:
            _, file, label, reading, _ = line.split(",")
            misread.setdefault((file, label), {})[run] = reading
    assert misread
    assert page.count('<img src="data:image/png;base64,') == len(misread)
    cards = re.findall(r"<li>.*?</li>", page, flags=re.S)
    for (file, label), readings in misread.items():
        card = next(card for card in cards if file in card)
        assert f'alt="captcha labelled {label}"' in card
        plain = re.sub(r"</?mark>", "", card)
        assert all(f">{reading}<" in plain for reading in readings.values())


def test_what_was_rejected_stands_in_it_and_injects_nothing(made_results, page):
    assert "b&lt;b&gt;d.png" in page
    assert "<b>d.png" not in page
    (rejected,) = read_segmented(made_results.folder / "segment/grid/raw").rejected
    assert rejected.reason in visible(page)


def test_a_class_without_an_example_is_warned_of(made_results, page, tmp_path, undrawn):
    assert "cannot be learnt" not in page
    copy = shutil.copytree(made_results.folder, tmp_path / "results")
    facts = json.loads((copy / "dataset/main/dataset.json").read_text()) | {"classes_without_example": ["z"]}
    (copy / "dataset/main/dataset.json").write_text(json.dumps(facts))
    assert "with any of z : these characters cannot be learnt from it" in visible(written(made_results, copy))


def test_the_page_fetches_nothing(page):
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)
    assert "<script" not in page
    assert "@import" not in page
    # what matplotlib writes into a figure are names of vocabularies and formats, which nobody loads
    outside = re.sub(r"<svg.*?</svg>", "", page, flags=re.S)
    assert "http" not in outside


def test_the_same_results_are_the_same_page(made_results, page):
    assert written(made_results) == page


@pytest.mark.parametrize("places", [{}, {"raw": "gone", "unseen": "gone"}])
def test_a_picture_that_is_gone_is_replaced_by_its_cleaned_form(made_results, page, undrawn, places):
    without = written(made_results, pictures=places)
    pictures = [set(re.findall(r'<img src="(data:[^"]*)"', text)) for text in (page, without)]
    assert len(pictures[1]) == len(pictures[0])
    assert not pictures[0] & pictures[1]


def test_a_misread_file_may_be_called_anything(made_results, tmp_path, undrawn):
    copy = shutil.copytree(made_results.folder, tmp_path / "results")
    _, first, *_ = (copy / "evaluate/good/misreads.csv").read_text().splitlines()
    file = first.split(",")[1]
    named = b'\xff"><script>alert(1)</script>{{ 7*7 }}.png'
    for table in ("evaluate/good/misreads.csv", "segment/grid/unseen/pictures.csv"):
        rows = [line.split(",") for line in (copy / table).read_text().splitlines()]
        place = rows[0].index("file")
        for row in rows[1:]:
            if row[place] == file:
                row[place] = named.decode("utf-8", "surrogateescape").replace('"', "")
        write_text(copy / table, "".join(",".join(row) + "\n" for row in rows))
    write_text(tmp_path / "page.html", written(made_results, copy))
    text = (tmp_path / "page.html").read_bytes()
    assert b"\xff&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}.png" in text
    assert b"<script" not in text


def test_what_the_first_run_misread_is_open_and_what_only_others_did_is_folded(made_results, undrawn):
    misread = {
        run: (made_results.folder / f"evaluate/{run}/misreads.csv").read_text().count("\n") - 1
        for run in ("good", "other")
    }
    text = visible(written(made_results))
    assert f"good misread {misread['good']} unseen captchas" in text
    # told the other way round, the same captchas are shown, in other places
    turned = written(made_results, headline="other")
    assert f"other misread {misread['other']} unseen captchas" in visible(turned)
    every = turned.count('<img src="data:image/png;base64,')
    more = every - misread["other"]
    assert (f"{more} more, which only other runs misread" in visible(turned)) == (more > 0)


def test_the_commonest_errors_are_said_in_words(made_results, undrawn):
    confusion, alphabet = figures.read_confusion(made_results.folder / "evaluate/good/confusion.csv")
    wrong = {(alphabet[i], alphabet[j]): n for (i, j), n in np.ndenumerate(confusion) if i != j and n}
    text = visible(written(made_results, runs=["good"]))
    said = re.findall(r"(\S) read as (\S) \((\d+) of (\d+)\)", text)
    assert [int(times) for _, _, times, _ in said] == sorted(wrong.values(), reverse=True)[:5]
    for truth, reading, times, examples in said:
        assert wrong[truth, reading] == int(times)
        assert confusion[alphabet.index(truth)].sum() == int(examples)


def test_an_option_that_is_zero_is_said(made_results, tmp_path, undrawn):
    copy = shutil.copytree(made_results.folder, tmp_path / "results")
    parameters = copy / "train/good/parameters.json"
    penalty = {"penalty": {"method": "l2", "weight": 0.0}}
    parameters.write_text(json.dumps(json.loads(parameters.read_text()) | penalty))
    assert "L2, weight 0.0" in visible(written(made_results, copy))


def test_no_two_elements_share_an_id(page):
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    named = {a or b for a, b in re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', page)}
    assert named
    assert named <= set(ids)


def test_a_file_name_that_is_no_text_does_not_break_it(made_results, tmp_path, undrawn):
    copy = shutil.copytree(made_results.folder, tmp_path / "results")
    rejected = copy / "segment/grid/raw/rejected.csv"
    rejected.write_bytes(b"file,label,reason\nodd\xff.png,,not an image\n")
    write_text(tmp_path / "page.html", written(made_results, copy))
    assert b"odd\xff.png" in (tmp_path / "page.html").read_bytes()
