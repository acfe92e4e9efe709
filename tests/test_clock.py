"""A clock that was set back is said before any work, since Snakemake would delete the work's results."""

import os

import pytest

from captchanet.clock import check_clock
from captchanet.errors import UserError


@pytest.fixture
def folder(tmp_path):
    """Results of which the latest was made 1,000 seconds after 1970, and a source file."""
    for name, changed in {"results/a/x.json": 1000, "results/b.json": 500, "source.py": 900}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (changed, changed))
    return tmp_path


def test_a_file_from_the_future_is_named_with_what_to_do(folder):
    places = [folder / "results", folder / "source.py", folder / "missing"]
    with pytest.raises(UserError, match=r"results/a/x\.json was changed .* Set the clock right, or .* touch"):
        check_clock(places, now=600)
    check_clock(places, now=1000)
    check_clock(places, now=999)
    with pytest.raises(UserError, match=r"source\.py"):
        check_clock(places[1:], now=800)


def test_no_file_is_no_reason_to_stop(tmp_path):
    check_clock([tmp_path, tmp_path / "missing"], now=0)
