"""Sweeps: from a few lines of configuration to the runs that they mean."""
