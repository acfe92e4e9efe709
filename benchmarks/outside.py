"""Readers from outside, which were trained elsewhere on other pictures and learn nothing here.

Each function takes the alphabet and returns a reader. Both readers use only the alphabet, in lower case.
"""

import os
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image, ImageFilter
from splits import Read, Shown


def ddddocr(alphabet: str) -> Read:
    """The network that comes with the package ddddocr, on the pictures as they are."""
    import ddddocr as package
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # the package has no option for the number of threads
    single = partial(onnxruntime.InferenceSession, sess_options=options)
    with mock.patch.object(onnxruntime, "InferenceSession", single):
        reader = package.DdddOcr(show_ad=False)
    reader.set_ranges(alphabet + alphabet.upper())
    return lambda shown: [reader.classification(Path(file).read_bytes()).lower() for file in shown.files]


def tesseract(alphabet: str) -> Read:
    """Tesseract, on the cleaned pictures: dark on white, twice as large, blurred, as one line (`--psm 7`).

    Of 400 captchas this read 29 %, without blur 21, three times as large 26, and as one word or a raw line 16
    to 18.
    """

    def read(shown: Shown) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for number, cleaned in enumerate(shown.cleaned):
                ink = Image.fromarray(np.uint8(255 - 255 * cleaned))
                large = ink.resize((2 * ink.width, 2 * ink.height), Image.Resampling.BICUBIC)
                large = large.filter(ImageFilter.GaussianBlur(1.4))
                page = Image.new("L", (large.width + 10, large.height + 10), 255)
                page.paste(large, (5, 5))
                page.save(f"{folder}/{number}.png")
                files.append(f"{folder}/{number}.png\n")
            Path(folder, "list").write_text("".join(files))
            only = f"tessedit_char_whitelist={alphabet}"
            command = ["tesseract", f"{folder}/list", "-", "--psm", "7", "--dpi", "300", "-c", only]
            environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        # there is a form feed between two pages
        return ["".join(page.split()).lower() for page in done.stdout.split("\f")]

    return read
