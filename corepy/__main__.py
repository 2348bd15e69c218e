"""`python -m corepy` is the `corepy` command."""

import sys

from corepy.cli import main

sys.exit(main())
