"""What all rules share: the checked configuration, the code a stage depends on, and how the workflow ends."""

import fcntl
import functools
import hashlib
import os
import shlex
import sys
import tempfile
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

HOME = Path(workflow.basedir)
# The package of this checkout, here and in every job, also if another one is installed
sys.path.insert(0, str(HOME / "src"))
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(HOME / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
)
# Jobs take names of files for UTF-8 also under LC_ALL=C: MLflow then writes to the folders that are meant
os.environ["PYTHONUTF8"] = "1"
# Threads of BLAS that wait for the next product sleep after 2^18 ticks, about 0.1 ms, not 2^26: on a busy
# machine they would else keep the thread that they wait for from its core
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "18")

from captchanet import layout
from captchanet.addresses import masked
from captchanet.clock import check_clock
from captchanet.config.load import check_given
from captchanet.config.made_from import MadeFrom
from captchanet.config.orphans import check_targets, orphans
from captchanet.config.resolve import resolved
from captchanet.dataset.dataset import trained_on
from captchanet.errors import UserError
from captchanet.evaluate.metrics import reached
from captchanet.files import read_json
from captchanet.job import ERRORS
from captchanet.segment.fingerprint import fingerprint
from captchanet.sources import sources
from captchanet.train.blas_threads import crowding
from captchanet.train.provenance import code_problem
from captchanet.train.run import check_finished

# A cluster's worker, and a group of jobs, is another snakemake: it keeps the command of the user
if workflow.is_main_process:
    os.environ["CAPTCHANET_COMMAND"] = masked(shlex.join(["snakemake", *sys.argv[1:]]))

# A configuration file stands alone: the default one is read only where none is named.
CONFIGFILES = list(workflow.config_settings.configfiles) or [HOME / "config/config.yaml"]
if not workflow.config_settings.configfiles:

    configfile: str(CONFIGFILES[0])


try:
    check_given(CONFIGFILES, workflow.config_settings.config_args or ())
    CONFIG = resolved(config, Path(CONFIGFILES[0]).stem)
    # Those that a data set uses. A change is seen by the fingerprint of a folder, or by the options of a kind.
    PICTURES = {
        name: entry.dump() if entry.synthesize else entry.dump()
        | {"fingerprint": fingerprint(Path(entry.folder), entry.labels and Path(entry.labels))}
        for name, entry in CONFIG.pictures.items()
        if any(name in (data.train, data.synthetic, data.unseen) for data in CONFIG.dataset.values())
    }
    # where the results of this configuration lie
    LAYOUT = layout.Layout.of(CONFIG.set)
    # from the command line, since Snakemake gives its targets to nobody before it looks for their inputs
    check_targets(sys.argv[1:], LAYOUT, CONFIG, PICTURES)
except UserError as error:
    several = f" (merged: {', '.join(map(os.path.relpath, CONFIGFILES))})" if len(CONFIGFILES) > 1 else ""
    raise SystemExit(masked(f"captchanet: {error}{several}"))

# the data sets that the runs train on, each once
DATA = list(dict.fromkeys(run.data for run in CONFIG.train.values()))
# the runs that stand in the configuration itself; those of a sweep share its section of the report
BY_HAND = [run for run in CONFIG.train if not any(run in sweep.runs for sweep in CONFIG.sweeps.values())]
# the templates of the pages for a person
TEMPLATES = HOME / "src/captchanet/report"


wildcard_constraints:
    segmentation="[^/]+",
    pictures="[^/]+",
    data="[^/]+",
    run="[^/]+",


