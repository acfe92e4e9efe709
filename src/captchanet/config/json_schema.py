"""The JSON schema of a configuration. Editors complete and check one with it; `make schema` writes it."""

import json
from importlib import resources
from typing import Any

from captchanet.config.configuration import ConfigurationFile
from captchanet.files import write_text

FILE = "config.schema.json"


def json_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a configuration file, from the types of the settings."""
    schema: dict[str, Any] = _plain(ConfigurationFile.model_json_schema())
    for section in schema["properties"].values():
        entries = section.get("patternProperties", {})
        for pattern, entry in entries.items():
            if not schema["$defs"][entry["$ref"].rsplit("/", 1)[1]].get("required"):
                # an entry may be empty, `sgd:` with nothing below it: then it has only defaults
                entries[pattern] = {"anyOf": [entry, {"type": "null"}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _plain(part: Any) -> Any:
    """The same without titles, which only repeat the key, and with every description on one line."""
    if isinstance(part, list):
        return [_plain(each) for each in part]
    if not isinstance(part, dict):
        return " ".join(part.split()) if isinstance(part, str) else part
    return {name: _plain(each) for name, each in part.items() if name != "title" or not isinstance(each, str)}


if __name__ == "__main__":
    file = resources.files("captchanet.config") / FILE
    write_text(str(file), json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n")
