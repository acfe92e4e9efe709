"""From picture files to character vectors: read, clean and split into characters."""
