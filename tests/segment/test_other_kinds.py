"""Other kinds of captchas: another case, size, number of characters, and several channels."""

import numpy as np
from pictures import SETTINGS
from PIL import Image

from captchanet.layout import SegmentedFiles
from captchanet.segment.segment import read_segmented, segment, write_segmented
from captchanet.segment.segmentation import Segmentation
from captchanet.synthesize.style import Style, render_captcha

OTHER = {
    "picture": {"width": 90, "height": 32},
    "characters": 5,
    "clean": {"method": "distance", "lines": "channel"},
    "split": {"method": "seams", "left": 2, "top": 3, "pitch": 17.5, "width": 18, "height": 24},
}


def test_labels_are_folded_where_the_segmentation_says_so(tmp_path):
    rng = np.random.default_rng(1)
    for name in ("AB12", "zZ11"):
        Image.fromarray(render_captcha(name.lower(), Style(), rng)).save(tmp_path / f"{name}.png")
    assert segment(tmp_path, Segmentation.of(SETTINGS).try_out()).pictures == []
    segmented = segment(tmp_path, Segmentation.of(SETTINGS | {"fold": "lower"}).try_out())
    assert [row[:2] for row in segmented.pictures] == [("AB12.png", "ab12"), ("zZ11.png", "zz11")]
    assert "".join(row.label for row in segmented.characters) == "ab12zz11"


def test_another_size_number_of_characters_and_channels_are_a_matter_of_settings(tmp_path):
    rng = np.random.default_rng(1)
    for label in ("abcde", "fghij", "klmno"):
        Image.fromarray(rng.integers(0, 256, (32, 90, 3), np.uint8)).save(tmp_path / f"{label}.png")
    segmented = segment(tmp_path, Segmentation.of(SETTINGS | OTHER).try_out())
    assert segmented.cleaned.shape == (3, 32, 90, 2)
    assert segmented.X.shape == (15, 2 * 24 * 18)
    files = SegmentedFiles.within(tmp_path / "out")
    write_segmented(files, segmented)
    again = read_segmented(files)
    np.testing.assert_array_equal(again.X, segmented.X)
    np.testing.assert_array_equal(again.cleaned, segmented.cleaned)
    assert again.characters == segmented.characters