def code(stage):
    """The modules that decide the results of a stage, and their digests. A change of one of them, and of no other, reruns it.

    They are a parameter, since Snakemake looks at each input of each job many times.
    """
    return {
        os.path.relpath(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sources(HOME / f"workflow/scripts/{stage}.py")
    }


def check_results():
    """Ends with a sentence when the folder of the results cannot be made or written."""
    try:
        LAYOUT.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=LAYOUT.root) as file:
            file.write(bytes(2**16))  # an empty file also fits on a full disk
    except OSError as error:
        raise SystemExit(
            f"captchanet: {LAYOUT.root}/ cannot be written in {Path.cwd()} ({error.strerror}); "
            "make it a folder that you can write to, with free space on its disk"
        )


# checked here, since Snakemake reads this folder before `onstart`
if os.path.lexists(layout.RESULTS) and (os.path.lexists(LAYOUT.root) or not layout.RESULTS.is_dir()):
    check_results()


def headline():
    """What the run at the top of the report reached, in a sentence."""
    run = CONFIG.read.run
    facts = read_json(LAYOUT.dataset(CONFIG.train[run].data).facts)
    return reached(run, trained_on(facts), read_json(LAYOUT.evaluate(run).metrics))


onstart:
    # The kernel frees this lock when the process ends, also after a kill: the user never has to unlock anything.
    global at_work
    try:
        at_work = open(".snakemake/captchanet.lock", "w")
        fcntl.flock(at_work, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("captchanet: another snakemake runs in this folder; wait until it has ended")
    except OSError as error:
        raise SystemExit(f"captchanet: .snakemake/ cannot be written ({error.strerror}); make it writable")
    ERRORS.unlink(missing_ok=True)
    if workflow.local_exec:
        # Its limit is for clusters. Here it looks at all waiting jobs and their files again after each second, once more
        # for every job that has ended, and no option turns it off.
        workflow.scheduler.job_rate_limiter = None
    check_results()
    try:
        check_clock([LAYOUT.root, HOME / "src"])
    except UserError as error:
        raise SystemExit(f"captchanet: {error}")
    # said once, here: each training would say the same
    if problem := code_problem(sources(HOME / "workflow/scripts/train.py")):
        print(f"captchanet: warning: git cannot tell all the code of these runs: {problem}. They are recorded "
              "without it, and can be repeated only where their sources are as they are now", file=sys.stderr)
    # once for all, here: a sweep may have hundreds of them
    crowded = [
        f"train {job.wildcards.run}: {said}"
        for job in workflow.persistence.dag.needrun_jobs()
        if job.rule.name == rules.train.rule.name
        and (said := crowding(CONFIG.train[job.wildcards.run].threads, job.threads))
    ]
    if crowded:
        others = f" ({len(crowded) - 1} other runs, too)" * (len(crowded) > 1)
        print(f"captchanet: warning: {crowded[0]}{others}", file=sys.stderr)
    if said := MadeFrom.of(CONFIGFILES, workflow.config_settings.config).write(LAYOUT):
        print(f"captchanet: {said}", file=sys.stderr)


onerror:
    if ERRORS.exists():
        print(f"\n{ERRORS.read_text(errors='surrogateescape')}", file=sys.stderr, end="")


onsuccess:
    if left := orphans(LAYOUT, CONFIG):
        print(f"\ncaptchanet: {len(left)} folders and logs in {LAYOUT.root}/ belong to no run of this configuration, such "
              f"as {left[-1]}; `captchanet orphans --configfile {CONFIGFILES[0]}` lists them")
    jobs = workflow.persistence.dag.jobs
    # for another target, until another stage, or without this one, there may be no report, or an old one
    if rules.report.rule.name in {job.rule.name for job in jobs}:
        print(f"\ncaptchanet: {headline()}\n"
              f"captchanet: {LAYOUT.report} shows how well the runs read; `captchanet ui` compares them")
    # nor a verdict, which fails a complete workflow
    trainings = [job for job in jobs if job.rule.name in (rules.train.rule.name, rules.xor.rule.name)]
    try:
        check_finished({job.wildcards_dict.get("run", job.rule.name): Path(job.output.status) for job in trainings})
    except UserError as error:
        raise SystemExit(f"\ncaptchanet: {error}")
