"""`captchanet best`: which setting of a sweep is best, and whether its lead is more than chance."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from captchanet.cli.common import ConfigFiles, configfile, tabular, within_set
from captchanet.cli.runs import recorded
from captchanet.cli.tables import aligned, printable
from captchanet.spreadsheet import as_text

if TYPE_CHECKING:  # importing pandas and mlflow takes seconds
    import pandas as pd

    from captchanet.evaluate.comparison import Comparison, SettingSummary

OPTIMISTIC = (
    "The winner was chosen on these captchas, so its accuracy is a little optimistic: measure it on captchas "
    "that had no part in the choice."
)
PAIRS = "Each p is that of one pair alone; among many settings a small p may be chance."


@click.command()
@click.argument("sweep")
@within_set
@configfile
@tabular
def best(sweep: str, of: str | None, configfile: ConfigFiles, form: str) -> None:
    """Show which setting of SWEEP reads most unseen captchas, and whether its lead stands out.

    The winner is compared with every other setting on the same captchas: by a paired t-test over seeds and
    folds, and by a permutation test over captchas. Everything is read from MLflow; results/ is not needed.
    """
    store, history = recorded(configfile, of)
    from captchanet.evaluate.comparison import compare, summarise
    from captchanet.track.history import set_of_sweep
    from captchanet.track.sweep_runs import sweep_runs

    configured = [run for run in history.runs if run.configured]
    of, remark = set_of_sweep(configured, sweep, of or configfile.set)
    runs = [run for run in configured if run.tags.get("set", "") == of]
    found = summarise(sweep_runs(store, runs, sweep))
    if remark:
        click.echo(remark, err=True)
    others = [compare(found[0].runs, other.runs) for other in found[1:]]
    kind = repeats(found)
    rows, said = numbers(found, others), verdict(found, others, kind)
    if form == "csv":
        click.echo(rows.map(as_text).to_csv(index=False, lineterminator="\n"), nl=False)
    elif form == "json":
        settings = rows.to_dict("records")
        click.echo(json.dumps({"sweep": sweep, "set": of, "settings": settings, "verdict": said}, indent=1))
    else:
        for line in [*table(rows, kind), "", *said]:
            click.echo(printable(line))


def repeats(found: Sequence["SettingSummary"]) -> str:
    """What the settings are repeated over: seeds, folds or, for both, repeats."""
    seeds, folds = zip(*(run.repeat for one in found for run in one.runs), strict=True)
    if any(fold is not None for fold in folds):
        return "repeats" if any(seed is not None for seed in seeds) else "folds"
    return "seeds"


def numbers(found: Sequence["SettingSummary"], others: Sequence["Comparison"]) -> "pd.DataFrame":
    """A row for each setting, the best first: its accuracy, and how the best compares with it.

    The best is not compared with itself, so its last cells are None.
    """
    import pandas as pd

    rows = [
        {
            **{name: getattr(one, name) for name in ("setting", "mean", "deviation", "low", "high")},
            "runs": len(one.runs),
            "failed": one.failed,
            "behind": other and other.difference,
            "repeats_in_common": other and other.repeats,
            "p_repeats": other and other.by_repeats,
            "p_captchas": other and other.by_captchas,
            "stands_out": other and other.stands_out(),
        }
        for one, other in zip(found, [None, *others], strict=True)
    ]
    return pd.DataFrame(rows, dtype=object)


def table(rows: "pd.DataFrame", kind: str) -> list[str]:
    """The lines of a table of `numbers`, in percent and points."""
    columns: list[tuple[str, str, Callable[[Any], str]]] = [
        ("setting", "setting", str),
        ("mean", "mean", _percent),
        ("deviation", "±", _points),
        ("low", "lowest", _percent),
        ("high", "highest", _percent),
        ("runs", "runs", str),
        ("failed", "failed", str),
        ("behind", "behind", _points),
        ("p_repeats", f"p {kind}", _p),
        ("p_captchas", "p captchas", _p),
    ]
    texts = [rows[key].map(text) for key, _, text in columns]
    heads = [head for _, head, _ in columns]
    return aligned(zip(*texts, strict=True), heads, right=range(1, len(heads)))


def verdict(found: Sequence["SettingSummary"], others: Sequence["Comparison"], kind: str) -> list[str]:
    """The result in words: which setting won, by how much, and whether that is more than chance."""
    first = found[0]
    if first.mean is None:
        return ["Every run of every setting failed: there is no winner."]
    said = f"{first.setting} reads {_accuracy(first)} of the unseen captchas"
    finished = [one for one in found if one.mean is not None]
    if len(finished) == 1:
        return [f"{said}; there is no other setting to compare it with."]
    return [
        f"{said}; the next, {finished[1].setting}, {_accuracy(finished[1])}.",
        _tested(others[0], kind),
        *([PAIRS] if len(finished) > 2 else []),
        OPTIMISTIC,
    ]


def _tested(lead: "Comparison", kind: str) -> str:
    """The results of the tests of the winner's lead over the next setting."""
    if lead.difference is None or lead.by_captchas is None:
        return "They read no captchas in common, so no test can compare them."
    over = f"{lead.repeats} {kind if lead.repeats > 1 else kind.removesuffix('s')}"
    said = f"Over {over} in common the lead is {100 * lead.difference:+.1f} points; p "
    if lead.by_repeats is None:
        key = "folds" if kind == "folds" else "seeds"
        return (
            f"{said}{_is(lead.by_captchas)} over captchas (permutation test). Fewer than three {kind} do not "
            f"show the spread: set `{key}: 5` in the sweep to see whether the lead stands out."
        )
    said += f"{_is(lead.by_repeats)} over {kind} (paired t-test), {_p(lead.by_captchas)} over captchas "
    said += "(permutation test): "
    if lead.stands_out():
        return f"{said}it stands out."
    said += "it does not stand out"
    if lead.by_captchas < 0.05:
        return f"{said}: other {kind} may reverse it."
    return f"{said}: other captchas may reverse it." if lead.by_repeats < 0.05 else f"{said}."


def _accuracy(one: "SettingSummary") -> str:
    deviation = "" if one.deviation is None else f" ± {_points(one.deviation)}"
    return f"{_percent(one.mean)}{deviation}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _points(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _p(value: float | None) -> str:
    return "" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _is(value: float) -> str:
    return _p(value) if value < 0.001 else f"= {_p(value)}"
