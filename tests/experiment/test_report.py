"""The report says what the results hold, in one page that fetches nothing."""

import json
import re
import shutil

import pytest

from captchanet.experiment.report import report
from captchanet.files import write_text
from captchanet.images.segment import read_segmented


@pytest.fixture(scope="module")
def page(made_results):
    return written(made_results)


def written(made, folder=None, headline="good", runs=None, pictures=None):
    places = {name: str(made.pictures / name) for name in ("raw", "unseen")} if pictures is None else pictures
    return report(folder or made.folder, runs or made.RUNS, headline, places)


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


def test_a_failed_run_is_listed_with_its_reason_and_may_be_the_headline(made_results, page):
    reason = json.loads((made_results.folder / "train/wild/status.json").read_text())["reason"]
    assert f"failed: {reason}" in visible(page)
    only = visible(written(made_results, headline="wild", runs=["wild"]))
    assert f"The training of the run wild failed: {reason}" in only


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


def test_a_class_without_an_example_is_warned_of(made_results, page, tmp_path):
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


def test_a_picture_that_is_gone_is_replaced_by_its_cleaned_form(made_results, page):
    without = written(made_results, pictures={})
    pictures = [set(re.findall(r'<img src="(data:[^"]*)"', text)) for text in (page, without)]
    assert len(pictures[1]) == len(pictures[0])
    assert not pictures[0] & pictures[1]


def test_a_file_name_that_is_no_text_does_not_break_it(made_results, tmp_path):
    copy = shutil.copytree(made_results.folder, tmp_path / "results")
    rejected = copy / "segment/grid/raw/rejected.csv"
    rejected.write_bytes(b"file,label,reason\nodd\xff.png,,not an image\n")
    write_text(tmp_path / "page.html", written(made_results, copy))
    assert b"odd\xff.png" in (tmp_path / "page.html").read_bytes()
