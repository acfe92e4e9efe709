"""The configuration: checked against its schema, defaults filled in, sweeps expanded into runs."""
