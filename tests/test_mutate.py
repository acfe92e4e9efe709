"""The small wrong lines of `make mutants`: which there are, and what they leave alone."""

import ast

from mutate import mutants, mutated

PROGRAM = '''
"""Words."""
LIMIT = 3

def f(a: "x" = 1, *, b: int = 2) -> int:
    """More words."""
    if a < LIMIT and b:
        raise UserError(f"found {a}", "words")
    for x, y in zip(a, b, strict=True):
        total[x] = g(x, y, key="k")
    return f"{a + b} words" if [a, b][1:] else max(a, b)
'''


def changes():
    return [(one.before, one.after) for one in mutants("f.py", PROGRAM)]


def test_each_mutant_changes_one_statement_and_is_a_program():
    found = list(mutants("f.py", PROGRAM))
    assert len({(one.lines, one.before, one.after) for one in found}) == len(found) == 20
    before = ast.unparse(ast.parse(PROGRAM)).splitlines()
    for one in found:
        after = mutated(one).splitlines()
        assert 1 <= len(set(before) ^ set(after)) <= 4, one
        assert '"""Words."""' in after
        assert '    """More words."""' in after


def test_the_usual_wrong_lines_are_among_them():
    assert {
        ("LIMIT = 3", "LIMIT = 4"),
        ("if a < LIMIT and b:", "if a <= LIMIT and b:"),
        ("if a < LIMIT and b:", "if a < LIMIT or b:"),
        ("if a < LIMIT and b:", "if not (a < LIMIT and b):"),
        ("raise UserError(f'found {a}', 'words')", "pass"),
        ("total[x] = g(x, y, key='k')", "pass"),
        ("total[x] = g(x, y, key='k')", "total[x] = g(y, x, key='k')"),
        ("total[x] = g(x, y, key='k')", "total[x] = g(x, y)"),
        ("total[x] = g(x, y, key='k')", "total[x] = g(x, y, key='kx')"),
    } <= set(changes())
    returned = [after for before, after in changes() if before.startswith("return")]
    assert "return None" in returned
    assert "return f'{a + b} words' if [a, b][:] else max(a, b)" in returned
    assert "return f'{a - b} words' if [a, b][1:] else max(a, b)" in returned
    assert "return f'{a + b} words' if [b][1:] else max(a, b)" in returned
    assert "return f'{a + b} words' if not [a, b][1:] else max(a, b)" in returned
    assert "return f'{a + b} words' if [a, b][1:] else min(a, b)" in returned


def test_words_types_checks_and_what_is_assigned_to_stay():
    found = changes()
    assert not [after for before, after in found if "Words" in before or "More words" in before]
    assert all("found {a}" in after for _, after in found if "UserError" in after)
    assert all(" words" in after for _, after in found if after.startswith("return f"))
    assert all("a: 'x'" in after for _, after in found if after.startswith("def"))
    assert all("strict=True" in after for _, after in found if after.startswith("for"))
    assert "return f'{a + b} words' if [a, b][1:] else max(b, a)" not in [after for _, after in found]


def test_what_runs_when_a_module_is_imported_is_known():
    early = {one.after for one in mutants("f.py", PROGRAM) if one.early}
    assert len(early) == 3  # the constant, and the defaults of both options
