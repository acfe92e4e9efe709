"""After any kill a plain `snakemake` goes on by itself; two at the same time are refused."""

import fcntl
import os
import random
import signal
import time

import pytest

pytestmark = pytest.mark.workflow


def test_after_kill_9_of_everything_plain_snakemake_goes_on_and_records_each_run_once(fresh):
    moments = random.Random(4)
    for round_ in range(4):
        process = fresh.start()
        # the first falls into training, the later ones into recording and reporting as well
        time.sleep(moments.uniform(3, 5) + 2 * round_)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    last = fresh.snakemake()
    assert last.status == 0, last.output
    assert "nlock" not in last.output
    runs = fresh.sql("select name, status, lifecycle_stage from runs order by name")
    assert runs == [(name, "FINISHED", "active") for name in ("cg", "sgd", "xor")]
    steps = "select count(*) from metrics m join runs r using (run_uuid) where name = 'cg' and key = 'cost'"
    assert fresh.sql(steps) == [(3,)]
    assert not list((fresh.folder / "results").rglob(".*.tmp"))


def test_a_second_snakemake_in_the_same_folder_is_refused_with_a_sentence(fresh):
    (fresh.folder / ".snakemake").mkdir()
    with (fresh.folder / ".snakemake/captchanet.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = fresh.snakemake()
    assert refused.status != 0
    assert "another snakemake runs in this folder" in refused.output
    assert "Traceback" not in refused.output
    assert not (fresh.folder / "results").exists()
