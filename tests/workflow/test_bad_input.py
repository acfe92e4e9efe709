"""Bad input ends with one clear sentence, and nothing is lost."""

import json
import shutil

import pytest
from PIL import Image

pytestmark = pytest.mark.workflow


def refused(project, *words, configfile="config/tiny.yaml"):
    """The sentence with which snakemake ends before it starts a job."""
    ended = project.snakemake(*words, configfile=configfile)
    assert ended.status != 0
    assert "Traceback" not in ended.output
    assert "rule " not in ended.output
    return ended.sentence


def test_a_wrong_configuration_stops_before_any_job_with_its_key(fresh):
    text = fresh.text("config/tiny.yaml")
    fresh.write("config/tiny.yaml", text.replace("learning_rate", "lerning_rate"))
    assert "train.sgd.optimiser.lerning_rate" in refused(fresh)
    fresh.write("config/tiny.yaml", text)
    for word, sentence in (
        ("train={cg: {seed: many}}", "train.cg.seed: found 'many'; expected a whole number"),
        ("pictures={raw: {folder: nowhere}}", "no folder nowhere"),
    ):
        assert sentence in refused(fresh, "--config", word)
    (fresh.folder / "empty").mkdir()
    assert "empty is empty" in refused(fresh, "--config", "pictures={raw: {folder: empty}}")


def test_a_target_after_configfile_or_an_unknown_name_in_it_is_a_sentence(fresh):
    (fresh.folder / "page.html").write_text("<title>a: b: c</title>")
    (fresh.folder / "results").mkdir()
    (fresh.folder / "results/metrics.json").write_text("{}")
    result = ("results/metrics.json", "it is a result")
    for word, cause in (
        ("report", "No such file"),
        ("config", "Is a directory"),
        ("page.html", "mapping"),
        result,
    ):
        said = refused(fresh, word)
        assert said.startswith(f"captchanet: {word}: cannot be read as a configuration ({cause}")
        assert "name a target first: snakemake TARGET --configfile FILE" in said
    target = "results/mine/train/nobody/model.npz"
    said = refused(fresh, "--config", "set=mine", target)
    assert said.startswith(f"captchanet: {target}: expected KEY=VALUE after --config")
    # `refused` puts its words after --configfile; an option ends those
    said = refused(fresh, "--config", "set=mine", "--nolock", target)
    assert said.endswith(f"{target}: there is no 'nobody' for results/mine/train/; there are: cg, sgd")


def test_a_key_that_is_given_twice_is_refused_with_its_line_and_a_byte_order_mark_is_not(fresh):
    text = fresh.text("config/tiny.yaml")
    fresh.write("config/tiny.yaml", text.replace("  sgd: {", "  cg: {"))
    said = refused(fresh)
    assert said == (
        f"captchanet: {fresh.folder}/config/tiny.yaml: cannot be read as a configuration (line 18: the key "
        "'cg' stands in line 17 too, and only one would count; rename or delete one)"
    )
    assert (
        said.removeprefix("captchanet: ").split("/tiny.yaml")[1]
        in fresh.command("read", "data/unseen", "--configfile", "config/tiny.yaml").output
    )
    fresh.write("config/tiny.yaml", "\ufeff" + text.replace("\n", "\r\n"))
    assert fresh.snakemake("--dry-run").jobs["train"] == 2


def test_values_from_the_command_line_get_the_schemas_type(fresh):
    dry = fresh.snakemake("--dry-run", "--config", "train={sgd: {optimiser: {learning_rate: 1e-3}}}")
    assert dry.status == 0
    assert dry.jobs["train"] == 2


def test_broken_pictures_are_listed_and_do_not_stop_the_others(fresh):
    raw = fresh.folder / "data/raw"
    good = sorted(raw.glob("*.png"))
    (raw / "trun.png").write_bytes(good[0].read_bytes()[:200])
    (raw / "text.png").write_text("no picture at all")
    Image.new("RGB", (80, 30)).save(raw / "size.png")
    shutil.copy(good[1], raw / "toolong.png")
    Image.open(good[2]).convert("RGB").save(raw / "jpeg.jpg", quality=100)
    stopped = fresh.snakemake()
    last = stopped.sentence
    assert stopped.status != 0
    assert "data/raw cannot be used" in last
    assert "max_rejected" in last
    listed = "results/tiny/segment/grid/raw.rejected.csv"
    assert listed in last
    assert fresh.text(listed).count("\n") >= 5
    word = "segment={grid: {max_rejected: 0.5}}"
    ended = fresh.snakemake("--config", word)
    assert ended.status == 0, ended.output
    rejected = fresh.text("results/tiny/segment/grid/raw/rejected.csv")
    for name in ("trun.png", "text.png", "size.png", "toolong.png"):
        assert name in rejected
        assert name in fresh.text("results/tiny/report.html")
    assert "jpeg.jpg" not in rejected
    metric = "select distinct value from metrics where key = 'pictures/raw/rejected'"
    assert fresh.sql(metric) == [(float(rejected.count("\n") - 1),)]


