"""Pixels to characters: read, clean, cut and draw pictures."""
