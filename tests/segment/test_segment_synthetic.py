"""Synthetic captchas become characters in the same way as the same captchas in files."""

import numpy as np
import pytest
from PIL import Image

from captchanet.errors import UserError
from captchanet.segment import segment as module
from captchanet.segment.segment import segment
from captchanet.segment.segment_synthetic import number_of, segment_synthetic
from captchanet.segment.segmentation import Segmentation
from captchanet.synthesize.turned import Turned


@pytest.fixture(scope="module")
def segmentation(default_config):

    return default_config.segment["ink-grid"]


@pytest.fixture(scope="module")
def synthetic():
    return Turned(count=20, seed=4)()


def test_it_gives_what_segment_gives_of_the_same_pictures_in_files(segmentation, synthetic, tmp_path):
    for picture, label in zip(*synthetic, strict=True):
        Image.fromarray(picture).save(tmp_path / f"{label}.png")
    files, arrays = segment(tmp_path, segmentation), segment_synthetic(*synthetic, segmentation)
    assert len(files.pictures) == 20
    # files are in the order of their names
    order = np.argsort(synthetic[1])
    assert [row.label for row in files.pictures] == [synthetic[1][i] for i in order]
    assert files.X.tobytes() == arrays.X.reshape(20, -1)[order].tobytes()
    assert files.cleaned.tobytes() == arrays.cleaned[order].tobytes()
    assert [row.pixels for row in files.pictures] == [arrays.pictures[i].pixels for i in order]
    windows = [[row[1:] for row in arrays.characters[4 * i : 4 * i + 4]] for i in order]
    assert [row[1:] for row in files.characters] == [row for of in windows for row in of]


def test_pictures_are_called_by_number_and_label(segmentation, synthetic):
    found = segment_synthetic(*synthetic, segmentation)
    names = [row.file for row in found.pictures]
    assert names[7] == f"000007-{synthetic[1][7]}"
    assert [number_of(name) for name in names] == list(range(20))
    assert names == sorted(names)


def test_of_the_same_picture_twice_the_first_is_kept(segmentation, synthetic):
    pictures, labels = np.concatenate([synthetic[0], synthetic[0][3:4]]), [*synthetic[1], synthetic[1][3]]
    found, once = (
        segment_synthetic(pictures, labels, segmentation),
        segment_synthetic(*synthetic, segmentation),
    )
    assert found.X.tobytes() == once.X.tobytes()
    ((file, label, reason),) = found.rejected
    assert (number_of(file), label) == (20, synthetic[1][3])
    assert reason == f"a copy of 000003-{synthetic[1][3]}"


def test_of_the_same_picture_with_two_labels_none_is_kept(segmentation, synthetic):
    pictures = np.concatenate([synthetic[0], synthetic[0][3:4]])
    found = segment_synthetic(pictures, [*synthetic[1], "zzzz"], segmentation)
    assert len(found.pictures) == len(found.cleaned) == len(found.X) // 4 == 19
    assert [number_of(row.file) for row in found.rejected] == [3, 20]
    assert (
        found.rejected[1].reason
        == f"labelled zzzz, but the same picture as 000003-{synthetic[1][3]} labelled {synthetic[1][3]}"
    )


@pytest.mark.parametrize("size", [1, 7, 20])
def test_batches_of_any_size_give_the_same(segmentation, synthetic, monkeypatch, size):
    expected = segment_synthetic(*synthetic, segmentation)
    monkeypatch.setattr(module, "BATCH", size)
    found = segment_synthetic(*synthetic, segmentation)
    assert found.X.tobytes() == expected.X.tobytes()
    assert found.characters == expected.characters


def test_labels_are_folded_where_the_segmentation_says_so(segmentation, synthetic):
    labels = ["aB3x", "Zz11", "0123", "QRST"]
    found = segment_synthetic(
        synthetic[0][:4], labels, Segmentation.of(segmentation.dump() | {"fold": "lower"})
    )
    assert [row[:2] for row in found.pictures[:2]] == [("000000-aB3x", "ab3x"), ("000001-Zz11", "zz11")]
    assert "".join(row.label for row in found.characters) == "ab3xzz110123qrst"
    with pytest.raises(UserError, match="have B Z Q R S T, which the alphabet of the segmentation lacks"):
        segment_synthetic(synthetic[0][:4], labels, segmentation)


def test_no_picture_is_no_character(segmentation):
    found = segment_synthetic(np.empty((0, 27, 72, 3), np.uint8), [], segmentation)
    assert found.X.shape == (0, 260)
    assert found.cleaned.shape == (0, 27, 72)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"picture": {"width": 80}}, "have 72 × 27 pixels and the segmentation is for 80 × 27"),
        ({"characters": 5}, "have 4 characters and the segmentation is for 5"),
        ({"alphabet": "0123456789"}, "which the alphabet of the segmentation lacks"),
    ],
)
def test_what_the_segmentation_is_not_for_is_refused(segmentation, synthetic, change, said):
    with pytest.raises(UserError, match=said):
        segment_synthetic(*synthetic, Segmentation.of(segmentation.dump() | change))
