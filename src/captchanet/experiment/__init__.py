"""The training set, one run of training, and its evaluation."""
