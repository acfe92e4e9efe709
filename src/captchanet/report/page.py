"""What the HTML pages share: rendering, the words for a method, and pictures within the page."""

import base64
import functools
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from PIL import Image

from captchanet.dataset.dataset import DatasetFacts, calibrated_on, trained_on
from captchanet.files import intact, read_csv, read_row
from captchanet.layout import SegmentedFiles
from captchanet.segment.decode import decode
from captchanet.segment.read import Unusable, read_bytes
from captchanet.segment.segment import UsablePicture
from captchanet.segment.segment_synthetic import number_of

ACRONYMS = ("cg", "sgd", "l1", "l2")


def render(template: str, filters: Mapping[str, Callable[..., str]], **content: Any) -> str:
    """Renders a template of this folder; the content is escaped."""
    environment = _templates()
    of_all = {"options": options, "trained_on": trained_on, "calibrated_on": calibrated_on}
    environment.filters |= {**of_all, **filters}
    return environment.get_template(template).render(content)


@functools.cache
def _templates() -> jinja2.Environment:
    """The templates of this folder, each compiled once."""
    return jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
    )


def options(section: Mapping[str, Any]) -> str:
    """A method and its options as a short text: SGD, epochs 200, batch size 32. None is left out."""
    method = section["method"]
    named = {key.replace("_", " "): value for key, value in section.items() if key != "method"}
    said = [f"{key} {value}" for key, value in named.items() if value is not None]
    return ", ".join([method.upper() if method in ACRONYMS else method, *said])


def data_uri(pixels: np.ndarray) -> str:
    """A picture, uint8 (h, w) or (h, w, 3), as a PNG within the page itself."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def captcha(
    facts: DatasetFacts, segmented: SegmentedFiles, pictures: str, file: str, source: str | None
) -> str:
    """A captcha as a data URI: the original or, if that is missing, the cleaned one.

    `facts` are the facts of its data set. `pictures` is the entry with `file`, and `segmented` has the
    segmented files of that entry. `source` is where the originals are: a folder, a file of synthetic
    pictures, or None.
    """
    size = facts["segment"]["picture"]
    try:
        if source is None or not Path(source).exists():
            raise Unusable("it is not there any more")
        if "synthesize" in facts["pictures"].get(pictures, {}):
            pixels = read_row(source, number_of(file))
        else:
            pixels = decode(read_bytes(Path(source) / file, **size), **size)
    except (Unusable, OSError, ValueError, IndexError):
        rows = [row[0] for row in read_csv(segmented.pictures, UsablePicture._fields)]
        with intact(segmented.pictures):
            row = rows.index(file)
        cleaned = read_row(segmented.cleaned, row)
        ink = cleaned[..., 0] if cleaned.ndim == 3 else cleaned  # only the first of several channels
        pixels = black(ink)
    return data_uri(pixels)


def black(ink: np.ndarray) -> np.ndarray:
    """Ink, 0 … 1, as a picture of grey values, uint8 of the same shape: black on white."""
    return (255 - 255 * np.clip(ink, 0, 1).astype(np.float64)).astype(np.uint8)
