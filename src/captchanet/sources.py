"""Which files decide the result of a script: the modules of this package that it imports, directly or not.

Snakemake does not see imported code. A rule that has the digests of these files among its parameters runs
again when one of them changes, and only then. Import statements are read at the top of a file and inside
functions. An import whose name is made at run time is not found.
"""

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The folder that holds the package, src/."""
LAYOUT = ROOT / "captchanet/layout.py"
"""It has the paths of files and decides no result. A rule whose files get other paths runs again anyway."""


def sources(script: Path) -> list[Path]:
    """The package's files that `script` imports, directly or not, sorted; without the script itself."""
    found: set[Path] = set()
    waiting = [Path(script)]
    while waiting:
        for module in _imported(waiting.pop()):
            for file in _files(module):
                if file not in found and file != LAYOUT:
                    found.add(file)
                    waiting.append(file)
    return sorted(found)


@functools.cache
def _imported(file: Path) -> list[str]:
    """Read what a file imports; once, since the scripts share most files."""
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from package import module` names a module too; names that are no module are dropped below
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


@functools.cache
def _files(module: str) -> list[Path]:
    parts = module.split(".")
    if parts[0] != "captchanet":
        return []
    paths = [ROOT.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    files = [file for path in paths for file in (path / "__init__.py", path.with_suffix(".py"))]
    return [file for file in files if file.is_file()]
