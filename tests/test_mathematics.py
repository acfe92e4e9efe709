"""The page of mathematics is true: its quotes are in the code, its tests exist, its numbers come out."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

from captchanet.dataset import dataset
from captchanet.nn import (
    GradientDescent,
    Objective,
    cross_entropy,
    fully_connected,
    l2,
    one_hot,
    quadratic,
    sigmoid,
    softmax,
    tanh,
    tutorial_penalty,
    uniform,
)
from captchanet.nn.gradient_check import TOLERANCE, central_differences, relative_error
from captchanet.segment.segment import segment
from captchanet.train import xor

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/mathematics.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, flags=re.S | re.M)
PROSE = re.sub(r"^```.*?^```$", "", PAGE, flags=re.S | re.M)
SENTENCES = " ".join(PROSE.split())


def squeezed(text):
    """The lines of a text, spaces squeezed, indentation gone."""
    return [" ".join(line.split()) for line in text.splitlines()]


def opening(kind, words):
    """The blocks of a kind that begin with a comment with these words, as (first line, rest)."""
    split = [text.split("\n", 1) for language, text in BLOCKS if language == kind]
    return [(first, rest) for first, rest in split if first.startswith(f"# {words}")]


def numbers(name):
    """A block of printed numbers: what each name stands for, as rows of words."""
    ((_, text),) = opening("text", f"numbers: {name}")
    found = {}
    for line in text.splitlines():
        key, equals, words = line.rpartition("=")
        if equals:
            rows = found[key.strip()] = []
        rows.append(words.split())
    return found


def table(header):
    """The rows of the table with that header line, as lists of cells."""
    lines = PAGE.splitlines()
    start = lines.index(header)
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def same_digits(printed, values):
    """Whether each value, rounded as its printed word is, gives that word."""
    values = np.atleast_2d(values)
    assert values.shape == (len(printed), len(printed[0]))
    rounded = [
        [f"{value:.{len(word.partition('.')[2])}f}" for word, value in zip(words, row, strict=True)]
        for words, row in zip(printed, values, strict=True)
    ]
    assert rounded == printed


def one_pass(network, theta, X, Y, cost):
    """Everything that the page prints of one pass, deltas before the division by n."""
    bias, n = int(network.layers[0].bias), len(X)
    theta1, theta2 = network.matrices(theta)
    a1 = np.vstack([np.ones((bias, n)), X.T])
    z2 = theta1 @ a1
    a2 = np.vstack([np.ones((bias, n)), sigmoid.apply(z2, np.empty_like(z2))])
    z3 = theta2 @ a2
    objective = Objective(network, X, Y, cost=cost)
    value, gradient = objective(theta)
    ((work, *_),) = objective._buffers.values()
    _, hidden, *_, last = work.signals
    gradient1, gradient2 = network.matrices(gradient)
    return {
        "theta1": theta1,
        "theta2": theta2,
        "a1": a1,
        "z2": z2,
        "a2": a2,
        "z3": z3,
        "a3": network.outputs(theta, X).T,
        "cost": value,
        "delta3": last.delta * n,
        "delta2": hidden.delta * n,
        "gradient2": gradient2,
        "gradient1": gradient1,
    }


def worked_example():
    theta = np.array([0.1, 0.4, -0.3, -0.2, 0.5, 0.6, 0.3, -0.7, 0.8])
    X, Y = np.array([[1, 0], [0.5, 2]]), np.array([[1.0], [0.0]])
    return one_pass(fully_connected((2, 2, 1)), theta, X, Y, cross_entropy)


def test_every_block_of_code_is_a_quote_or_a_program_of_the_page():
    kinds = [opening("python", words) for words in ("src/", "a program of this page")]
    assert sum(map(len, kinds)) == len(opening("python", "")) == sum(kind == "python" for kind, _ in BLOCKS)
    assert len(kinds[0]) > 20
    assert len(kinds[1]) == 2


@pytest.mark.parametrize(("first", "quote"), opening("python", "src/"))
def test_every_quoted_line_stands_in_its_file_in_that_order(first, quote):
    # a blank line in a quote leaves something out; what has none between must be neighbours in the file
    lines = squeezed((ROOT / first.removeprefix("# ")).read_text(encoding="utf-8"))
    at = 0
    for passage in quote.strip().split("\n\n"):
        wanted = squeezed(passage)
        matches = [i for i in range(at, len(lines)) if lines[i : i + len(wanted)] == wanted]
        assert matches, f"{first} does not say, from line {at + 1} on:\n{passage}"
        at = matches[0] + len(wanted)


def test_every_test_that_the_page_names_exists():
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE))
    assert len(named) > 30
    for file, name in sorted(named):
        assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{name}"


def test_every_file_and_function_that_the_page_names_exists():
    # the results are made by the workflow, and are no part of the project
    files = set(re.findall(r"\b((?:src|tests|docs|data|config)/[\w/]*\w(?:\.\w+)?)", PAGE))
    assert len(files) > 15
    for file in sorted(files):
        assert (ROOT / file).exists(), file
    named = re.findall(r"((?:`[\w.]+`(?:, | and )?)+) in `(src/[\w/]+\.py)`", SENTENCES)
    assert len(named) > 12
    for names, file in named:
        code = (ROOT / file).read_text(encoding="utf-8")
        for name in re.findall(r"`([\w.]+)`", names):
            for part in name.split("."):
                assert re.search(rf"^ *(def|class) {part}\b", code, flags=re.M), f"{file}: {name}"


def test_the_formulas_are_plain_enough_to_render_and_the_prose_to_be_read():
    shown = [text for kind, text in BLOCKS if kind == "math"]
    without_code = re.sub(r"`[^`]*`", "", PROSE)
    assert without_code.count("$") % 2 == 0
    inline = re.findall(r"\$(.*?)\$", without_code, flags=re.S)
    assert len(shown) > 30
    assert len(inline) > 100
    for formula in shown + inline:
        assert formula.count("{") == formula.count("}"), formula
        assert re.findall(r"\\begin\{(\w+)", formula) == re.findall(r"\\end\{(\w+)", formula)[::-1], formula
        assert len(re.findall(r"\\left\W", formula)) == len(re.findall(r"\\right\W", formula)), formula
        assert not re.search(r"\\(operatorname|newcommand|def)\b", formula), formula
    for formula in inline:
        # Markdown takes the backslash off before punctuation, and the renderers want no line break
        assert not re.search(r"\\[!-/:-@\[-`{-~]|\n", formula), formula
    for line in PROSE.splitlines():
        assert len(line) <= 120 or line.startswith("|"), line


def test_the_shapes_are_those_of_the_tutorials_network():
    network = fully_connected((260, 200, 200, 36))
    rows = table("| | shape | numbers |")
    assert [row[1] for row in rows[:-1]] == [f"{units} × {inputs}" for units, inputs in network.shapes]
    assert [row[2] for row in rows[:-1]] == [f"{units * inputs:,}" for units, inputs in network.shapes]
    assert rows[-1][2] == f"{network.size:,}"


@pytest.mark.parametrize("part", ["forward", "backward"])
def test_the_worked_example_is_as_printed(part):
    printed, values = numbers(f"worked example, {part}"), worked_example()
    assert len(printed) > 4
    for name, words in printed.items():
        same_digits(words, values[name])


def test_the_worked_example_is_printed_whole():
    printed = [*numbers("worked example, forward"), *numbers("worked example, backward")]
    assert sorted(printed) == sorted(worked_example())


def test_the_safe_forms_are_the_costs_as_written():
    rng = np.random.default_rng(0)
    z, y = rng.uniform(-9, 9, (4, 50)), rng.dirichlet(np.ones(4), 50).T
    delta, scratch = np.empty_like(z), np.empty_like(z)
    formulas = (
        (sigmoid, lambda a: -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a))),
        (softmax, lambda a: -np.sum(y * np.log(a))),
    )
    for output, as_written in formulas:
        a = output.apply(z, np.empty_like(z))
        found = cross_entropy.for_output(output)(z, a, y, delta, scratch)
        assert found == pytest.approx(as_written(a), rel=1e-11)
        np.testing.assert_array_equal(delta, a - y)


def test_the_pages_program_has_the_gradient_of_the_project_and_learns_xor():
    (_, program), _ = opening("python", "a program of this page")
    lines = [line for line in program.splitlines() if line.strip()]
    assert f"a program of {len(lines)} lines" in SENTENCES
    said, names = io.StringIO(), {}
    with contextlib.redirect_stdout(said):
        exec(compile(program, "docs/mathematics.md", "exec"), names)
    outputs = [float(word) for word in re.findall(r"\d\.\d*", said.getvalue())]
    np.testing.assert_allclose(outputs, [0, 1, 1, 0], atol=0.1)
    rng = np.random.default_rng(0)
    for layers in ((3, 2), (3, 4, 2), (3, 4, 5, 2)):
        network, X, Y = fully_connected(layers), rng.normal(size=(7, 3)), rng.random((7, 2))
        theta = uniform(network, rng, limit=1)
        cost, gradient = Objective(network, X, Y)(theta)
        found, slope, outputs = names["cost_and_gradient"](theta, layers, X, Y)
        assert found == pytest.approx(cost, rel=1e-12)
        np.testing.assert_allclose(slope, gradient, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(outputs.T, network.outputs(theta, X), rtol=1e-12)


def test_cost_and_penalties_at_the_start_are_those_of_the_table(default_config):
    segmentation = default_config.segment["ink-grid"]
    folder = segment(ROOT / "data/raw", segmentation)
    data = dataset.part(folder, range(len(folder.pictures)), "raw", segmentation.alphabet)
    Y, network = one_hot(data.y, 36), fully_connected((260, 200, 200, 36))
    initial = uniform(network, np.random.default_rng(1).spawn(4)[0])
    bare, gradient = Objective(network, data.X, Y)(initial)
    length = np.linalg.norm(gradient)
    penalties = [penalty(weight=0.1) for penalty in (tutorial_penalty, l2)]
    values = [one(network, initial, 240, np.zeros_like(initial), np.empty_like(initial)) for one in penalties]
    weights = [matrix[:, 1:] for matrix in network.matrices(initial)]
    squares = [float(np.sum(w**2)) for w in weights]
    rows = {name: cells for name, *cells in table("| | run `tutorial` | run `cg` |")}
    assert rows["at the start: cross-entropy"] == [f"{bare:.4f}"] * 2
    assert rows["at the start: penalty"] == [f"{values[0]:.7f}", f"{values[1]:.4f}"]
    assert rows["$S_1, S_2, S_3$ at the start"] == [", ".join(f"{one:.0f}" for one in squares)] * 2
    missing = 0.1 / (480 * squares[0] + squares[1] + squares[2]) ** 2
    missing *= np.sqrt(480**2 * squares[0] + squares[1] + squares[2]) * 2
    norm = f"{missing:.1e}".replace("e-0", "e-")
    assert f"the missing part of the gradient has norm {norm}, the gradient {length:.1f}." in SENTENCES


def test_the_program_about_rounding_runs_and_sees_it():
    _, (_, program) = opening("python", "a program of this page")
    names = {"__name__": "the page"}
    exec(compile(program, "docs/mathematics.md", "exec"), names)
    rng = np.random.default_rng(0)
    difference, evaluations = names["apart"](rng.random((8, 260)), np.arange(1, 9), 3)
    assert 0 < difference < 1e-9
    assert evaluations[0] == evaluations[1] > 3


def test_the_step_of_the_gradient_check_trades_truncation_against_rounding():
    rng = np.random.default_rng(0)
    network = fully_connected((4, 5, 3, 3), hidden=tanh)
    X, Y = rng.normal(size=(6, 4)), rng.dirichlet(np.ones(3), 6)
    objective, theta = Objective(network, X, Y, penalty=l2(weight=0.7)), uniform(network, rng, limit=1)
    gradient = objective(theta)[1].copy()

    def second_order(h):
        pairs = [(theta + h * e, theta - h * e) for e in np.eye(theta.size)]
        return [(objective(ahead)[0] - objective(behind)[0]) / (2 * h) for ahead, behind in pairs]

    rows = [[float(cell) for cell in row] for row in table("| h | second order | fourth order |")]
    assert [h for h, *_ in rows] == [0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6]
    for h, *stated in rows:
        found = [second_order(h), central_differences(objective, theta, h)]
        for one, said in zip(found, stated, strict=True):
            # another processor rounds differently: the page claims only the order of magnitude
            assert said / 10 < relative_error(one, gradient) < said * 10, h


def test_the_gradients_are_as_near_to_the_differences_as_the_page_says(checked_gradients):
    rows = table("| dtype | worst by entries | worst along lines | limit |")
    assert [row[0] for row in rows] == list(TOLERANCE)
    for dtype, *stated in rows:
        entries, lines, limit = map(float, stated)
        assert limit == TOLERANCE[dtype]
        these = [one for one in checked_gradients if one.dtype == dtype]
        assert f"The worst of {len(these)} each" in SENTENCES
        # neither ten times worse nor ten times better than the page says
        assert entries / 10 < max(one.entries for one in these) < entries * 10
        assert lines / 10 < max(one.lines for one in these) < lines * 10


def test_the_first_step_of_xor_is_as_printed():
    initial = uniform(xor.NETWORK, np.random.RandomState(10), limit=1.0)
    values = one_pass(xor.NETWORK, initial, xor.X, xor.Y, quadratic)
    objective = Objective(xor.NETWORK, xor.X, xor.Y, cost=quadratic)
    after = GradientDescent(learning_rate=4.0, epochs=1)(objective, initial).theta
    values["next theta1"], values["next theta2"] = xor.NETWORK.matrices(after)
    printed = numbers("xor, the first step")
    # a1 is the data, which the page quotes from the code
    assert set(printed) == set(values) - {"a1"}
    for name, words in printed.items():
        same_digits(words, values[name])
        assert all(len(word.partition(".")[2]) == 8 for row in words for word in row)


def test_the_end_of_xor_is_printed_as_its_own_test_has_it():
    proof = (ROOT / "tests/train/test_xor.py").read_text(encoding="utf-8")
    printed = [word for rows in numbers("xor, the end").values() for row in rows for word in row]
    assert len(printed) == 12 + 4 + 4
    assert printed == re.findall(r"-?\d+\.\d{8}\b", proof)
