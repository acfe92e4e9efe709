"""Pages and figures for a person."""
