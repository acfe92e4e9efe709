"""Synthetic captchas: glyph outlines, a canvas to paint on, and the kinds of captchas."""