def test_a_class_without_example_is_warned_of_by_name(fresh):
    for picture in (fresh.folder / "data/raw").glob("*z*.png"):
        picture.unlink()
    ended = fresh.snakemake("--config", "dataset={main: {captchas: null}}", "--until", "dataset")
    assert ended.status == 0
    assert "no captcha to train on shows any of: z" in ended.output
    assert "results/tiny/report.html" not in ended.output


def test_a_training_that_fails_leaves_the_others_and_fails_the_workflow_at_the_end(fresh):
    penalty, optimiser = "{method: l2, weight: 1e9}", "{learning_rate: 1e6, epochs: 50}"
    wild = f"train={{sgd: {{cost: quadratic, penalty: {penalty}, optimiser: {optimiser}}}, "
    wild += "early: {hidden: [8], early_stopping: {share: 0.99}}}"
    # a method of one's own may raise anything
    broken = fresh.folder / "src/captchanet/nn/initialisation.py"
    broken.write_text(
        broken.read_text() + "\n\ndef glorot(network, rng, *, dtype):\n    raise KeyError('own')\n"
    )
    wild = wild[:-1] + ", own: {hidden: [8], initialisation: {method: glorot}}}"
    part = fresh.snakemake("--until", "train", "--config", wild)
    assert part.status != 0
    assert "training failed: sgd (" in part.sentence
    other = fresh.snakemake("--cores", "1", "results/tiny/evaluate/cg/metrics.json", "--config", wild)
    assert other.status == 0, other.output
    ended = fresh.snakemake("--config", wild)
    assert ended.status != 0
    last = ended.sentence
    assert "training failed: sgd (the cost became" in last
    assert "early (early_stopping.share: 0.99 of 20 captchas holds out 20, which leaves none" in last
    assert "own (its training raised KeyError: 'own' (more in results/tiny/logs/train/own.log)" in last
    assert "Traceback" not in ended.output
    assert "in glorot" in fresh.text("results/tiny/logs/train/own.log")
    assert json.loads(fresh.text("results/tiny/train/sgd/status.json"))["status"] == "failed"
    assert json.loads(fresh.text("results/tiny/evaluate/cg/metrics.json"))["status"] == "finished"
    statuses = dict(fresh.sql("select name, status from runs"))
    failed = dict.fromkeys(("sgd", "early", "own"), "FAILED")
    assert statuses == {"cg": "FINISHED", "xor": "FINISHED"} | failed
    assert "the cost became" in fresh.text("results/tiny/report.html")
    again = fresh.command("rerun", "early", "--configfile", "config/tiny.yaml")
    assert again.status == 0, again.output
    mended = fresh.snakemake()
    assert mended.status == 0, mended.output


def test_a_store_out_of_reach_is_said_without_its_password_and_the_results_are_kept(fresh):
    word = "track={tracking_uri: 'http://alice:s3cret@127.0.0.1:9'}"
    ended = fresh.snakemake("--config", word)
    assert ended.status != 0
    assert "http://***@127.0.0.1:9 cannot be used" in ended.sentence
    assert "s3cret" not in ended.output
    assert "***@127.0.0.1:9" in fresh.text("results/tiny/train/cg/provenance.json")
    kept = [file for name in (".snakemake", "results") for file in (fresh.folder / name).rglob("*")]
    assert [file for file in kept if file.is_file() and b"s3cret" in file.read_bytes()] == []
    assert not (fresh.folder / "mlflow.db").exists()
    assert (fresh.folder / "results/tiny/report.html").exists()
    again = fresh.snakemake()
    assert again.status == 0
    assert "train" not in again.jobs
    assert len(fresh.sql("select * from runs")) == 3


def test_a_results_folder_that_cannot_be_written_is_said(fresh):
    (fresh.folder / "results").write_text("a file where a folder should be")
    ended = fresh.snakemake()
    assert ended.status != 0
    assert "results" in ended.sentence
    assert "Traceback" not in ended.output
