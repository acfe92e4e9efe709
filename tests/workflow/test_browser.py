"""What a person sees in the MLflow UI: a sweep under its parent, its comparison, its charts, its files.

With CAPTCHANET_SCREENSHOTS set to a folder the two pictures in docs/ are made there.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.workflow

SWEEP = """
pictures: {raw: {folder: data/raw}, unseen: {folder: data/unseen}}
segment: {grid: {}}
dataset: {main: {segment: grid, train: raw, unseen: unseen}}
train: {cg: {hidden: [40], optimiser: {method: cg, iterations: 30}}}
sweeps:
  weights: {run: cg, grid: {train.penalty.weight: [0.01, 0.1, 1.0]}, seeds: 2}
xor: {steps: 200}
"""


@pytest.fixture(scope="module")
def browser():
    """Chromium, as Debian has it."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("needs Chromium: sudo apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def ui(browser, shared):
    """A project with a recorded sweep, and the address of its MLflow UI."""
    project = shared
    project.write("config/sweep.yaml", SWEEP)
    ended = project.snakemake(configfile="config/sweep.yaml")
    assert ended.status == 0, ended.output
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "captchanet", "ui", "--port", str(port)],
        cwd=project.folder,
        env=project.env | {"PYTHONPATH": str(project.folder / "src")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urlopen(f"{address}/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.5)
        yield project, address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


@pytest.fixture
def page(browser, ui):
    """A new page, which remembers the addresses that it asked."""
    made = browser.new_page(viewport={"width": 1400, "height": 1000})
    made.set_default_timeout(30_000)
    made.asked = []
    made.on("request", lambda request: made.asked.append(request.url))
    yield made
    made.close()


def ids(project, name):
    """The MLflow ids of the runs whose name is like that."""
    return [
        row[0] for row in project.sql(f"select run_uuid from runs where name like '{name}' order by name")
    ]


def opened(page):
    """Opens the sweep in the list of runs."""
    parent = page.get_by_role("gridcell").filter(has=page.get_by_role("link", name="weights", exact=True))
    parent.get_by_role("button").first.click()
    page.get_by_text("weight=0.1,seed=1").first.wait_for()


def kept(page, name):
    """The page as a picture, if pictures are wanted."""
    folder = os.environ.get("CAPTCHANET_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


def without_assistant(page):
    """Closes what MLflow opens next to its pages."""
    close = page.get_by_role("button", name="Close", exact=False)
    if close.count():
        close.first.click()
        page.wait_for_timeout(500)


def test_the_list_shows_the_sweep_as_one_run_that_opens(ui, page):
    _, address = ui
    page.goto(f"{address}/#/experiments/1/runs")
    page.get_by_role("link", name="weights", exact=True).wait_for()
    assert page.get_by_role("link", name="xor", exact=True).count() == 1
    assert page.get_by_text("weight=0.1,seed=1").count() == 0
    opened(page)


def test_the_view_of_all_runs_opens_with_their_accuracy_the_best_on_top(ui, page):
    from captchanet.track.place import view_page

    project, address = ui
    page.goto(f"{address}/{view_page('1')}")
    page.get_by_text("unseen/captchas/accuracy").nth(1).wait_for()
    page.get_by_role("link", name="weight=0.1,seed=1", exact=True).wait_for()
    shown = page.locator('[role="gridcell"][col-id*="unseen/captchas/accuracy"]').all_inner_texts()
    (best,) = project.sql("select max(value) from metrics where key = 'unseen/captchas/accuracy'")[0]
    assert float(shown[0]) == best
    numbers = [float(text) for text in shown if text != "-"]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 7


def test_the_view_of_a_sweep_compares_its_runs_by_their_accuracy(ui, page):
    from captchanet.track.place import sweep_view, view_page

    _, address = ui
    page.goto(f"{address}/{view_page('1', sweep_view('sweep', 'weights'), charts=True)}")
    page.get_by_text("Parallel Coordinates").wait_for()
    page.get_by_text("6 matching runs").wait_for()
    page.locator("svg text", has_text="penalty.weight").first.wait_for()
    assert page.locator("svg text", has_text="curacy").count() >= 1
    without_assistant(page)
    page.wait_for_timeout(1500)
    kept(page, "mlflow-compare")


def test_a_run_of_the_sweep_says_what_it_is_and_on_what_it_trained(ui, page):
    project, address = ui
    (run,) = ids(project, "weight=0.1,seed=2")
    page.goto(f"{address}/#/experiments/1/runs/{run}")
    page.get_by_text("captchas it never saw").wait_for()
    text = page.inner_text("body")
    assert "setting weight=0.1" in text
    assert "main-train" in text
    page.get_by_role("link", name="weights", exact=True).first.wait_for()


def test_the_sweeps_own_page_ranks_its_settings(ui, page):
    project, address = ui
    (run,) = ids(project, "weights")
    page.goto(f"{address}/#/experiments/1/runs/{run}")
    page.get_by_text("Best setting").wait_for()
    assert "6 runs" in page.inner_text("body")


def test_the_comparison_shows_the_sweep_in_parallel_coordinates(ui, page):
    project, address = ui
    runs = quote(json.dumps(ids(project, "weight=%")))
    page.goto(f"{address}/#/compare-runs?runs={runs}&experiments={quote(json.dumps(['1']))}")
    page.get_by_text("Comparing 6 Runs from 1 Experiment").wait_for()
    page.locator(".js-plotly-plot .parcoords").first.wait_for(state="attached")
    text = page.inner_text("body")
    assert "penalty.weight" in text


def test_the_charts_show_the_curves_of_training(ui, page):
    project, address = ui
    (run,) = ids(project, "weight=0.1,seed=2")
    page.goto(f"{address}/#/experiments/1/runs/{run}/model-metrics")
    page.get_by_placeholder("Search metric charts").fill("training_accuracy")
    page.get_by_text("training_accuracy").first.wait_for()
    page.locator(".js-plotly-plot").first.wait_for()
    assert page.locator(".js-plotly-plot").count() == 1


def test_figures_and_misreads_are_there_to_be_looked_at(ui, page):
    project, address = ui
    (run,) = ids(project, "weight=0.1,seed=2")
    page.goto(f"{address}/#/experiments/1/runs/{run}/artifacts")
    for folder, file in (("figures", "confusion_matrix.png"), ("evaluate", "misreads.csv")):
        page.get_by_text(folder, exact=True).first.click()
        page.get_by_text(file, exact=True).first.click()
    page.get_by_text("confidence").first.wait_for()
    assert {"label", "reading", "confidence"} <= set(page.inner_text("body").split())


def test_the_pages_ask_nobody_but_this_machine(ui, page):
    _, address = ui
    page.goto(f"{address}/#/experiments/1/runs")
    page.get_by_role("link", name="weights", exact=True).wait_for()
    page.wait_for_timeout(1000)
    without_assistant(page)
    opened(page)
    kept(page, "mlflow-sweep")
    outside = [url for url in page.asked if not url.startswith((address, "data:", "blob:"))]
    assert outside == []
