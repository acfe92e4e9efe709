"""A configuration as it stands in a file → the settings of all its runs, checked before any job starts."""

from collections.abc import Mapping
from typing import Any

from captchanet.config.configuration import Configuration, ConfigurationFile, SweepPlan
from captchanet.config.names import set_of
from captchanet.config.references import check_references
from captchanet.config.sweeps import expand
from captchanet.errors import UserError
from captchanet.layout import FORMAT


def resolved(given: Mapping[str, Any], stem: str = "main") -> Configuration:
    """The settings of all runs, also of those of sweeps.

    Parameters
    ----------
    given : mapping of str to Any
        The configuration as it stands in a file.
    stem : str
        The name of the file without its ending. It is the set if the configuration has no `set`.

    Raises
    ------
    UserError
        It names the key, what was found and what is allowed.
    """
    _check_format(given)
    given = {**given, "format": FORMAT, "set": set_of(given, stem)}
    file = ConfigurationFile.of(given, "configuration: ")
    config = Configuration.model_construct(**{**vars(file), "sweeps": {}})
    for name, sweep in file.sweeps.items():
        config = _with_sweep(config, name, *expand(name, sweep, given, config))
    if not config.read.run:
        first = config.read.model_copy(update={"run": next(iter(file.train))})
        config = config.model_copy(update={"read": first})
    check_references(config)
    return config


def _with_sweep(
    config: Configuration, name: str, plan: SweepPlan, added: Mapping[str, Mapping[str, Any]]
) -> Configuration:
    """The configuration with the entries that a sweep adds."""
    sections: dict[str, Any] = {"sweeps": {**config.sweeps, name: plan}}
    for stage, entries in added.items():
        before = getattr(config, stage)
        for entry in entries:
            if entry in before:
                raise UserError(
                    f"configuration: sweeps.{name}: it makes {stage}.{entry}, which exists; rename either"
                )
        sections[stage] = {**before, **entries}
    return config.model_copy(update=sections)


def _check_format(given: Mapping[str, Any]) -> None:
    """Raises UserError where the configuration is of another format than this program reads."""
    found = given.get("format", FORMAT)
    if str(found) != str(FORMAT):
        raise UserError(
            f"configuration: format: found {found!r}, but this version reads format {FORMAT}; CHANGELOG.md "
            "lists the names that have changed: change them, and `format` too"
        )
