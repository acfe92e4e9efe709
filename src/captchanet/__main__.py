"""`python -m captchanet` is the command line too."""

from captchanet.cli import main

main(prog_name="captchanet")
