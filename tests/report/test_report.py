"""The report shows all results in one page that loads no other file."""

import base64
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captchanet.errors import DamagedFile
from captchanet.evaluate.confidence_interval import accuracy_interval
from captchanet.evaluate.metrics import MISREADS, reached
from captchanet.evaluate.sweep import Sweep
from captchanet.files import read_json, write_csv, write_json, write_text
from captchanet.layout import Layout
from captchanet.report import confidence_figure, figures
from captchanet.report import sweeps as report_sweeps
from captchanet.report.report import report
from captchanet.segment.segment import read_segmented


@pytest.fixture(scope="module")
def page(made_results):
    return written(made_results)


def written(made, layout=None, headline="good", runs=None, pictures=None, **sweeps):
    """The page about some of the runs of `made`, or of the results at `layout`."""
    sources = (
        {name: str(made.pictures / name) for name in ("raw", "unseen")} if pictures is None else pictures
    )
    of_sweeps = [run for sweep in sweeps.values() for run in sweep["runs"]]
    results = (layout or made.layout).results([*made.RUNS, *of_sweeps], ["main"], made.results.segment)
    made_sweeps = [Sweep(name, results, **plan) for name, plan in sweeps.items()]
    return report(results, runs or made.RUNS, headline, sources, made_sweeps)


def copied(made, folder):
    """A copy of the results in a separate folder, for a test that changes them."""
    return Layout(shutil.copytree(made.folder, folder / "results"))


@pytest.fixture
def without_figures(monkeypatch):
    """For tests of the words only, since plotting takes most of the time."""
    monkeypatch.setattr(confidence_figure, "confidence", lambda *data: None)
    for name in ("learning_curves", "confusion_matrix", "class_accuracy", "captcha_accuracies", "settings"):
        monkeypatch.setattr(figures, name, lambda *data: None)
    monkeypatch.setattr(report_sweeps, "accuracy_curve", lambda *data: None)
    monkeypatch.setattr(figures, "svg", lambda *figure: "<svg></svg>")


def visible(page):
    text = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]*>", " ", page, flags=re.S)
    return re.sub(r"\s+", " ", text.replace("&nbsp;", " "))


def test_the_headline_is_what_the_metrics_say(made_results, page):
    metrics = read_json(made_results.layout.evaluate("good").metrics)
    found = metrics["unseen"]["captchas"]
    sentence = reached("good", "12 captchas", metrics)
    assert f"Trained on 12 captchas, the run good reads {found['correct']} of 6 captchas" in sentence
    assert f"95 % interval {100 * found['low']:.1f} % to {100 * found['high']:.1f} %" in sentence

    def without_spaces(text):
        return re.sub(r"\s", "", text)

    assert without_spaces(sentence) in without_spaces(visible(page)), (
        "the workflow ends with the page's words"
    )


def test_the_best_run_is_marked_beside_the_configured_one(made_results, tmp_path, without_figures):
    layout = copied(made_results, tmp_path)
    for run, correct in (("good", 2), ("other", 4)):
        metrics = read_json(layout.evaluate(run).metrics)
        metrics["unseen"]["captchas"] |= accuracy_interval(correct, 6)
        write_json(layout.evaluate(run).metrics, metrics)
    text = visible(written(made_results, layout))
    assert "The best of the runs in the table is other : it reads 4 of 6, 66.7 %" in text
    assert "good configured" in text
    assert "other best" in text
    text = visible(written(made_results, layout, headline="other"))
    assert "The best of the runs" not in text
    assert "other best configured" in text


def test_a_failed_run_is_listed_with_its_reason_and_may_be_the_headline(made_results, page, without_figures):
    reason = read_json(made_results.layout.train("wild").status)["reason"]
    assert f"failed: {reason}" in visible(page)
    only = visible(written(made_results, headline="wild", runs=["wild"]))
    assert f"The training of the run wild failed: {reason}" in only
    assert "No training finished, so nothing was read" in only


def test_every_misread_is_shown_once_with_its_picture_and_every_runs_reading(made_results, page):
    misread = {}
    for run in ("good", "other"):
        lines = made_results.layout.evaluate(run).misreads.read_text().splitlines()[1:]
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


