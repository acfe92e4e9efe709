"""A name in a target's path that the configuration does not have is said, with those that it has."""

import pytest

from captchanet.config.orphans import MOST, check_targets
from captchanet.errors import UserError
from captchanet.layout import Layout

MAIN = Layout.of("main")


@pytest.mark.parametrize(
    ("target", "there"),
    [
        (MAIN.train("nobody").theta, "tutorial, cg, sgd"),
        (MAIN.evaluate("nobody").metrics, "tutorial, cg, sgd"),
        (MAIN.dataset("nobody").facts, "main"),
        (MAIN.domain_gap("nobody"), "main"),
        (MAIN.segment("nobody", "raw").counts, "ink-grid"),
        (MAIN.segment("ink-grid", "nobody").counts, "raw, unseen"),
        (MAIN.synthesize("nobody").labels, "none"),
    ],
)
def test_a_target_with_a_name_that_is_unknown_is_refused_with_those_there_are(default_config, target, there):
    words = ["--cores", "1", f"./{target}"]
    with pytest.raises(UserError, match=rf"there is no 'nobody' for results/main/.*; there are: {there}$"):
        check_targets(words, MAIN, default_config, default_config.pictures)


def test_other_words_are_left_to_snakemake(default_config):
    words = ["train", "report", "--until", "segment", str(MAIN.train("cg").theta), str(MAIN.report)]
    words += [str(MAIN.segment("ink-grid", "raw").counts), str(MAIN.rejected_log("ink-grid", "raw"))]
    check_targets([*words, "/results/main/train/nobody/model.npz"], MAIN, default_config, ["raw", "unseen"])


def test_of_many_names_the_first_are_listed(default_config):
    runs = {f"run-{number}": default_config.train["cg"] for number in range(MOST + 2)}
    config = default_config.model_copy(update={"train": runs})
    with pytest.raises(UserError, match=f"run-{MOST - 1} and 2 more$"):
        check_targets([str(MAIN.train("nobody").theta)], MAIN, config, [])
