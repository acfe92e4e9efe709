"""Synthesize captchas of a second kind: coloured italic serif letters on light paper, black lines across.

Its measures were taken from no picture, unlike those of the first kind. They cover what generators of such
captchas do. So nearly every measure is a range, from which each captcha samples its own. Where a kind is
known, a range can be narrowed to one value.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from string import ascii_letters, digits
from types import SimpleNamespace
from typing import Annotated, Literal, NamedTuple, TypeVar

import numpy as np
from annotated_types import Ge, Gt, Interval, MinLen
from pydantic import AfterValidator

from captchanet.settings import check, wrong
from captchanet.synthesize.blocks import draw
from captchanet.synthesize.canvas import (
    LAYOUTS,
    Canvas,
    Row,
    blank,
    dark_colours,
    letters_of,
    lines_cover,
    middles,
    paint,
    within,
)
from captchanet.synthesize.filling import Letter, Tile, fill, place
from captchanet.synthesize.outlines import Face, check_face
from captchanet.synthesize.style import (
    Captchas,
    Colour,
    Ink,
    Pixels,
    Share,
    Style,
    check_characters,
    check_shares,
    ink_of_share,
    sample_labels,
)

Bounds = TypeVar("Bounds", tuple[float, float], tuple[int, int])


def _in_order(bounds: Bounds) -> Bounds:
    if bounds[0] > bounds[1]:
        raise wrong("", f"found {list(bounds)}; expected two numbers, the second not below the first")
    return bounds


Length = Annotated[float, Ge(0)]
Count = Annotated[int, Ge(0)]
Range = Annotated[tuple[float, float], AfterValidator(_in_order)]
Lengths = Annotated[tuple[Length, Length], AfterValidator(_in_order)]
Counts = Annotated[tuple[Count, Count], AfterValidator(_in_order)]

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
"""Italic serif faces in two halves, equally varied, with no family in both. A network that trains on one half
and reads the other shows how much an unknown face costs. Both halves have a version of Times."""
LIGHT = 215
"""What each channel of light paper has at least."""
THRESHOLD = 0.42, 0.05
"""Mean and standard deviation of the share of a pixel that a letter without shades must cover to ink it. The
mean is below a half, since font engines keep thin strokes whole."""
GAIN = 0.1, 0.12
"""Mean and standard deviation of the logarithm of how much stronger than its coverage other ink is: small
text looks dark."""


Look = SimpleNamespace
"""What is sampled for a captcha at once, see `Lined._looks`."""


class Sampled(NamedTuple):
    """All that was sampled for one captcha.

    Parameters
    ----------
    row : Row
        Its letters.
    look : Look
        How it looks.
    ends : ndarray of float, shape (lines, 4)
        Ends of its lines, in pixels.
    widths : ndarray of float, shape (lines,)
        How wide each is.
    specks : tuple of ndarray
        Rows, columns and colours of its specks.
    """

    row: Row
    look: Look
    ends: np.ndarray
    widths: np.ndarray
    specks: tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Lined:
    """Coloured italic serif letters with black lines across.

    A range is sampled evenly, once for each captcha, unless the option says otherwise. Lengths are in pixels.
    Call it to synthesize the captchas.

    Parameters
    ----------
    count : int
        How many captchas.
    seed : int
        Decides all that is random. Each character occurs as often as the others.
    width : int
        Columns of a picture; as the segmentation's.
    height : int
        Rows of a picture; as the segmentation's.
    characters : int
        How many characters a picture shows; as the segmentation's.
    alphabet : str
        The characters that labels are made of. The segmentation needs them as its `fold` leaves them.
    faces : str
        "train" or "apart", eight italic serif faces each; each captcha has one of them. Or the name of one
        face for all captchas.
    size : tuple of float
        Range of the em of letters, in pixels; a capital is two thirds as high.
    size_sd : float
        Standard deviation of the logarithm of a letter's size among those of its captcha.
    rotation : float
        The largest angle of letters, in degrees, to either side. Each captcha has a largest angle of its own,
        from 0 to this.
    slant : tuple of float
        Range of how far letters lean to the right beyond their face's own slant, in columns for each row.
    layout : {"middles", "starts", "text", "mixed"}
        What is at equal distances: the middles of letters, their left starts, or, as in a text, the gaps
        between letters are equal. "mixed": each as often.
    pitch : float
        The distance that `layout` keeps equal, in pixels; in a text the distance of two letters of usual
        width. It is less where a picture has no room for so much.
    pitch_spread : float
        The share by which a captcha's pitch may be more or less.
    shift : float
        How far the row of letters may be right or left of the picture's middle, in pixels.
    baseline : tuple of float
        Range of what letters stand on, in pixels from the top edge.
    jitter : float
        Standard deviation of a letter's position, across and down, in pixels. Each captcha has its own, from
        0 to this.
    one_bit_share : float
        The share of captchas whose letters have no shades.
    fringed_share : float
        The share of captchas whose letters have coloured edges. The rest has soft grey ones.
    ink : tuple of int, optional
        The letters' red, green and blue, 0 to 255. None: each letter has a dark colour of its own.
    black_share : float
        The share of letters that are black, where `ink` is None.
    white_share : float
        The share of captchas on white paper. The rest has a light colour.
    line_count : tuple of int
        Range of how many lines a captcha has.
    line_width : tuple of float
        Range of how wide each line is, in pixels.
    line_colour : tuple of int
        The lines' red, green and blue, 0 to 255.
    across_share : float
        The share of captchas whose lines reach from near the left edge to near the right one. The lines of
        others end anywhere.
    below_share : float
        The share of captchas whose lines are below the letters.
    soft_lines_share : float
        The share of captchas whose lines have shades (are anti-aliased).
    specks : tuple of int
        Range of how many single pixels of any colour lie over everything.
    frame_share : float
        The share of captchas with a grey frame, one pixel wide.

    Raises
    ------
    UserError
        For a face or a layout that does not exist, and for values that no captcha can have.
    """

    count: Annotated[int, Interval(ge=1, le=1_000_000)] = 5000
    seed: Annotated[int, Ge(0)] = 1
    width: Annotated[int, Interval(ge=1, le=4096)] = 90
    height: Annotated[int, Interval(ge=1, le=4096)] = 32
    characters: Annotated[int, Interval(ge=1, le=64)] = 4
    alphabet: Annotated[str, MinLen(1)] = digits + ascii_letters
    faces: str = "train"
    size: Lengths = (19.0, 27.0)
    size_sd: Annotated[float, Ge(0)] = 0.04
    rotation: Annotated[float, Ge(0)] = 15.0
    slant: Range = (-0.1, 0.15)
    layout: Literal["middles", "starts", "text", "mixed"] = "mixed"
    pitch: Annotated[float, Gt(0)] = 18.5
    pitch_spread: Share = 0.1
    shift: Annotated[float, Ge(0)] = 4.0
    baseline: Lengths = (21.0, 25.0)
    jitter: Annotated[float, Ge(0)] = 1.5
    one_bit_share: Share = 0.3
    fringed_share: Share = 0.1
    ink: Colour | None = None
    black_share: Share = 0.2
    white_share: Share = 0.6
    line_count: Counts = (2, 6)
    line_width: Lengths = (1.0, 1.6)
    line_colour: Colour = (0, 0, 0)
    across_share: Share = 0.5
    below_share: Share = 0.25
    soft_lines_share: Share = 0.4
    specks: Counts = (0, 40)
    frame_share: Share = 0.3

    def __post_init__(self) -> None:
        """Raise UserError for values that no captcha can have."""
        check(type(self), vars(self))
        check_shares(self.one_bit_share, self.fringed_share)
        check_face(self.faces, FACES)

    def __call__(self, processes: int = 1) -> Captchas:
        """Synthesize the captchas.

        Parameters
        ----------
        processes : int
            How many may work at the same time. Any number gives the same pixels.

        Returns
        -------
        pictures : ndarray of uint8, shape (count, height, width, 3)
            RGB.
        labels : list of str
            What stands on each picture.

        Raises
        ------
        UserError
            For a character that a face does not have.
        """
        faces = FACES.get(self.faces, (self.faces,))
        of_each = dict.fromkeys(self.alphabet, tuple(Face(name, self.size[1]) for name in faces))
        style = Style(self.width, self.height, self.characters, self.alphabet, of_each)
        check_characters(self.alphabet, style)
        rng = np.random.default_rng(self.seed)
        labels = sample_labels(self.count, style, rng)
        sampled = self._sampled(labels, faces, rng)
        return draw(sampled, (self.count, self.height, self.width, 3), self._render, processes), labels

    def _sampled(
        self, labels: Sequence[str], faces: Sequence[str], rng: np.random.Generator
    ) -> Iterator[Sampled]:
        """Sample what is random, captcha after captcha."""
        of_lines, of_specks = rng.spawn(2)
        looks = self._looks(len(faces), rng)
        for number, label in enumerate(labels):
            look = Look(**{name: values[number] for name, values in looks.items()})
            row = Row(label, faces[look.face], look.ems, look.degrees, look.slant)
            yield Sampled(row, look, *self._lines(look, of_lines), self._specks(look, of_specks))

    def _looks(self, number_of_faces: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Sample everything, used or not, so that no option changes the random numbers of another.

        Each array has a value for each captcha: `face` and `layout` are numbers of a face and of a layout;
        `ems`, `degrees` (clockwise), `shifts` (across and down, in pixels) and `colours` are those of each
        letter; `centre` is x of the middle of the row of letters; `edge`, 0 to 1, is compared with the shares
        of inks; `frame` is a grey, -1 for no frame; `lines` and `specks` are their numbers.
        """
        letters = (self.count, self.characters)

        def between(bounds: Range, *shape: int) -> np.ndarray:
            return rng.uniform(*bounds, (self.count, *shape))

        def chosen(share: float) -> np.ndarray:
            return rng.random(self.count) < share

        def whole(low: int, high: int) -> np.ndarray:
            return low + (rng.random(self.count) * (high + 1 - low)).astype(int)

        # the order of the entries decides the random numbers
        return {
            "face": whole(0, number_of_faces - 1),
            "ems": between(self.size, 1) * np.exp(self.size_sd * rng.standard_normal(letters)),
            "degrees": between((0, self.rotation), 1) * rng.uniform(-1, 1, letters),
            "slant": between(self.slant),
            "baseline": between(self.baseline),
            "shifts": between((0, self.jitter), 1, 1) * rng.standard_normal((*letters, 2)),
            "layout": whole(0, len(LAYOUTS) - 1),
            "pitch": self.pitch * between((1 - self.pitch_spread, 1 + self.pitch_spread)),
            "centre": self.width / 2 + between((-self.shift, self.shift)),
            "colours": self._colours(rng),
            "edge": rng.random(self.count),
            "threshold": rng.normal(*THRESHOLD, self.count),
            "gain": rng.lognormal(*GAIN, self.count),
            "paper": self._papers(rng),
            "across": chosen(self.across_share),
            "below": chosen(self.below_share),
            "soft_lines": chosen(self.soft_lines_share),
            "frame": np.where(chosen(self.frame_share), rng.integers(0, LIGHT, self.count), -1),
            "lines": whole(*self.line_count),
            "specks": whole(*self.specks),
        }

    def _colours(self, rng: np.random.Generator) -> np.ndarray:
        """Sample the colour of each letter, (count, characters, 3)."""
        letters = (self.count, self.characters)
        colours = dark_colours(self.count * self.characters, rng).reshape(*letters, 3)
        colours[rng.random(letters) < self.black_share] = 0
        if self.ink is not None:
            colours[:] = self.ink
        return colours

    def _papers(self, rng: np.random.Generator) -> np.ndarray:
        """Sample the colour of each captcha's paper, (count, 3)."""
        papers = rng.integers(LIGHT, 256, (self.count, 3))
        papers[rng.random(self.count) < self.white_share] = 255
        return papers

    def _lines(self, look: Look, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Sample the ends, (lines, 4), and widths of a captcha's lines; always as many random numbers."""
        most = self.line_count[1]
        ends, widths = rng.random((most, 4)), rng.uniform(*self.line_width, most)
        if look.across:
            ends[:, [0, 2]] = ends[:, [0, 2]] * 0.4 + (-0.1, 0.7)
        return ends[: look.lines] * ((self.width, self.height) * 2), widths[: look.lines]

    def _specks(self, look: Look, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sample rows, columns and colours of a captcha's specks, likewise."""
        most = self.specks[1]
        rows, columns = rng.integers(self.height, size=most), rng.integers(self.width, size=most)
        colours = rng.integers(256, size=(most, 3))
        return rows[: look.specks], columns[: look.specks], colours[: look.specks]

    def _render(self, sampled: Sequence[Sampled]) -> Iterator[Pixels]:
        """Render captchas."""
        letters = [self._letters(captcha.row, captcha.look) for captcha in sampled]
        tiles = iter(fill(place(list(chain.from_iterable(letters)))))
        for captcha in sampled:
            canvas = self._captcha(captcha, islice(tiles, self.characters))
            picture = np.empty(canvas.shape, np.uint8)
            for part in range(3):  # plane by plane, which NumPy copies four times as fast
                picture[..., part] = np.rint(canvas[..., part])
            yield picture

    def _letters(self, row: Row, look: Look) -> list[Letter]:
        """Place a captcha's letters."""
        layout = LAYOUTS[look.layout] if self.layout == "mixed" else self.layout
        x = middles(row, layout, look.pitch, look.centre, self.width) + look.shifts[:, 0]
        return letters_of(row, x, look.baseline + look.shifts[:, 1])

    def _captcha(self, captcha: Sampled, tiles: Iterable[Tile]) -> Canvas:
        """Paint one captcha with the coverage of each of its letters."""
        look, (rows, columns, colours) = captcha.look, captcha.specks
        canvas = blank(self.width, self.height, look.paper)
        lines = lines_cover(captcha.ends, captcha.widths, bool(look.soft_lines), self.width, self.height)
        colour = np.array(self.line_colour)
        if look.below:
            paint(canvas, lines, colour)
        self._write(canvas, tiles, look)
        if not look.below:
            paint(canvas, lines, colour)
        canvas[rows, columns] = colours
        if look.frame >= 0:
            canvas[[0, -1]] = canvas[:, [0, -1]] = look.frame
        return canvas

    def _write(self, canvas: Canvas, tiles: Iterable[Tile], look: Look) -> None:
        """Paint a captcha's letters."""
        ink = Ink(ink_of_share(look.edge, self.one_bit_share, self.fringed_share), look.threshold, look.gain)
        for tile, colour in zip(tiles, look.colours, strict=True):
            coverage, left, top = within(tile, self.width, self.height)
            rows, columns = coverage.shape
            paint(canvas[top : top + rows, left : left + columns], ink.how(coverage, ink), colour)
