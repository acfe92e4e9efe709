"""Of several records of one run the same one stays, whoever settles them; a server needs this."""

from types import SimpleNamespace

import pytest

# marked, because importing mlflow takes seconds; it warns of its own deprecations
pytestmark = [pytest.mark.workflow, pytest.mark.filterwarnings("default")]


def record(run_id, start, status="FINISHED", key="cg:1", **tags):
    """A run as MLflow tells it."""
    info = SimpleNamespace(run_id=run_id, start_time=start, status=status, lifecycle_stage="active")
    tags = {f"captchanet.{name}": text for name, text in {"key": key, **tags}.items()}
    return SimpleNamespace(info=info, data=SimpleNamespace(tags=tags))


class Store:
    """A store that has hidden no run yet. Another writer may be faster with one of them."""

    def __init__(self, *runs, faster=None):
        self.runs, self.hidden, self.faster = {run.info.run_id: run for run in runs}, {}, faster

    def set_tag(self, run_id, name, value):
        assert name == "captchanet.twin_of"
        self.hidden[run_id] = value

    def delete_run(self, run_id):
        from mlflow.exceptions import MlflowException

        if self.faster is not None:
            self.runs[run_id].info.lifecycle_stage = self.faster
            raise MlflowException("The run must be in the 'active' state")
        self.runs[run_id].info.lifecycle_stage = "deleted"

    def get_run(self, run_id):
        return self.runs[run_id]


def settle(*runs, begun=(), alone=False, store=None):
    """The ids of the runs that stay by their keys, and of those that are hidden with the one that stays."""
    from captchanet.track.twins import by_key, settled

    store = store or Store(*runs)
    stay = settled(store, by_key(runs), dict(begun), alone)
    return {key: run.info.run_id for key, run in stay.items()}, store.hidden


def test_the_oldest_complete_record_stays_and_the_others_name_it():
    runs = [record("c", 20), record("b", 10, "FAILED"), record("d", 10), record("a", 30)]
    expected = {"cg:1": "b"}, {"c": "b", "d": "b", "a": "b"}
    assert settle(*runs) == settle(*runs[::-1]) == expected
    store = Store(*runs)
    settle(*runs, store=store)
    gone = [run_id for run_id, run in store.runs.items() if run.info.lifecycle_stage == "deleted"]
    assert gone == ["c", "d", "a"]
    assert settle(record("a", 1), record("b", 2, key="sgd:1")) == ({"cg:1": "a", "sgd:1": "b"}, {})


def test_half_a_run_is_gone_on_with_by_its_own_writer_and_left_alone_by_others():
    half = record("a", 10, "RUNNING")
    assert settle(half) == ({}, {})
    assert settle(half, begun={"cg:1": 11}) == ({}, {})
    assert settle(half, begun={"cg:1": 10}) == ({"cg:1": "a"}, {})
    assert settle(half, alone=True) == ({"cg:1": "a"}, {})
    # a complete one stays, also where the half one is older
    assert settle(half, record("b", 20), begun={"cg:1": 10}) == ({"cg:1": "b"}, {"a": "b"})
    assert settle(half, record("b", 20)) == ({"cg:1": "b"}, {})


def test_the_record_of_a_sweep_is_never_half():
    sweep = record("a", 10, "RUNNING", key="sweep s", kind="sweep")
    assert settle(sweep, record("b", 20, key="sweep s", kind="sweep")) == ({"sweep s": "a"}, {"b": "a"})


def test_an_older_half_run_of_what_is_recorded_now_is_waited_for():
    from captchanet.track.twins import awaited, by_key

    half, whole = record("a", 10, "RUNNING"), record("b", 20)
    assert awaited(by_key([half, whole]), {"cg:1": 20})
    assert not awaited(by_key([half, whole]), {"sgd:1": 20})
    assert not awaited(by_key([whole, record("c", 30, "RUNNING")]), {"cg:1": 20})


def test_a_twin_that_another_writer_hides_in_the_same_moment_is_hidden():
    from mlflow.exceptions import MlflowException

    runs = [record("a", 10), record("b", 20)]
    assert settle(*runs, store=Store(*runs, faster="deleted"))[0] == {"cg:1": "a"}
    with pytest.raises(MlflowException):
        settle(*runs, store=Store(*runs, faster="active"))
