"""The error whose text is for the user."""


class UserError(Exception):
    """Something that the user can correct: what was found, where, what was expected and what to do.

    The command line and the scripts of the workflow print it as one sentence and end with a non-zero status.
    The user never sees it as a traceback.
    """
