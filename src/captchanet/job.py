"""How a job of the workflow ends when something is wrong: with one sentence for each thing, for the user.

Snakemake takes a file that is there for a good one. So a job removes those of its inputs that are damaged, if
they are results: the next run makes them again.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from captchanet.errors import DamagedFile, UserError
from captchanet.files import check_whole
from captchanet.layout import RESULTS

ERRORS = Path(".snakemake/captchanet-errors.txt")
"""Jobs write their errors here; the workflow prints them last, below Snakemake's own report."""


@contextmanager
def job(name: str, inputs: Iterable[str] = ()) -> Iterator[None]:
    """Runs a script's body; a UserError is printed as a sentence and ends the job with status 1.

    `inputs` are the input files of its rule. If one of them is damaged, every damaged result among them is
    removed, and a sentence about each takes the place of the error.
    """
    try:
        yield
    except MemoryError as error:
        _end(name, [f"there is not enough memory ({error}); make the job smaller, or free memory"])
    except DamagedFile as error:
        _end(name, _removed(inputs, error) or [str(error)])
    except UserError as error:
        _end(name, [str(error)])
    except Exception:
        # is it for a damaged file that the program came to something that it does not expect?
        if not (sentences := _removed(inputs)):
            raise
        _end(name, sentences)


def _removed(inputs: Iterable[str], found: DamagedFile | None = None) -> list[str]:
    """Remove the damaged results among `inputs`, the one `found` too; return a sentence about each."""
    results = [file for file in map(Path, inputs) if RESULTS in file.parents]
    damaged = {found.file: found.fault} if found and found.file in results else {}
    for file in results:
        try:
            check_whole(file)
        except DamagedFile as error:
            damaged.setdefault(file, error.fault)
        except UserError:
            continue  # another job has removed it, or it cannot be read, which is no damage
    sentences = []
    for file, fault in damaged.items():
        with suppress(OSError):
            file.unlink(missing_ok=True)
            sentences.append(
                f"{file}: {fault}, so it was removed; run the same command again, which makes it again"
            )
    return sentences


def _end(name: str, errors: Iterable[str]) -> None:
    sentences = [f"captchanet: {name}: {error}" for error in errors]
    print(*sentences, sep="\n", file=sys.stderr)
    # lines that are appended in one write: the errors of jobs that fail at the same time do not mix
    with suppress(OSError), ERRORS.open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write("".join(f"{sentence}\n" for sentence in sentences))
    sys.exit(1)
