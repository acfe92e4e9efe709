"""A recorded run, compared with another one or run again from its own commit, pictures and configuration."""
