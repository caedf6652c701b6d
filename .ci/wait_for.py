"""Wait until an address answers 200: ``wait_for.py ADDRESS SECONDS``."""

import sys
import time
import urllib.error
import urllib.request

address, seconds = sys.argv[1], float(sys.argv[2])
end = time.monotonic() + seconds
while True:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            sys.exit(0 if answer.status == 200 else 1)
    except (urllib.error.URLError, OSError):
        if time.monotonic() > end:
            sys.exit(f"{address} did not answer in {seconds:.0f} s")
        time.sleep(0.5)
