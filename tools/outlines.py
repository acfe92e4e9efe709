"""Take glyphs out of a font file, once, as polygons that captchanet renders its letters from.

A developer who adds a face runs it. Users of captchanet need neither the font nor fontTools:

    python tools/outlines.py heros-bold texgyreheros-bold.otf \\
        --licence "GUST Font License" --licence-text GUST-FONT-LICENSE.txt \\
        --source "Debian package fonts-texgyre 20180621-6"
    python tools/outlines.py inter-bold "Inter[opsz,wght].ttf" --weight 700 \\
        --licence "SIL Open Font License 1.1" --licence-text LICENSE \\
        --source "Python package fontpkg-inter 4.1.post1"
    python tools/outlines.py open-sans-bold "OpenSans[wdth,wght].ttf" --weight 700 \\
        --licence "SIL Open Font License 1.1" --licence-text LICENSE \\
        --source "Python package fontpkg-open-sans 3.3"
    python tools/outlines.py termes-italic texgyretermes-italic.otf \\
        --style Italic --mixed-case --thin 5 --clear \\
        --licence "GUST Font License" --licence-text GUST-FONT-LICENSE.txt \\
        --source "Debian package fonts-texgyre 20180621-6"

It takes the 36 glyphs 0-9a-z, or with --mixed-case the 62 of 0-9a-zA-Z. --thin 5 leaves out corners that are
at most 5 thousandths of an em away from the outline without them. This leaves out a third of the corners.
--weight chooses the weight of a variable font. With it or with --clear, contours that overlap become one.
This needs the package skia-pathops, and WOFF2 files need brotli. Take no font whose licence reserves its
name, since these outlines change the font.
"""

import argparse
import json
import math
import string
from pathlib import Path

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont
from fontTools.ttLib.removeOverlaps import removeOverlaps
from fontTools.varLib.instancer import instantiateVariableFont

CHARACTERS = string.digits + string.ascii_lowercase
MIXED_CASE = f"{CHARACTERS}{CHARACTERS[10:].upper()}"
UNITS_PER_EM = 1000
TOLERANCE = 1.5  # thousandths of an em: a thirtieth of a pixel in letters of 21 pixels
FACES = Path(__file__).parent.parent / "src" / "captchanet" / "synthesize" / "faces"
CHANGED = (
    "Changed from the original: only the glyphs {glyphs}, as polygons (curves flattened to within "
    "{tolerance:g} thousandths of an em), in 1000 units per em."
)

Point = tuple[float, float]


class PolygonPen(BasePen):
    """Collect a glyph's contours as polygons, curves divided into as few lines as the tolerance allows."""

    def __init__(self, glyphs, scale: float):
        super().__init__(glyphs)
        self.scale = scale
        self.contours: list[list[Point]] = []

    def _moveTo(self, point: Point) -> None:
        self.contours.append([point])

    def _lineTo(self, point: Point) -> None:
        self.contours[-1].append(point)

    def _curveToOne(self, p1: Point, p2: Point, p3: Point) -> None:
        p0 = self.contours[-1][-1]
        bend = max(math.dist(_mix(a, c), b) * 2 for a, b, c in ((p0, p1, p2), (p1, p2, p3)))
        # Wang's bound: n chords of a cubic stay within .75 · (largest second difference) / n² of it.
        lines = max(1, math.ceil(math.sqrt(0.75 * bend * self.scale / TOLERANCE)))
        for step in range(1, lines + 1):
            t = step / lines
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            self.contours[-1].append(
                tuple(sum(w * p[k] for w, p in zip(weights, (p0, p1, p2, p3), strict=True)) for k in (0, 1))
            )


def _mix(a: Point, b: Point) -> Point:
    return ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)


def thinned(contour: list[list[int]], most: float) -> list[list[int]]:
    """A closed contour without corners that lie within `most` units of it (Douglas and Peucker, 1973)."""
    if not most:
        return contour
    far = max(range(len(contour)), key=lambda i: math.dist(contour[0], contour[i]))
    closed = [*contour, contour[0]]
    return [*_thinned(closed[: far + 1], most)[:-1], *_thinned(closed[far:], most)[:-1]]


def _thinned(path: list[list[int]], most: float) -> list[list[int]]:
    (x, y), (x1, y1) = path[0], path[-1]
    length = math.dist(path[0], path[-1])
    off = [abs((x1 - x) * (y - p[1]) - (x - p[0]) * (y1 - y)) / length for p in path[1:-1]]
    if not off or max(off) <= most:
        return [path[0], path[-1]]
    at = off.index(max(off)) + 1
    return [*_thinned(path[: at + 1], most)[:-1], *_thinned(path[at:], most)]