def test_the_chart_of_captchas_shows_captchas_and_not_characters(made_results, without_figures, monkeypatch):
    charts = []
    monkeypatch.setattr(figures, "captcha_accuracies", charts.append)
    written(made_results)
    unseen = {
        name: read_json(made_results.layout.evaluate(name).metrics).get("unseen")
        for name in made_results.RUNS
    }
    of = [(name, found["captchas"], found["characters"]) for name, found in unseen.items() if found]
    assert charts == [[(name, found["accuracy"], found["low"], found["high"]) for name, found, _ in of]]
    assert all(captchas["accuracy"] != characters["accuracy"] for _, captchas, characters in of)


def test_a_misread_without_any_confidence_is_shown_as_one_of_the_first_runs(
    made_results, tmp_path, without_figures
):
    copy = copied(made_results, tmp_path)
    misreads = copy.evaluate("good").misreads
    header, first, *_ = misreads.read_text().splitlines()
    entry, file, label, reading, _ = first.split(",")
    write_text(misreads, f"{header}\n{entry},{file},{label},{reading},0.000000\n")
    text = visible(written(made_results, copy, runs=["good"]))
    assert "good misread 1 unseen captchas" in text
    assert f"{label} {file} {' '.join(reading)} 0.0 %" in text.replace(reading, " ".join(reading))


def test_what_was_rejected_is_listed_and_injects_nothing(made_results, page):
    assert "b&lt;b&gt;d.png" in page
    assert "<b>d.png" not in page
    (rejected,) = read_segmented(made_results.layout.segment("grid", "raw")).rejected
    assert rejected.reason in visible(page)


def test_a_class_without_an_example_is_warned_of(made_results, page, tmp_path, without_figures):
    assert "cannot be learnt" not in page
    copy = copied(made_results, tmp_path)
    facts = copy.dataset("main").facts
    write_json(facts, read_json(facts) | {"classes_without_example": ["z"]})
    assert "with any of z : a run cannot learn these characters" in visible(written(made_results, copy))


def test_synthetic_captchas_are_told_apart_from_labelled_ones(mixed_results, page, without_figures):
    text = visible(written(mixed_results))
    assert "Trained on 12 captchas and 15 synthetic ones, the run good" in text
    assert "On the labelled captchas it trained on it reads" in text
    assert "Of the 15 captchas synthesized as synthetic (turned, count 15, seed 3, width 72," in text
    assert "data set main 12 captchas and 15 synthetic ones to train on, 6 unseen" in text
    assert "synthetic" not in visible(page)


def test_the_picture_of_a_synthetic_captcha_is_the_one_that_was_synthesized(
    synthetic_results, without_figures
):
    file = synthetic_results.layout.synthesize("synthetic").pictures
    sources = {"raw": "gone", "synthetic": str(file)}
    pages = [
        written(synthetic_results, pictures=each) for each in (sources, {}, sources | {"synthetic": "gone"})
    ]
    synthetic, cleaned, gone = (
        re.findall(r'<img src="data:image/png;base64,([^"]*)"', page) for page in pages
    )
    assert synthetic
    assert len(synthetic) == len(cleaned)
    assert not set(synthetic) & set(cleaned)
    assert gone == cleaned
    shown = {np.asarray(Image.open(io.BytesIO(base64.b64decode(picture)))).tobytes() for picture in synthetic}
    assert shown <= {picture.tobytes() for picture in np.load(file)}


