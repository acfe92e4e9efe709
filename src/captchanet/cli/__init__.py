"""The command line `captchanet`: its commands, which stand in a module for each purpose, and nothing else."""

import os

import click

from captchanet.cli.best import best
from captchanet.cli.common import Group
from captchanet.cli.diff import diff
from captchanet.cli.look import look
from captchanet.cli.read import read
from captchanet.cli.rerun import rerun, verify
from captchanet.cli.runs import runs
from captchanet.cli.tools import check_gradient, draw, orphans, ui

# One BLAS thread, before a command imports NumPy: two round otherwise, and these matrices are small
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_variable, "1")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="captchanet")
def main() -> None:
    """A neural network from nothing that reads captchas."""


for _command in (read, look, runs, best, diff, rerun, verify, draw, ui, orphans, check_gradient):
    main.add_command(_command)
