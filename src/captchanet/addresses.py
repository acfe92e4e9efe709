"""Addresses without the secrets in them."""

import re


def masked(text: str) -> str:
    """The text with `***` instead of the user and the password in each address: http://***@host.

    An @ later in the address counts too, as in a password with a slash. So too much may be masked, but no
    secret is left.
    """
    return re.sub(r"(?<=://)\S*@", "***@", text)
