"""Whether a run was trained as its configuration says: today's settings next to those that were recorded."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from captchanet.config.configuration import Sections
from captchanet.train.settings import run_parameters
from captchanet.types import Json

NOTHING = object()


class Difference(NamedTuple):
    """A key of the configuration, its value there, and the one that the run was trained with."""

    key: str
    now: str
    recorded: str


def differences(config: Sections, run: str, recorded: Json, configuration: Json) -> Iterator[Difference]:
    """The settings of a run that are others in the resolved `config` than those that it was trained with.

    These are its `parameters.json`, and of its `configuration.json` the folder of the pictures: that is no
    parameter, since the same pictures may lie elsewhere, but other pictures make another network.
    """
    asked = config.train[run]
    data = config.dataset[asked.data]
    names = {data.train, data.synthetic, data.unseen} & set(config.pictures)
    pictures = {str(name): config.pictures[str(name)].dump() for name in names}
    segment = config.segment[data.segment].dump()
    now = run_parameters(run, asked.dump(), data.dump(), pictures, segment)
    places = {
        "dataset": f"dataset.{asked.data}",
        "segment": f"segment.{data.segment}",
        "pictures": "pictures",
    }
    for name, value in now.items():
        yield from _differences(places.get(name, f"train.{run}.{name}"), value, recorded.get(name, NOTHING))
    if data.train in pictures:
        trained = configuration["pictures"].get(data.train, NOTHING)
        yield from _differences(f"pictures.{data.train}", pictures[data.train], trained)


def _differences(key: str, now: Any, recorded: Any) -> Iterator[Difference]:
    if isinstance(now, Mapping) and isinstance(recorded, Mapping):
        for name in {**now, **recorded}:
            yield from _differences(f"{key}.{name}", now.get(name, NOTHING), recorded.get(name, NOTHING))
    elif now != recorded:
        yield Difference(key, _text(now), _text(recorded))


def _text(value: Any) -> str:
    """A value for a sentence, cut where it is long."""
    text = "not there" if value is NOTHING else "null" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
