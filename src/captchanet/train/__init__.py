"""One run of training: its network, augmentation, model file, checkpoint and provenance."""
