"""``python -m people``, the former name of ``python -m access``."""

import sys

from access.__main__ import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
