"""The one error that a person is meant to read."""


class UserError(Exception):
    """Something the user can mend: says what was found, where, what was expected and what to do.

    Whoever runs captchanet for a person (the command line, the workflow's scripts) prints it as one
    sentence and ends with a non-zero status; nobody ever sees it as a traceback.
    """
