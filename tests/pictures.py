"""What tests of pictures share: the settings of a segmentation, and the colours of a picture."""

import numpy as np

SETTINGS = {
    "picture": {"width": 72, "height": 27},
    "characters": 4,
    "alphabet": "0123456789abcdefghijklmnopqrstuvwxyz",
    "clean": {"method": "ink"},
    "split": {"method": "grid"},
    "max_rejected": 0.05,
}


def colours_of(picture):
    """The set of (red, green, blue) that occur in a picture, uint8 (h, w, 3)."""
    numbers = np.unique(picture.reshape(-1, 3).astype(int) @ (65536, 256, 1))
    return {(number >> 16, number >> 8 & 255, number & 255) for number in numbers.tolist()}
