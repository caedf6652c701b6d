"""``python -m daozhang.cli`` is the command ``daozhang``."""

import sys

from daozhang.cli.main import main

sys.exit(main())
