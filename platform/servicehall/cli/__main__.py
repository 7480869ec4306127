"""`python -m servicehall.cli`."""

from servicehall.cli import main

main()
