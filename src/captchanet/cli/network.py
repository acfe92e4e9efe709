"""Which network `captchanet read` takes. The order of the ways to name one stands in `WAYS` alone."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from captchanet.cli.common import CONFIG, ConfigFiles
from captchanet.config.made_from import MadeFrom
from captchanet.errors import UserError, in_short
from captchanet.files import read_json
from captchanet.layout import RESULTS, Layout, layouts

if TYPE_CHECKING:
    from captchanet.config.configuration import Configuration

MOST = 8
"""How many sets, and how many runs of each, an error lists."""


@dataclass(frozen=True)
class Asked:
    """What stood on the command line: a model, a run, a set, configuration files."""

    configfile: ConfigFiles
    model: Path | None = None
    run: str | None = None
    of: str | None = None


@dataclass(frozen=True)
class Network:
    """The file of a network, the set that it belongs to, "" for none in this folder, and a remark on it."""

    file: Path
    of: str = ""
    remark: str = ""


def find_network(asked: Asked) -> Network:
    """The network to read with: the first of the `WAYS` that names one decides.

    Raises UserError where that network is not there, or is another than its configuration describes. It says
    what there is, and which option takes it: no other network is taken in its place.
    """
    return next(found for way in WAYS if (found := way(asked)))


def _named_file(asked: Asked) -> Network | None:
    """The file after --model, with which there is no configuration to compare."""
    if asked.model is None:
        return None
    file, results = asked.model.resolve(), RESULTS.resolve()
    return Network(asked.model, file.relative_to(results).parts[0] if file.is_relative_to(results) else "")


def _named_run(asked: Asked) -> Network | None:
    """The run after --run, in the set after --set or --configfile; without --run, the configured one."""
    if not (asked.run or asked.of or asked.configfile.given):
        return None
    if asked.of is None:
        return _of_configuration(asked.configfile, asked.configfile.set, asked.run)
    if asked.of not in layouts():
        raise UserError(f"{RESULTS}/ has no set {asked.of!r}; there is {_choice(layouts().values())}")
    if asked.configfile.given:
        return _of_configuration(asked.configfile, asked.of, asked.run)
    made = MadeFrom.read(Layout.of(asked.of))
    files = [Path(name) for name in made.configfiles] if made else []
    if files and all(file.is_file() for file in files):
        return _of_configuration(ConfigFiles(files), asked.of, asked.run)
    return _of_results(asked.of, asked.run)


def _configured_run(asked: Asked) -> Network:
    """The run that the configuration of this folder names."""
    return _of_configuration(asked.configfile, asked.configfile.set)


WAYS: tuple[Callable[[Asked], Network | None], ...] = (_named_file, _named_run, _configured_run)
"""Each returns None if nothing was named in its way; the last one never does."""


def _of_configuration(configfile: ConfigFiles, of: str, run: str | None = None) -> Network:
    """A run of a configuration, in the results of the set `of`; without a name, the configured one."""
    layout, made = Layout.of(of), MadeFrom.read(Layout.of(of))
    changes = made.config if made and made.configfiles == MadeFrom.of(configfile.files).configfiles else {}
    config = configfile.resolved(changes)
    name = run or str(config.read.run)
    file = layout.train(name).theta
    if name not in layout.trained():
        others = [one for one in layouts().values() if one != layout]
        known = "" if name in config.train else f" ({configfile} has the runs: {_some(list(config.train))})"
        raise UserError(
            f"{file} is not there{known}; run `{_snakemake(configfile)}`, or name another network; there is "
            f"{_choice(others, layout)}"
        )
    if name not in config.train:
        return Network(file, of, f"{configfile} does not name it")
    _check(config, name, layout, configfile)
    return Network(file, of, "with the --config of the last snakemake" if changes else "")


def _of_results(of: str, run: str | None) -> Network:
    """A run in the results of a set of which no configuration is known."""
    layout = Layout.of(of)
    runs = layout.trained()
    name = run or (runs[0] if len(runs) == 1 else "")
    if name not in runs:
        found = f"no run {run!r}" if run else f"{len(runs)} runs, and its configuration is not known"
        raise UserError(f"{layout.root}/ has {found}; there is {_choice([], layout)}")
    return Network(layout.train(name).theta, of)


def _check(config: "Configuration", run: str, layout: Layout, configfile: ConfigFiles) -> None:
    """Raises UserError where a run was not trained as the configuration says."""
    from captchanet.config.recorded import differences

    files = layout.train(run)
    recorded = read_json(files.parameters), read_json(files.configuration, "pictures")
    if found := next(differences(config, run, *recorded), None):
        raise UserError(
            f"{files.theta} is not what {configfile} describes: {found.key} is {found.now} there, and it was "
            f"trained with {found.recorded}. Run snakemake (`{_snakemake(configfile)}`), or read with it all "
            f"the same by --model {files.theta}"
        )


def _choice(others: Iterable[Layout], here: Layout | None = None) -> str:
    """The options that take networks which are there: runs `here`, and the sets of others."""
    runs = here.trained() if here else []
    named = [f"--set {one.root.name} ({_some(one.trained())})" for one in others if one.trained()]
    named = [*([f"--run {_some(runs)}"] if runs else []), *named[:MOST]]
    return ", ".join(named) if named else "none in this folder, but --model can name a file"


def _some(names: list[str]) -> str:
    return in_short(names, MOST, " | ")


def _snakemake(configfile: ConfigFiles) -> str:
    """The command that makes the results of a configuration."""
    named = configfile.files != (CONFIG,)
    return " ".join(
        ["snakemake --cores 4", *(["--configfile", *map(str, configfile.files)] if named else [])]
    )
