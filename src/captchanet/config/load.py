"""Configuration files, read and merged as Snakemake does it, except that what is easily misread is an error.

That is a key given twice, and a number such as 010 or 1:30, of which YAML makes 8 and 90.
"""

import re
from collections.abc import Iterable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import yaml

from captchanet.errors import UserError
from captchanet.types import Json


def load(files: Iterable[Path]) -> Json:
    """The content of configuration files; where several have a key, the last wins.

    Raises UserError where one cannot be read, is no configuration, or is easily misread.
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
    """The value of a text in YAML. Raises ValueError, with the line, where it is none or easily misread."""
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"{line}{_plainly(str(error.problem))}") from error
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def check_given(files: Iterable[Path], words: Iterable[str]) -> None:
    """Check what Snakemake was given: configuration files, and the words after `--config`.

    It has read them already, but says nothing of what is easily misread. Raises UserError.
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


def _plainly(problem: str) -> str:
    """What PyYAML says of the commonest mistakes, in words of a configuration."""
    if "'\\t'" in problem:
        return "a tab stands here; YAML takes spaces alone"
    if problem.startswith("expected <block end>"):
        return "the line does not fit those above; begin all keys of a section in the same column"
    return problem


class _Loader(yaml.SafeLoader):
    """YAML that refuses what the usual loader takes for something else and says nothing.

    Of a key given twice it keeps the last; 010 is 8 (base 8), and 1:30 is 90 (base 60).
    """

    def construct_yaml_number(self, node: yaml.ScalarNode) -> Any:
        """Make a number of its text; an error where YAML takes it for another than a person does."""
        text = node.value
        kind = self.construct_yaml_int if node.tag.endswith(":int") else self.construct_yaml_float
        if ":" in text or (node.tag.endswith(":int") and re.fullmatch("[-+]?0[0-9_]+", text)):
            number = kind(node)
            ending = f"write {text.lstrip('+-0_') or '0'} for the number, or " if ":" not in text else ""
            raise yaml.MarkedYAMLError(
                problem=f"YAML reads {text} as {number}; {ending}put it in quotes if it is a text",
                problem_mark=node.start_mark,
            )
        return kind(node)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Make the node of a mapping; an error where it has a key twice."""
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


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.construct_yaml_number)
