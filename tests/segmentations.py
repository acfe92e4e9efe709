"""The settings of a segmentation that tests start from: the tutorial's kind, cleaned and split by default."""

SETTINGS = {
    "picture": {"width": 72, "height": 27},
    "characters": 4,
    "alphabet": "0123456789abcdefghijklmnopqrstuvwxyz",
    "clean": {"method": "ink"},
    "split": {"method": "grid"},
    "max_rejected": 0.05,
}
