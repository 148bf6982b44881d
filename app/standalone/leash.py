"""Runs a program that does not outlive its parent: `python -I -S leash.py [options] PARENT -- PROGRAM ARGUMENTS…`.

The kernel sends `--orphan-signal` to the program when its parent dies, however it dies (prctl(2), PR_SET_PDEATHSIG).
The wrapper then *becomes* the program, so the process id is the program's own and nothing stays in between. A
`preexec_fn` would do the same between fork and exec, where a process with threads may hang; this one cannot.

A file of its own with the standard library only: it is started by its path, without site-packages, in about 20 ms.
"""

import argparse
import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
CLONE_NEWUSER = 0x10000000  # linux/sched.h
ORDINARY_ID = 1000  # any id but 0 will do inside the namespace: it is the outside user by another name

EXIT_PARENT_GONE = 124
EXIT_NO_NAMESPACE = 125
EXIT_NOT_STARTED = 127

libc = ctypes.CDLL(None, use_errno=True)


def command(
    program: list[str],
    *,
    orphan_signal: signal.Signals = signal.SIGKILL,
    niceness: int = 0,
    shed_root: bool = False,
) -> list[str]:
    """Return the command line that runs `program` on a leash held by this process."""
    options = ["--orphan-signal", str(int(orphan_signal)), "--nice", str(niceness)]
    if shed_root:
        options.append("--shed-root")
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()), *options, str(os.getpid()), "--", *program]


def runs_as_root() -> bool:
    """Tell whether programs that refuse to run as root need `shed_root`."""
    return os.geteuid() == 0


def shed_root() -> None:
    """Enter a user namespace in which root is an ordinary user, for programs that refuse to run as root.

    Files stay root's own outside. Raises OSError where this machine does not allow user namespaces.
    """
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")  # user_namespaces(7): before gid_map
    Path("/proc/self/uid_map").write_text(f"{ORDINARY_ID} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{ORDINARY_ID} {group} 1", encoding="ascii")


def main() -> None:
    parser = argparse.ArgumentParser(prog="leash")
    parser.add_argument("--orphan-signal", type=int, required=True)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--shed-root", action="store_true")
    parser.add_argument("parent", type=int)
    parser.add_argument("program", nargs="+")
    wanted = parser.parse_args()
    if wanted.shed_root:
        try:
            shed_root()
        except OSError as error:
            sys.stderr.write(
                f"root cannot become an ordinary user here (user namespaces: {error.strerror}); "
                "run this as an ordinary user instead\n"
            )
            raise SystemExit(EXIT_NO_NAMESPACE) from error
    os.nice(wanted.nice)
    # After the change of credentials, which would clear it.
    libc.prctl(PR_SET_PDEATHSIG, wanted.orphan_signal, 0, 0, 0)
    if os.getppid() != wanted.parent:  # it died before prctl was heard
        raise SystemExit(EXIT_PARENT_GONE)
    try:
        os.execvp(wanted.program[0], wanted.program)  # noqa: S606 - that there is no shell is the point
    except OSError as error:
        sys.stderr.write(f"{wanted.program[0]} cannot be started: {error.strerror}\n")
        raise SystemExit(EXIT_NOT_STARTED) from error


if __name__ == "__main__":
    main()
