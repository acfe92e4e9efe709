"""An evaluation counts characters and whole captchas, with intervals that a second source confirms."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from captchanet.dataset.dataset import Part
from captchanet.evaluate.confidence_interval import wilson_interval
from captchanet.evaluate.metrics import evaluate, evaluate_run, write_evaluation
from captchanet.layout import EvaluateFiles, TrainFiles
from captchanet.train.model import Model
from captchanet.train.settings import TrainSettings

SEGMENT = {"alphabet": "abc", "characters": 2}
# One input pixel for each class, and a network without hidden layer that reads the brightest
ARCHITECTURE = TrainSettings(hidden=(), bias=False).architecture(3, 3)
MODEL = Model(ARCHITECTURE, 8 * np.eye(3).ravel() - 4, "eye", SEGMENT)


def part(labels, shown=None, alphabet="abc"):
    """Captchas labelled `labels` whose pixels show `shown`."""
    y = np.array([[alphabet.index(c) + 1] for label in labels for c in label])
    X = np.eye(len(alphabet))[[alphabet.index(c) for label in shown or labels for c in label]]
    return Part(X, y, [("p", f"{label}.png", label, "sha") for label in labels])


@settings(max_examples=50)
@given(st.integers(0, 50).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_intervals_are_wilsons(counts):
    correct, n = counts
    low, high = wilson_interval(correct, n)
    assert 0 <= low <= high <= 1
    if n:
        expected = binomtest(correct, n).proportion_ci(method="wilson")
        assert (low, high) == (
            pytest.approx(expected.low, abs=1e-12),
            pytest.approx(expected.high, abs=1e-12),
        )


def test_a_captcha_counts_only_when_all_its_characters_are_right():
    found = evaluate(MODEL, part(["ab"]), part(["ab", "bc", "ca"], ["ab", "ba", "cb"]))
    assert found.metrics["unseen"]["captchas"]["correct"] == 1
    assert found.metrics["unseen"]["captchas"]["n"] == 3
    assert found.metrics["unseen"]["characters"]["correct"] == 4
    assert found.metrics["training"]["accuracy"] == 1
    assert [row[:4] for row in found.misreads] == [("p", "bc.png", "bc", "ba"), ("p", "ca.png", "ca", "cb")]


def test_three_of_four_characters_right_is_a_captcha_wrong_and_so_is_another_case():
    segment = {"alphabet": "abAB", "characters": 4}
    model = Model(
        TrainSettings(hidden=(), bias=False).architecture(4, 4), 8 * np.eye(4).ravel() - 4, "eye", segment
    )
    labels, shown = ["abab", "baba", "aabb", "bbaa"], ["abab", "bbba", "aaba", "bBaa"]
    found = evaluate(model, part(labels, alphabet="abAB"), part(labels, shown, alphabet="abAB"))
    assert found.metrics["unseen"]["captchas"]["correct"] == 1
    assert found.metrics["unseen"]["characters"]["correct"] == 13
    assert [row[2:4] for row in found.misreads] == list(zip(labels, shown, strict=True))[1:]


def test_the_confusion_matrix_has_the_truth_in_rows():
    found = evaluate(MODEL, part(["ab"]), part(["ab", "bc", "ca"], ["ab", "ba", "cb"]))
    np.testing.assert_array_equal(found.confusion, [[1, 1, 0], [0, 2, 0], [1, 0, 1]])
    expected = confusion_matrix(list("abbcca"), list("abbacb"), labels=list("abc"))
    np.testing.assert_array_equal(found.confusion, expected)
    by_class = {row[0]: row[1:4] for row in found.classes}
    assert by_class == {"a": (1, 2, 1), "b": (1, 2, 2), "c": (0, 2, 1)}


def test_captchas_that_were_mixed_in_count_as_examples_and_are_not_read():
    found = evaluate(MODEL, part(["ab"]), part(["ab", "bc"]), part(["cc", "cb"], ["aa", "aa"]))
    assert {row[0]: row[1] for row in found.classes} == {"a": 1, "b": 2, "c": 3}
    assert found.metrics["training"]["n"] == 2
    assert found.metrics["training"]["accuracy"] == 1


def test_confidence_is_the_share_of_the_largest_output_and_their_product():
    outputs = 1 / (1 + np.exp(-(8 * np.eye(3) - 4)))
    one = outputs[0, 0] / outputs[0].sum()
    readings, confidence, each = MODEL.predict(np.eye(3)[[0, 1]])
    assert readings == ["ab"]
    np.testing.assert_allclose(each, [[one, one]])
    np.testing.assert_allclose(confidence, [one * one])


def test_outputs_that_all_underflow_give_no_confidence_rather_than_no_number():
    dark = Model(ARCHITECTURE, np.full(9, -5000.0), "dark", SEGMENT)
    _, confidence, _ = dark.predict(np.eye(3)[[0, 1]])
    assert confidence.tolist() == [0]


def test_a_misread_without_any_confidence_is_listed():
    dark = Model(ARCHITECTURE, np.full(9, -5000.0), "dark", SEGMENT)
    found = evaluate(dark, part(["aa"]), part(["aa", "bc"]))
    assert found.misreads == [("p", "bc.png", "bc", "aa", "0.000000")]


def test_what_is_written_is_what_was_counted(tmp_path):
    found = evaluate(MODEL, part(["ab"]), part(["ab", "bc"], ["ab", "ba"]))
    files = EvaluateFiles.within(tmp_path)
    write_evaluation(files, found)
    assert json.loads(files.metrics.read_text()) == found.metrics
    assert files.confusion.read_text() == "true,a,b,c\na,1,0,0\nb,0,2,0\nc,1,0,0\n"
    assert files.misreads.read_text().splitlines()[1].startswith("p,bc.png,bc,ba,0.9")


def test_a_failed_training_is_evaluated_as_failed(tmp_path):
    run, files = TrainFiles.within(tmp_path), EvaluateFiles.within(tmp_path / "out")
    run.status.write_text('{"status": "failed", "reason": "nan", "evaluations": 3}')
    found = evaluate_run(run, part(["ab"]), part(["bc"]))
    assert found.metrics == {"status": "failed", "reason": "nan"}
    write_evaluation(files, found)
    assert files.misreads.read_text() == "pictures,file,label,reading,confidence\n"
    assert files.reliability.read_text().count("\n") == 1


def test_calibration_and_coverage_are_counted(tmp_path):
    labels, shown = ["ab", "bc", "ca", "aa"], ["ab", "ba", "ca", "aa"]
    found = evaluate(MODEL, part(["ab"]), part(labels, shown))
    _, confidence, each = MODEL.predict(part(labels, shown).X)
    unseen = found.metrics["unseen"]
    # all confidences are equal: one bin, and no threshold separates them
    assert unseen["captchas"]["ece"] == pytest.approx(confidence[0] - 0.75)
    assert unseen["characters"]["ece"] == pytest.approx(each[0, 0] - 7 / 8)
    assert found.metrics["temperature"] == 1
    selective = found.metrics["selective"]
    assert selective["coverage_at_99"] == 0
    at = {one["threshold"]: (one["n"], one["correct"]) for one in selective["thresholds"]}
    assert at == {0.5: (4, 3), 0.8: (4, 3), 0.9: (4, 3), 0.95: (0, 0), 0.99: (0, 0)}
    files = EvaluateFiles.within(tmp_path)
    write_evaluation(files, found)
    lines = files.reliability.read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["of", "characters", "captchas"]
    (header, row) = files.coverage.read_text().splitlines()
    assert header == "threshold,n,coverage,correct,accuracy,low,high"
    assert row.startswith(f"{confidence[0]},4,1.0,3,0.75,")
