"""`python -m corepy.workers DESCRIPTOR` is one worker; only a supervisor starts it."""

import sys

from corepy.workers.worker import main

sys.exit(main(sys.argv[1:]))
