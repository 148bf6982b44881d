"""In the place of what looks at a recording: it comes to no end, working or waiting, as the file's name says."""

import sys
import time

while True:
    if sys.argv[1].endswith("waits"):
        time.sleep(1)
