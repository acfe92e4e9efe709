"""Make the pictures of docs/segmentation.md in docs/methods/, one for each method, and docs/lined.png.

    python tools/methods.py

A picture of a method shows synthetic captchas with the windows, then cleaned, then the characters, channel
below channel. Every cleaning and splitting method of the registries is shown with its defaults. `SHOWN` can
have more pictures.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from captchanet.segment.clean import CLEANERS
from captchanet.segment.preview import ink_and_vectors, outlined
from captchanet.segment.segmentation import Segmentation, clean_and_split
from captchanet.segment.split import SPLITTERS
from captchanet.synthesize.filling import fill, join, place
from captchanet.synthesize.lined import Lined
from captchanet.synthesize.style import Ink, Style, fringed, ink_over, render_captcha, sample_letter, soft

FOLDER = Path(__file__).resolve().parents[1] / "docs/methods"
SCALE = 4

BLUE = Style()
COLOURED = replace(
    Style(),
    width=90,
    height=32,
    pitch=19.0,
    first_pivot_x=17.0,
    pivot_y=14.0,
    baseline=21.0,
    rotation=12.0,
    speckles=0,
    frame=None,
    ink=Ink(soft),
)
BLUE_GRID = {"method": "grid"}
COLOURED_GRID = {"method": "grid", "left": 8, "top": 5, "pitch": 19, "width": 19, "height": 22}
# name of the picture: captchas, cleaning, splitting
SHOWN = {
    **{name: ("blue", {"method": name}, BLUE_GRID) for name in CLEANERS},
    **{name: ("blue", {"method": "ink"}, {"method": name}) for name in SPLITTERS},
    # other captchas for a method, or pictures of its options
    "threshold-without-noise": (
        "blue",
        {"method": "threshold", "speckle_neighbours": 3, "smallest_component": 3},
        BLUE_GRID,
    ),
    "distance": ("coloured", {"method": "distance"}, COLOURED_GRID),
    "distance-remove": ("coloured", {"method": "distance", "lines": "remove"}, COLOURED_GRID),
    "distance-channel": ("coloured", {"method": "distance", "lines": "channel"}, COLOURED_GRID),
}


def blue(seed: int) -> np.ndarray:
    """Render two captchas of the tutorial's kind, one of hard ink and one with coloured edges."""
    rng = np.random.default_rng(seed)
    styles = {"r4kw": BLUE, "ij7y": replace(BLUE, ink=Ink(fringed))}
    return np.stack([render_captcha(label, style, rng) for label, style in styles.items()])


def coloured(seed: int) -> np.ndarray:
    """Render two captchas of another kind: letters of many colours on tinted paper, black lines across."""
    rng = np.random.default_rng(seed)
    return np.stack([_coloured(label, rng) for label in ("h3me", "kv8p")])


def _coloured(label: str, rng: np.random.Generator) -> np.ndarray:
    picture = np.empty((COLOURED.height, COLOURED.width, 3), np.uint8)
    picture[:] = rng.integers(220, 256, 3)
    for slot, character in enumerate(label):
        colour = (*(int(part) for part in rng.integers(0, 170, 3)),)
        tiles = fill(place([sample_letter(character, slot, COLOURED, rng)]))
        ink_over(join(tiles, COLOURED.width, COLOURED.height), picture, COLOURED.ink, colour)
    columns = np.arange(COLOURED.width)
    for _ in range(3):
        first, last = rng.uniform(6, COLOURED.height - 6, 2)
        rows = first + (last - first) * columns / COLOURED.width + 2 * np.sin(columns / rng.uniform(8, 14))
        picture[np.clip(np.rint(rows).astype(int), 0, COLOURED.height - 1), columns] = 0
    return picture


def show(name: str) -> Image.Image:
    """Draw the picture called `name` in `SHOWN`, in 256 colours at most."""
    kind, clean, split = SHOWN[name]
    pictures = {"blue": blue, "coloured": coloured}[kind](5)
    size = {"width": pictures.shape[2], "height": pictures.shape[1]}
    segmentation = Segmentation.of({"picture": size, "clean": clean, "split": split}).try_out()
    cleaned, vectors, windows = clean_and_split(pictures, segmentation)
    rows = [
        [
            outlined(pictures[i], windows[i], SCALE),
            *ink_and_vectors(cleaned[i], vectors[i], segmentation, SCALE),
        ]
        for i in range(len(pictures))
    ]
    widths = [max(part.width for part in parts) for parts in zip(*rows, strict=True)]
    heights = [max(part.height for part in parts) for parts in rows]
    gap = 3 * SCALE
    image = Image.new("RGB", (sum(widths) + 2 * gap, sum(heights) + (len(rows) - 1) * gap), "white")
    for i, parts in enumerate(rows):
        for j, part in enumerate(parts):
            image.paste(part, (sum(widths[:j]) + j * gap, sum(heights[:i]) + i * gap))
    return image.quantize(256, dither=Image.Dither.NONE)


def show_lined() -> Image.Image:
    """Draw 24 captchas of the kind `lined` with its defaults, four rows of six, twice as large."""
    pictures, _ = Lined(count=24, seed=1)()
    height, width = pictures.shape[1:3]
    image = Image.new("RGB", (6 * (width + 3) - 3, 4 * (height + 3) - 3), "grey")
    for number, picture in enumerate(pictures):
        row, column = divmod(number, 6)
        image.paste(Image.fromarray(picture), (column * (width + 3), row * (height + 3)))
    return image.resize((2 * image.width, 2 * image.height), Image.Resampling.NEAREST)


def main() -> None:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    show_lined().save(FOLDER.parent / "lined.png", optimize=True)
    for name in SHOWN:
        show(name).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
