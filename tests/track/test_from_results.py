"""What a run is recorded with, where some of its captchas were drawn for it."""

import pytest

from captchanet.files import read_json

# marked, because importing mlflow takes seconds; it warns of its own deprecations
pytestmark = [pytest.mark.workflow, pytest.mark.filterwarnings("default")]


def content(results, name="good"):
    from captchanet.track.from_results import collect

    with collect(results.folder, [name]) as records:
        return records[0], records[0].content()


def test_drawn_captchas_are_a_data_set_of_their_own(mixed_results):
    record, found = content(mixed_results)
    digests = read_json(mixed_results.folder / "dataset/main/dataset.json")["digest"]
    inputs = {name: (context, digest, sizes) for name, context, _, digest, sizes in found.data}
    assert list(inputs) == ["main-train", "main-drawn", "main-unseen"]
    assert inputs["main-drawn"] == ("training", digests["drawn"], {"captchas": 15, "characters": 60})
    assert inputs["main-train"][2] == {"captchas": 12, "characters": 48}
    assert record.provenance["data_sha256"] == digests
    assert found.finals["pictures/drawn/rejected"] == 0
    evaluated = read_json(mixed_results.folder / "evaluate/good/metrics.json")
    assert found.finals["unseen/captchas/ece"] == evaluated["unseen"]["captchas"]["ece"]
    assert found.finals["unseen/captchas/share_99_right"] == evaluated["answering"]["share_99_right"]
    assert found.finals["temperature"] == 1
    assert "trained by CG on 12 captchas and 15 drawn ones reads" in found.description


def test_the_style_of_drawing_is_recorded_option_by_option(mixed_results):
    from captchanet.track.log_runs import flattened

    record, _ = content(mixed_results)
    parameters = dict(flattened(record.parameters))
    assert parameters["pictures.drawn.draw.method"] == "turned"
    assert parameters["pictures.drawn.draw.count"] == "15"
    assert parameters["dataset.drawn"] == "drawn"
    assert parameters["augment.method"] == "none"


def test_without_drawn_captchas_nothing_is_said_of_them(made_results, drawn_results):
    from captchanet.track.log_runs import flattened

    for results in (made_results, drawn_results):
        _, found = content(results)
        assert [name for name, *_ in found.data] == ["main-train", "main-unseen"]
        assert "drawn" not in found.description
    record, _ = content(made_results)
    assert not any(name.startswith("pictures") for name, _ in flattened(record.parameters))
