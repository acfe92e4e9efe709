"""Data sets: which captchas train, and which are held out."""
