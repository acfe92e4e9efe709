"""A neural network from nothing that reads captchas, run as a professional experiment."""
