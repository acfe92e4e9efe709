"""From picture files to character vectors: read, clean, split into characters."""
