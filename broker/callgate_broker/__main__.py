"""`python -m callgate_broker`: the shared broker of one user."""

from __future__ import annotations

import sys

from callgate_broker.service import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
