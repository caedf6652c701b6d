"""``python -m bench``: see :mod:`bench.check`."""

from bench.check import main

raise SystemExit(main())
