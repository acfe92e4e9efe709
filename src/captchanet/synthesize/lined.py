"""Synthesize captchas of a second kind: coloured italic serif letters on light paper, black lines across.

Unlike those of the first kind, its measures were taken from no picture. They cover what generators of such
captchas do: nearly every one is a range, from which each captcha's own is sampled, and which can be narrowed
to one value where a kind is known.
"""

from dataclasses import replace

import numpy as np

from captchanet.errors import UserError
from captchanet.synthesize.canvas import (
    LAYOUTS,
    Canvas,
    Row,
    covers,
    dark_colours,
    lines_cover,
    middles,
    paint,
)
from captchanet.synthesize.outlines import Face, check_face
from captchanet.synthesize.style import Style, check_characters, fringed, one_bit, sample_labels, soft

Range = tuple[float, float]

FACES = {
    "train": (
        "termes-italic",
        "termes-bold-italic",
        "tinos-italic",
        "tinos-bold-italic",
        "dejavu-serif-italic",
        "eb-garamond-italic",
        "gelasio-italic",
        "pagella-italic",
    ),
    "apart": (
        "stix-two-italic",
        "stix-two-bold-italic",
        "caladea-bold-italic",
        "crimson-text-italic",
        "newsreader-italic",
        "noto-serif-italic",
        "schola-italic",
        "vollkorn-italic",
    ),
}
"""Italic serif faces, in two halves of like spread that have no family in common: what is trained on the one
and read on the other shows what it costs that nobody knows the face. Both have a version of Times."""
LIGHT = 215
"""What each channel of light paper has at least."""
THRESHOLD = 0.42, 0.05
"""Mean and standard deviation of the share of a pixel that letters without shades need to cover for it to be
ink: below a half, since font engines keep thin strokes whole."""
GAIN = 0.1, 0.12
"""The same of the logarithm of how much stronger than its coverage other ink is: small text looks dark."""


