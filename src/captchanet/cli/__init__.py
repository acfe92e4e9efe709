"""The command line `captchanet`. Its commands stand in other modules, one for each purpose."""

import os

import click

# as modules: a command that is imported by its name would hide the module of that name
from captchanet.cli import best, diff, look, read, rerun, runs, synthesize, tools
from captchanet.cli.common import Group

# One BLAS thread, set before a command imports NumPy: two round differently, and these matrices are small
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_variable, "1")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="captchanet")
def main() -> None:
    """A neural network from scratch that reads captchas."""


for _command in (
    read.read,
    look.look,
    runs.runs,
    best.best,
    diff.diff,
    rerun.rerun,
    rerun.verify,
    synthesize.synthesize,
    tools.ui,
    tools.orphans,
    tools.check_gradient,
):
    main.add_command(_command)