def signed_area(contour: list[list[int]]) -> float:
    """Area in square units, positive where the contour runs anticlockwise (y points up)."""
    pairs = zip(contour, contour[1:] + contour[:1], strict=True)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2


def glyph_outlines(font: TTFont, character: str, thin: float) -> dict:
    """One glyph's advance and contours, outer ones anticlockwise and holes clockwise, in whole units."""
    glyphs = font.getGlyphSet()
    name = font.getBestCmap()[ord(character)]
    scale = UNITS_PER_EM / font["head"].unitsPerEm
    pen = PolygonPen(glyphs, scale)
    glyphs[name].draw(pen)
    contours = []
    for contour in pen.contours:
        points = [[round(x * scale), round(y * scale)] for x, y in contour]
        contours.append(thinned([p for i, p in enumerate(points) if p != points[i - 1]], thin))
    contours.sort(key=lambda contour: -abs(signed_area(contour)))
    if signed_area(contours[0]) < 0:  # TrueType outlines run in the other direction than those of PostScript
        contours = [contour[::-1] for contour in contours]
    return {
        "advance": round(glyphs[name].width * scale),
        "contours": [steps(contour) for contour in contours],
    }


def steps(contour: list[list[int]]) -> list[int]:
    """A contour as x and y of its first corner, then from each corner to the next: shorter numbers."""
    pairs = zip([[0, 0], *contour], contour, strict=False)
    return [b[k] - a[k] for a, b in pairs for k in (0, 1)]


def read_face(options: argparse.Namespace) -> dict:
    """The outlines of a font's characters, and where they come from."""
    characters = MIXED_CASE if options.mixed_case else CHARACTERS
    glyphs = "0-9, a-z and A-Z" if options.mixed_case else "0-9 and a-z"
    changed = CHANGED.format(glyphs=glyphs, tolerance=TOLERANCE + options.thin)
    font = TTFont(options.font)
    names = {key: font["name"].getDebugName(key) for key in (0, 1, 5)}
    if options.weight is not None:
        pinned = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes} | {"wght": options.weight}
        font = instantiateVariableFont(font, pinned)
    if options.weight is not None or options.clear:
        removeOverlaps(font, [font.getBestCmap()[ord(character)] for character in characters])
    return {
        "name": f"{names[1]} {options.style}",
        "version": names[5],
        "copyright": names[0],
        "licence": options.licence,
        "source": f"{options.source}, {options.font.name}",
        "changed": changed,
        "units_per_em": UNITS_PER_EM,
        "glyphs": {character: glyph_outlines(font, character, options.thin) for character in characters},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("face", help="what the outlines will be called, for instance heros-bold")
    parser.add_argument("font", type=Path, help="the font file")
    parser.add_argument("--weight", type=float, help="pin a variable font at this weight")
    parser.add_argument("--style", default="Bold", help="the style in the face's name, for instance Italic")
    parser.add_argument("--mixed-case", action="store_true", help="capital letters, too")
    parser.add_argument(
        "--thin", type=float, default=0.0, help="leave out corners this near to the outline (see above)"
    )
    parser.add_argument("--clear", action="store_true", help="join contours that overlap")
    parser.add_argument("--licence", required=True, help="the licence's name")
    parser.add_argument("--licence-text", type=Path, required=True, help="the file with its text")
    parser.add_argument("--source", required=True, help="the package and version the font came from")
    parser.add_argument("--to", type=Path, default=FACES, help="folder to write to")
    options = parser.parse_args()

    face = read_face(options)
    options.to.mkdir(parents=True, exist_ok=True)
    data = json.dumps(face, ensure_ascii=False, separators=(",", ":"))
    # One glyph a line, so that a changed glyph shows as one changed line.
    data = data.replace('},"', '},\n"').replace('"glyphs":{', '"glyphs":{\n')
    (options.to / f"{options.face}.json").write_text(data + "\n", encoding="utf-8")
    about = f"{options.face}.json holds outlines of {face['name']}, {face['version']}.\n{face['copyright']}\n"
    licence = options.licence_text.read_text(encoding="utf-8").replace("\r\n", "\n").strip()
    text = f"{about}{face['changed']}\nSource: {face['source']}\n\n{'-' * 80}\n\n{licence}\n"
    (options.to / f"{options.face}.LICENSE.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