def lined(
    *,
    count: int = 5000,
    seed: int = 1,
    width: int = 90,
    height: int = 32,
    characters: int = 4,
    alphabet: str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    faces: str = "train",
    size: Range = (19.0, 27.0),
    size_sd: float = 0.04,
    rotation: float = 15.0,
    slant: Range = (-0.1, 0.15),
    layout: str = "mixed",
    pitch: float = 18.5,
    pitch_spread: float = 0.1,
    shift: float = 4.0,
    baseline: Range = (21.0, 25.0),
    jitter: float = 1.5,
    one_bit_share: float = 0.3,
    fringed_share: float = 0.1,
    ink: tuple[int, int, int] | None = None,
    black_share: float = 0.2,
    white_share: float = 0.6,
    line_count: tuple[int, int] = (2, 6),
    line_width: Range = (1.0, 1.6),
    line_colour: tuple[int, int, int] = (0, 0, 0),
    across_share: float = 0.5,
    below_share: float = 0.25,
    soft_lines_share: float = 0.4,
    specks: tuple[int, int] = (0, 40),
    frame_share: float = 0.3,
) -> tuple[np.ndarray, list[str]]:
    """Coloured italic serif letters with black lines across: uint8 (count, height, width, 3), and labels.

    A range is sampled evenly, once for each captcha, unless it says otherwise; lengths are in pixels, and
    shares those of all captchas.

    Args:
        faces: "train" or "apart", half of `FACES` each, one of them for each captcha; or one face for all.
        size: the em of letters; each letter's differs by `size_sd`, the standard deviation of its logarithm.
        rotation: letters are turned to either side, by so many degrees at most; each captcha has a largest
            angle of its own, from 0 to this.
        slant: how far letters lean to the right beyond their face's own slant, columns for each row.
        layout: one of `LAYOUTS` in `captchanet.synthesize.canvas`; or "mixed", each as likely.
        pitch: from letter to letter, but by up to the share `pitch_spread` more or less, and less where a
            picture has no room for so much.
        shift: how far the row of letters is away from the picture's middle, at most, to either side.
        baseline: what letters stand on, from the top.
        jitter: standard deviation of a letter's position, across and down; each captcha has its own, from 0
            to this.
        one_bit_share, fringed_share: letters without shades, with coloured edges; the rest has soft ones.
        ink: the letters' colour; None: a dark one for each letter, black for `black_share` of all letters.
        white_share: white paper; the rest has a light colour.
        line_count: how many lines, each as wide as `line_width` says, in `line_colour`.
        across_share: lines from near the left edge to near the right one; the ends of others lie anywhere.
        below_share: lines below the letters.
        soft_lines_share: anti-aliased lines.
        specks: how many single pixels of any colour, over everything.
        frame_share: a grey frame, one pixel wide.

    Raises UserError for a face or layout that there is not, a character that a face lacks, and values that no
    captcha can have.
    """
    _check_ranges(size=size, slant=slant, baseline=baseline, line_width=line_width)
    _check_ranges(line_count=line_count, specks=specks)
    _check_shares(one_bit_share=one_bit_share, fringed_share=fringed_share, black_share=black_share)
    _check_shares(white_share=white_share, across_share=across_share, below_share=below_share)
    _check_shares(soft_lines_share=soft_lines_share, frame_share=frame_share, pitch_spread=pitch_spread)
    _check_shares(**{"one_bit_share and fringed_share together": one_bit_share + fringed_share})
    _check_colours(ink=ink or (0, 0, 0), line_colour=line_colour)
    if layout not in (*LAYOUTS, "mixed"):
        raise UserError(f"layout: found {layout!r}; choose one of {', '.join((*LAYOUTS, 'mixed'))}")
    check_face(faces, FACES)
    names = FACES.get(faces, (faces,))
    of_each = dict.fromkeys(alphabet, tuple(Face(name, size[1]) for name in names))
    style = Style(width, height, characters, alphabet, of_each)
    check_characters(alphabet, style)

    rng = np.random.default_rng(seed)
    labels = sample_labels(count, style, rng)
    letters = (count, characters)

    def between(bounds: Range, *shape: int) -> np.ndarray:
        return rng.uniform(*bounds, (count, *shape))

    def chosen(share: float) -> np.ndarray:
        return rng.random(count) < share

    def whole(low: int, high: int) -> np.ndarray:
        return low + (rng.random(count) * (high + 1 - low)).astype(int)

    # all is sampled, used or not, as many numbers for any option: no option moves another's random numbers
    of_lines, of_specks = rng.spawn(2)
    face = whole(0, len(names) - 1)
    ems = between(size, 1) * np.exp(size_sd * rng.standard_normal(letters))
    degrees = between((0, rotation), 1) * rng.uniform(-1, 1, letters)
    slants, baselines = between(slant), between(baseline)
    shifts = between((0, jitter), 1, 1) * rng.standard_normal((*letters, 2))
    layouts = [LAYOUTS[number] for number in whole(0, len(LAYOUTS) - 1)]
    pitches = pitch * between((1 - pitch_spread, 1 + pitch_spread))
    centres = width / 2 + between((-shift, shift))
    colours = dark_colours(count * characters, rng).reshape(*letters, 3)
    colours[rng.random(letters) < black_share] = 0
    if ink is not None:
        colours[:] = ink
    edges, thresholds, gains = rng.random(count), rng.normal(*THRESHOLD, count), rng.lognormal(*GAIN, count)
    papers = rng.integers(LIGHT, 256, (count, 3))
    papers[chosen(white_share)] = 255
    across, below, soft_lines = chosen(across_share), chosen(below_share), chosen(soft_lines_share)
    frames = np.where(chosen(frame_share), rng.integers(0, LIGHT, count), -1)
    number_of_lines, number_of_specks = whole(*line_count), whole(*specks)

    pictures = np.empty((count, height, width, 3), np.uint8)
    for i, label in enumerate(labels):
        ends, widths = _some_lines(line_count[1], line_width, bool(across[i]), of_lines)
        ends, widths = ends[: number_of_lines[i]] * ((width, height) * 2), widths[: number_of_lines[i]]
        crossing = lines_cover(ends, widths, bool(soft_lines[i]), width, height)
        one = replace(style, threshold=thresholds[i], gain=gains[i])
        hard, coloured = edges[i] < one_bit_share, edges[i] < one_bit_share + fringed_share
        how = one_bit if hard else fringed if coloured else soft
        row = Row(label, names[face[i]], ems[i], degrees[i], slants[i])
        x = middles(row, layouts[i] if layout == "mixed" else layout, pitches[i], centres[i], width)
        canvas = np.full((height, width, 3), papers[i], float)
        if below[i]:
            paint(canvas, crossing, np.array(line_colour))
        shown = covers(row, x + shifts[i, :, 0], baselines[i] + shifts[i, :, 1], width, height)
        for coverage, colour in zip(shown, colours[i], strict=True):
            paint(canvas, how(coverage, one), colour)
        if not below[i]:
            paint(canvas, crossing, np.array(line_colour))
        _speckle(canvas, number_of_specks[i], specks[1], of_specks)
        if frames[i] >= 0:
            canvas[[0, -1]] = canvas[:, [0, -1]] = frames[i]
        pictures[i] = np.rint(canvas)
    return pictures, labels


def _some_lines(
    most: int, line_width: Range, across: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of lines, (most, 4), as shares of the picture's width and height, and how wide the lines are."""
    ends, widths = rng.random((most, 4)), rng.uniform(*line_width, most)
    if across:
        ends[:, [0, 2]] = ends[:, [0, 2]] * 0.4 + (-0.1, 0.7)
    return ends, widths


def _speckle(canvas: Canvas, number: int, most: int, rng: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    rows, columns = rng.integers(height, size=most), rng.integers(width, size=most)
    colours = rng.integers(256, size=(most, 3))
    canvas[rows[:number], columns[:number]] = colours[:number]


def _check_ranges(**ranges: Range) -> None:
    """Raises UserError for a range that ends below its start or, but for a slant, starts below 0."""
    for name, (low, high) in ranges.items():
        if low > high or (low < 0 and name != "slant"):
            expected = "two numbers, the second not below the first"
            expected += "" if name == "slant" else ", and the first not below 0"
            raise UserError(f"{name}: found {[low, high]}; expected {expected}")


def _check_shares(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise UserError(f"{name}: found {share}; expected a share of all, 0 to 1")


def _check_colours(**colours: tuple[int, int, int]) -> None:
    for name, colour in colours.items():
        if not all(0 <= part <= 255 for part in colour):
            raise UserError(f"{name}: found {list(colour)}; expected red, green and blue, each 0 to 255")
