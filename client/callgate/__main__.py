"""`python -m callgate`: the same as the command `callgate`."""

from __future__ import annotations

import sys

from callgate.cli import main

if __name__ == "__main__":
    sys.exit(main())