def test_each_damaged_file_that_the_page_is_made_from_is_named(made_results, tmp_path, without_figures):
    layout, unread = copied(made_results, tmp_path), set()
    results = layout.results(["good"], ["main"], made_results.results.segment)
    for file in results:
        whole = file.read_bytes()
        file.write_bytes(b"{}\n" if file.suffix == ".json" else whole[: len(whole) // 2])
        found = None
        try:
            report(results, ["good"], "good", {"raw": str(made_results.pictures / "raw")})
            unread.add(str(Path(file.parent.name, file.name)))
        except DamagedFile as error:
            found = error.file
        assert found in (None, file)
        file.write_bytes(whole)
    # these are for reading pictures, for training and for a rerun
    assert {
        "good/model.npz",
        "good/configuration.json",
        "main/train_data.npz",
        "raw/characters.npy",
    } <= unread
    for file in ("good/metrics.json", "good/confusion.csv", "good/misreads.csv", "main/dataset.json"):
        assert file not in unread
    for file in ("good/history.csv", "good/status.json", "xor/xor.json", "raw/segment.json"):
        assert file not in unread


def test_it_links_to_the_domain_gap_where_it_speaks_of_the_data_set(mixed_results, without_figures):
    results, link = mixed_results.results, '<a href="gap/main.html">'
    linked = report(results, ["good"], "good", {}, (), {"main": "gap/main.html"})
    head, *_, about = linked.split("<section>")
    assert link in head
    assert f"{link}domain gap between synthetic and real characters</a></dd>" in about
    assert "domain gap" not in visible(report(results, ["good"], "good", {}))


def test_what_confidence_is_worth_is_said(made_results, tmp_path, without_figures):
    copy = copied(made_results, tmp_path)
    file = copy.evaluate("good").metrics
    metrics = read_json(file)
    metrics["selective"]["thresholds"][2] = {"threshold": 0.9, "coverage": 0.5} | accuracy_interval(3, 3)
    metrics["selective"]["coverage_at_99"] = 2 / 3
    write_json(file, metrics)
    text = visible(written(made_results, copy)).replace("\N{NO-BREAK SPACE}", " ")
    assert "The confidences of good are not calibrated: they are the network's own." in text
    assert "At the threshold 90 % the coverage is 50 % : this share of the captchas has at least this" in text
    assert "and 100.0 % of these are right" in text
    assert "(3 of 3; 95 % interval 43.9 % to 100.0 %)" in text
    assert "The coverage at 99 % accuracy" in text
    assert "with at least 99 % right, is 66.7 %." in text
    for run in ("good", "other"):
        unseen = read_json(copy.evaluate(run).metrics)["unseen"]
        assert f" {run} not calibrated {100 * unseen['captchas']['ece']:.1f} " in text
    metrics["selective"]["thresholds"][2] = {"threshold": 0.9, "coverage": 0.0} | accuracy_interval(0, 0)
    metrics["selective"]["coverage_at_99"] = 0.0
    write_json(file, metrics)
    text = visible(written(made_results, copy)).replace("\N{NO-BREAK SPACE}", " ")
    assert "At the threshold 90 % the coverage is 0: no captcha has so high a confidence." in text
    assert "No threshold brings the accuracy to 99 %." in text


def test_what_a_run_was_calibrated_on_is_said(mixed_results, tmp_path, without_figures):
    copy = copied(mixed_results, tmp_path)
    facts = read_json(copy.dataset("main").facts)
    facts["captchas"]["calibration"] = 500
    write_json(copy.dataset("main").facts, facts)
    text = visible(written(mixed_results, copy))
    assert "The confidences of good were calibrated on 500 synthetic captchas that trained nothing." in text


def test_the_reliability_diagram_is_that_of_the_headline_alone(made_results, page, without_figures):
    assert re.findall(r'aria-label="Reliability diagram of (\w+)', page) == ["good"]
    failed = written(made_results, headline="wild")
    assert "Reliability diagram" not in failed
    assert "good not calibrated" in visible(failed)
    assert "whether to trust it" not in written(made_results, headline="wild", runs=["wild"])


def test_an_augmentation_is_told(mixed_results, tmp_path, without_figures):
    assert "augmentation" not in visible(written(mixed_results))
    copy = copied(mixed_results, tmp_path)
    augment = {"augment": {"method": "affine", "rotation": 5}}
    parameters = copy.train("good").parameters
    write_json(parameters, read_json(parameters) | augment)
    assert "augmentation affine, rotation 5" in visible(written(mixed_results, copy))


def test_the_page_fetches_nothing(page):
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)
    assert "<script" not in page
    assert "@import" not in page
    # these addresses in a figure of matplotlib are names of vocabularies and formats; they are not loaded
    outside = re.sub(r"<svg.*?</svg>", "", page, flags=re.S)
    assert "http" not in outside


def test_the_same_results_are_the_same_page(made_results, page):
    assert written(made_results) == page


@pytest.mark.parametrize("sources", [{}, {"raw": "gone", "unseen": "gone"}])
def test_a_picture_that_is_gone_is_replaced_by_its_cleaned_form(made_results, page, without_figures, sources):
    without = written(made_results, pictures=sources)
    pictures = [set(re.findall(r'<img src="(data:[^"]*)"', text)) for text in (page, without)]
    assert len(pictures[1]) == len(pictures[0])
    assert not pictures[0] & pictures[1]


def test_a_misread_file_may_be_called_anything(made_results, tmp_path, without_figures):
    copy = copied(made_results, tmp_path)
    misreads = copy.evaluate("good").misreads
    _, first, *_ = misreads.read_text().splitlines()
    file = first.split(",")[1]
    named = b'\xff"><script>alert(1)</script>{{ 7*7 }}.png'
    for table in (misreads, copy.segment("grid", "unseen").pictures):
        rows = [line.split(",") for line in table.read_text().splitlines()]
        column = rows[0].index("file")
        for row in rows[1:]:
            if row[column] == file:
                row[column] = named.decode("utf-8", "surrogateescape").replace('"', "")
        write_text(table, "".join(",".join(row) + "\n" for row in rows))
    write_text(tmp_path / "page.html", written(made_results, copy))
    text = (tmp_path / "page.html").read_bytes()
    assert b"\xff&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}.png" in text
    assert b"<script" not in text


def test_what_the_first_run_misread_is_open_and_what_only_others_did_is_folded(
    made_results, page, without_figures
):
    misread = {
        run: made_results.layout.evaluate(run).misreads.read_text().count("\n") - 1
        for run in ("good", "other")
    }
    text = visible(page)
    assert f"good misread {misread['good']} unseen captchas" in text
    # with the runs in the other order the same captchas are shown, in another order
    turned = written(made_results, headline="other")
    assert f"other misread {misread['other']} unseen captchas" in visible(turned)
    every = turned.count('<img src="data:image/png;base64,')
    more = every - misread["other"]
    assert (f"{more} more, which only other runs misread" in visible(turned)) == (more > 0)


def test_the_commonest_errors_are_said_in_words(made_results, without_figures):
    confusion, alphabet = figures.read_confusion(made_results.layout.evaluate("good").confusion)
    wrong = {(alphabet[i], alphabet[j]): n for (i, j), n in np.ndenumerate(confusion) if i != j and n}
    text = visible(written(made_results, runs=["good"]))
    said = re.findall(r"(\S) read as (\S) \((\d+) of (\d+)\)", text)
    assert [int(times) for _, _, times, _ in said] == sorted(wrong.values(), reverse=True)[:5]
    for truth, reading, times, examples in said:
        assert wrong[truth, reading] == int(times)
        assert confusion[alphabet.index(truth)].sum() == int(examples)


def test_an_option_that_is_zero_is_said(made_results, tmp_path, without_figures):
    copy = copied(made_results, tmp_path)
    parameters = copy.train("good").parameters
    write_json(parameters, read_json(parameters) | {"penalty": {"method": "l2", "weight": 0.0}})
    assert "L2, weight 0.0" in visible(written(made_results, copy))


def test_no_two_elements_share_an_id(page):
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    named = {a or b for a, b in re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', page)}
    assert named
    assert named <= set(ids)


def test_a_file_name_that_is_no_text_does_not_break_it(made_results, tmp_path, without_figures):
    copy = copied(made_results, tmp_path)
    copy.segment("grid", "raw").rejected.write_bytes(b"file,label,reason\nodd\xff.png,,not an image\n")
    write_text(tmp_path / "page.html", written(made_results, copy))
    assert b"odd\xff.png" in (tmp_path / "page.html").read_bytes()


def plan(runs, base="good"):
    """A sweep in the form of the resolved configuration; `runs` are (run, values, seed) by name."""
    keys = dict.fromkeys(key for values, _ in runs.values() for key in values)

    def setting(values):
        return ",".join(f"{key.split('.')[-1]}={value}" for key, value in values.items()) or base

    about = {
        run: {"setting": setting(values), "values": values, "seed": seed, "fold": None}
        for run, (values, seed) in runs.items()
    }
    return {"run": base, "keys": list(keys), "runs": about}


THREE = plan({run: ({"train.cost": run}, None) for run in ("good", "other", "wild")})


def section(page, name="tried"):
    return re.search(f'<section class="sweep" id="sweep-{name}">.*?</section>', page, flags=re.S).group()


@pytest.fixture
def swept(made_results, tmp_path):
    """Makes results of runs that read some of the 6 unseen captchas, and the page about them."""

    def make(right, **sweeps):
        copy, source = copied(made_results, tmp_path), made_results.layout
        files = sorted(file.name for file in (made_results.pictures / "unseen").glob("*.png"))
        for run, n in right.items():
            copy.train(run).status.parent.symlink_to(source.train("good").status.parent)
            write_json(copy.evaluate(run).metrics, read_json(source.evaluate("good").metrics))
            wrong = [("unseen", file, "label", "reading", "0.5") for file in files[n:]]
            write_csv(copy.evaluate(run).misreads, MISREADS, wrong)
        return written(made_results, copy, runs=["good"], **sweeps)

    return make


def test_a_page_without_sweeps_speaks_of_none(made_results, page):
    assert "sweep" not in page
    assert "<h2>All runs</h2>" in page


def test_the_runs_of_a_sweep_share_a_section_and_have_none_of_their_own(made_results, without_figures):
    page = written(made_results, runs=["good"], tried=THREE)
    assert re.findall(r"Cost, gradient norm and training accuracy of (\w+)", page) == ["good"]
    text = visible(section(page))
    assert "Of the run good it varies train.cost (good, other and wild): 3 settings, 3 runs in all." in text
    assert "1 data set: 12 captchas to train on, 6 unseen" in text
    for run in ("good", "other"):
        found = read_json(made_results.layout.evaluate(run).metrics)["unseen"]["captchas"]
        assert f"{found['correct']} of 6 {100 * found['accuracy']:.1f} %" in text
        assert f"cost={run} {100 * found['accuracy']:.1f} %" in text
    assert '<a href="#sweep-tried">' in page


def test_a_failed_run_of_a_sweep_is_named_with_its_reason(made_results, without_figures):
    reason = read_json(made_results.layout.train("wild").status)["reason"]
    text = visible(section(written(made_results, runs=["good"], tried=THREE)))
    assert f"1 run failed: wild : {reason}" in text
    assert "cost=wild every run failed 1 1" in text
    lost = plan({"wild": ({"train.cost": "quadratic"}, None)})
    assert "No run finished." in visible(section(written(made_results, runs=["good"], tried=lost)))


def test_of_many_failed_runs_some_are_named_and_all_are_in_the_list(made_results, tmp_path, without_figures):
    copy = copied(made_results, tmp_path)
    runs = {f"lost{number}": ({"train.penalty.weight": number}, None) for number in range(12)}
    for run in runs:
        for files in (copy.train, copy.evaluate):
            next(iter(files(run))).parent.symlink_to(next(iter(files("wild"))).parent)
    page = section(written(made_results, copy, runs=["good"], tried=plan(runs)))
    assert page.count("<li><span") == 10
    text = visible(page)
    assert "12 runs failed: lost0 :" in text
    assert "2 more, in the list of runs" in text
    assert re.findall(r"(lost\d+) – – failed:", text) == list(runs)


def test_a_headline_out_of_a_sweep_has_its_section_too(made_results, without_figures):
    page = written(made_results, headline="other", runs=["good"], tried=THREE)
    assert "the run other reads" in visible(page)
    assert re.findall(r"training accuracy of (\w+)", page) == ["other", "good"]


@pytest.mark.parametrize(
    ("best", "next_best", "repeats", "said"),
    [
        (6, 0, 6, "It stands out: this is hardly chance."),
        (6, 5, 6, "It does not stand out: this may be chance."),
        (
            6,
            0,
            3,
            "the first reads 100.0 points more: p = 0.25 over seeds (paired t-test) and p = 0.031 over",
        ),
        (6, 0, 2, "It is not known whether it stands out: 2 repeats do not show"),
        (6, 0, 1, "It is not known whether it stands out: a single repeat does not show"),
        (5, 5, 3, "Both settings read the same: 83.3 % of the unseen captchas."),
    ],
)
def test_the_best_setting_is_said_and_whether_it_stands_out(
    swept, without_figures, best, next_best, repeats, said
):
    right, runs = {}, {}
    for seed in range(1, repeats + 1):
        for weight, n in ((0.5, next_best), (0.1, best)):
            run = f"tried,weight={weight},seed={seed}"
            right[run], runs[run] = n, ({"train.penalty.weight": weight}, seed)
    text = visible(section(swept(right, tried=plan(runs)))).replace("\N{NO-BREAK SPACE}", " ")
    assert said in text
    if best > next_best:
        assert f"weight=0.1 read most: {100 * best / 6:.1f} % of the unseen captchas" in text
        assert "The best of 2 settings was chosen on these captchas, so it looks a little better" in text
        assert (f"({repeats} runs, standard deviation 0.0 points)" in text) == (repeats > 1)


def test_settings_that_never_read_the_same_captchas_are_not_compared(swept, without_figures):
    runs = {f"tried,seed={seed}": ({"train.penalty.weight": seed / 2}, seed) for seed in (1, 2)}
    text = visible(section(swept({"tried,seed=1": 5, "tried,seed=2": 4}, tried=plan(runs))))
    assert "They never read the same captchas, so they cannot be compared" in text


def test_several_best_settings_are_told_as_equals(swept, without_figures):
    runs = {f"tried,{weight}": ({"train.penalty.weight": weight}, None) for weight in (1, 2, 3)}
    text = visible(section(swept({"tried,1": 2, "tried,2": 4, "tried,3": 4}, tried=plan(runs))))
    assert "weight=2 and 1 other setting read most, all the same: 66.7 %" in text


def test_a_sweep_without_keys_repeats_its_run(swept, without_figures):
    runs = {f"tried,seed={seed}": ({}, seed) for seed in (1, 2)}
    text = visible(section(swept({"tried,seed=1": 3, "tried,seed=2": 6}, tried=plan(runs))))
    assert "It repeats the run good with 2 seeds (1, 2), 2 runs in all." in text
    assert (
        "good read 75.0 % of the unseen captchas on average (2 runs, standard deviation 35.4 points)" in text
    )


@pytest.mark.parametrize(
    ("settings", "lines", "all_plotted"),
    [
        # one number, with others as lines, the line with the best setting first
        ([{"train.w": w, "train.h": h} for h in "ab" for w in (1, 2, 3)], {"h=b": 3, "h=a": 3}, True),
        # two numbers: which of them would be the axis?
        ([{"train.w": w, "train.v": v} for w in (1, 2, 3) for v in (1, 2, 3)], {}, False),
        # two values are no curve, and truth is no number
        ([{"train.w": w, "train.d": d} for w in (1, 2) for d in (True, False)], {}, False),
        # too many lines to distinguish, and a value that has no position on an axis
        ([{"train.w": w, "train.h": h} for h in "abcdefgh" for w in (1, 2, 3)], dict.fromkeys(
            [f"h={h}" for h in "hgfedcba"], 3), False),
        ([{"train.w": w} for w in (1, 2, 3, None)], {"good": 3}, False),
    ],
)  # fmt: skip
def test_accuracy_is_plotted_over_the_one_key_with_numbers(
    swept, without_figures, monkeypatch, settings, lines, all_plotted
):
    plotted = {}
    monkeypatch.setattr(
        report_sweeps, "accuracy_curve", lambda key, lines: plotted.update(key=key, lines=lines)
    )
    runs = {f"tried,{number}": (values, None) for number, values in enumerate(settings)}
    right = {run: 6 * number // len(runs) for number, run in enumerate(runs)}
    page = section(swept(right, tried=plan(runs)))
    assert {label: len(points) for label, points in plotted.get("lines", ())} == lines
    assert plotted.get("key") == ("train.w" if lines else None)
    assert page.count('class="figure') == bool(lines) + (not all_plotted)
    assert ("The lines are the 6 with the best setting on them; 2 more" in visible(page)) == (len(lines) > 6)


@pytest.mark.workflow
def test_a_sweep_of_hundreds_is_a_small_section_that_stays_the_same(swept, made_results, tmp_path):
    runs, right = {}, {}
    for number in range(200):
        values = {"train.w": number // 4, "train.v": -(number // 4), "train.note": "so and so" * 8}
        runs[run := f"tried,{number}"] = (values, number % 4 + 1)
        right[run] = number % 5
    page = swept(right, tried=plan(runs), again=plan(runs))
    assert len(section(page)) < 500_000
    text = visible(section(page))
    assert "train.w (50 values from 0 to 49)" in text
    assert "50 settings, each with 4 seeds (1, 2, 3, 4), 200 runs in all" in text
    assert "10 more settings are only in the table" in text
    assert len(re.findall(r"\d+ of 6 ", text)) == 200
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    sweeps = {"tried": plan(runs), "again": plan(runs)}
    assert written(made_results, Layout(tmp_path / "results"), runs=["good"], **sweeps) == page


def test_a_setting_may_be_called_anything(swept, without_figures):
    runs = {"tried,1": ({"train.w": "<script>alert(1)</script>"}, None)}
    page = swept({"tried,1": 3}, tried=plan(runs))
    assert "<script" not in page
    assert "w=&lt;script&gt;" in page
