"""Configuration files, read and merged as Snakemake does it, except that a key given twice is an error."""

from collections.abc import Iterable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import yaml

from captchanet.errors import UserError
from captchanet.types import Json


def load(files: Iterable[Path]) -> Json:
    """The content of configuration files; where several have a key, the last wins.

    Raises UserError where one cannot be read, is no configuration, or has a key twice.
    """
    return reduce(merged, map(_load, files), {})


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> Json:
    """Both as one, section by section; where both have a value, it is that of the second."""
    result = dict(first)
    for key, value in second.items():
        if isinstance(value, Mapping):
            before = result.get(key)
            value = merged(before if isinstance(before, Mapping) else {}, value)
        result[key] = value
    return result


def parse(text: str) -> Any:
    """The value of a text in YAML. Raises ValueError, with the line, where it is none or has a key twice."""
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"{line}{error.problem}") from error
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def check_given(files: Iterable[Path], words: Iterable[str]) -> None:
    """Check what Snakemake was given: configuration files, and the words after `--config`.

    It has read them already, but says nothing of keys that are given twice. Raises UserError.
    """
    load(files)
    for word in words:
        key, _, value = word.partition("=")
        try:
            parse(value if value.lstrip().startswith("{") else "")
        except ValueError as error:
            raise UserError(f"--config {key}={value}: {error}") from error


def _load(file: Path) -> Json:
    try:
        content = parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise UserError(f"{file}: cannot be read as a configuration ({cause})") from error
    if not isinstance(content, dict):
        raise UserError(f"{file}: found no sections such as `train:`; is it a configuration of captchanet?")
    return content


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key given twice, of which the usual loader keeps the last and says nothing."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # while the tree is made: later, `<<` will have added the keys of other mappings
        node = super().compose_mapping_node(anchor)
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        first = {(key.tag, key.value): key for key in reversed(keys)}
        for key in keys:
            before = first[key.tag, key.value]
            if key is not before:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} stands in line {before.start_mark.line + 1} too, and "
                    "only one would count; rename or delete one",
                    problem_mark=key.start_mark,
                )
        return node
