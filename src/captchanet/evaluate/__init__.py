"""How well a model reads: metrics and intervals, confidence, comparison of settings; reading new pictures."""
