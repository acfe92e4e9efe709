"""The one type that all packages share."""

from typing import Any

Json = dict[str, Any]
"""What stands in a YAML or JSON file before it is checked: keys and values."""
