"""`vocalyx admin migrate` as a shell sees it."""

import os
import socket
import subprocess
import sys


def test_a_database_that_is_down_is_told_of_in_words() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"postgresql://vocalyx:s3cret@127.0.0.1:{closed.getsockname()[1]}/vocalyx"
        done = subprocess.run(
            [sys.executable, "-m", "app.cli.main", "admin", "migrate"],
            env=os.environ | {"VOCALYX_DATABASE_URL": address},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Connection refused" in done.stderr
    assert "correct VOCALYX_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr
