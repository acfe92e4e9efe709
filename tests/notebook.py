"""A small history in a separate store. Tests log its runs themselves, so they show what is in it."""

from pathlib import Path


class Notebook:
    """A store in a folder, into which a test writes runs."""

    def __init__(self, folder: Path) -> None:
        from captchanet.track.place import address
        from captchanet.track.store import client, prepare

        self.folder, self.uri = folder, address(None, folder)
        self.experiment = prepare(self.uri, "captchanet")
        self.store = client(self.uri)
        (folder / "config").mkdir()
        (folder / "config/config.yaml").write_text("track: {}\n")

    def log(self, name, minute=0, params=(), metrics=(), tags=(), files=(), **options):
        """Logs a run that began some minutes after noon, and returns its id.

        `options` are its status, and `data`, the digest of what it was trained on, None for nothing.
        """
        from mlflow.entities import Metric, Param, RunTag

        started = 1_700_000_000_000 + 60_000 * minute
        status, data = options.get("status", "FINISHED"), options.get("data", "d" * 64)
        tags = {"captchanet.configured": "yes", "captchanet.status": status.lower(), **dict(tags)}
        tags |= {"captchanet.data.train_sha256": data} if data else {}
        run_id = self.store.create_run(self.experiment, start_time=started, run_name=name).info.run_id
        self.store.log_batch(
            run_id,
            metrics=[Metric(key, value, started, 0) for key, value in dict(metrics).items()],
            params=[Param(key, str(value)) for key, value in dict(params).items()],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )
        for path, text in dict(files).items():
            self.store.log_text(run_id, text, path)
        if status in ("FINISHED", "FAILED"):
            self.store.set_terminated(run_id, status, end_time=started + 1)
        return run_id

    def runs(self, **options):
        """The whole history, as captchanet reads it."""
        from captchanet.track.history import history, opened

        return history(opened(self.uri), self.uri, "captchanet", **options)
