"""A neural network from scratch that reads captchas, run as a professional experiment."""
