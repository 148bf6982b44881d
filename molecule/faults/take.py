"""Strikes the site of inventory/lab while clients use it, and writes down what they saw: `make faults`.

The site has to stand (`molecule converge -s site`). Each fault is struck once the site is whole and nobody has been
refused for a while; then comes the time until it is whole again. At the end every recording that was ever accepted has
to be done. What was seen is printed as a table, and kept in .cache/faults/ with every failed answer.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml
from clients import Address, Answer, Clients, Session, servers_down, statuses
from strikes import SERVICES, Fault, all_active, faults

CHECKOUT = Path(__file__).resolve().parent.parent.parent
_CALM_SECONDS = 10.0
_BACK_SECONDS = 300.0
_WORKERS = 3


@dataclass
class Seen:
    """One row: times in seconds from the strike, but `whole_after` from its end where it was one that is undone."""

    fault: str
    requests: int = 0
    failed: str = "none"
    failed_for: float = 0.0
    longest: float = 0.0
    whole_after: float | None = None
    sent: int = 0
    sent_again: int = 0
    lost: int = 0


def why_not_whole(session: Session) -> str:
    """Return what keeps the site from being whole, as seen from outside; nothing where it is."""
    down = servers_down(session.address)
    if down is None:
        return "the balancer does not answer"
    if down:
        return ", ".join(down)
    found = session.read("/api/admin/workers")
    well = [worker for worker in (found or {}).get("items", []) if worker["state"] != "stale"]
    return "" if len(well) >= _WORKERS else f"{len(well)} of {_WORKERS} workers are heard of"


def wait_until_calm(clients: Clients, fault: Fault | None, since: float) -> float | None:
    """Wait until the site is whole and nobody was refused for a while; return when it became whole."""
    whole_at: float | None = None
    said = ""
    while time.monotonic() < since + _BACK_SECONDS:
        reason = "" if fault is None or fault.passed() else f"{fault.name}: not back"
        reason = reason or why_not_whole(clients.session)
        if reason != said:
            say(f"  {time.monotonic() - since:5.1f} s: {reason or 'whole'}")
            said = reason
        if reason:
            whole_at = None
        else:
            whole_at = whole_at or time.monotonic()
            if time.monotonic() - max(clients.calm_since(), whole_at) > _CALM_SECONDS:
                return max(whole_at, since)
        time.sleep(0.5)
    return None


def take(fault: Fault, clients: Clients) -> tuple[Seen, float, float]:
    """Strike, undo, wait, and say what was seen and between which moments."""
    say(fault.name)
    struck = time.monotonic()
    fault.strike()
    over = struck
    if fault.heal:
        time.sleep(max(0.0, struck + fault.seconds - time.monotonic()))
        fault.heal()
        over = time.monotonic()
    whole_at = wait_until_calm(clients, fault, over)
    ended = time.monotonic()
    answers = clients.between(struck, ended)
    failed = [answer for answer in answers if answer.failed]
    seen = Seen(fault.name, len(answers))
    seen.failed = describe(failed)
    seen.failed_for = max((answer.ended - struck for answer in failed), default=0.0)
    seen.longest = max((answer.ended - answer.begun for answer in answers if not answer.failed), default=0.0)
    seen.whole_after = None if whole_at is None else whole_at - over
    say(f"  {seen}")
    return seen, struck, ended


def describe(failed: Iterable[Answer]) -> str:
    failed = list(failed)
    kinds = sorted({answer.kind for answer in failed})
    parts = []
    for kind in kinds:
        counts = statuses(answer for answer in failed if answer.kind == kind)
        parts.append(f"{kind}: " + ", ".join(f"{status} × {count}" for status, count in counts.most_common()))
    return "; ".join(parts) or "none"


def table(rows: list[Seen]) -> str:
    lines = [
        "| fault | requests, of these failed | failures until, s | longest answer, s | whole again after, s | recordings sent, sent again, lost |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        whole = "never" if row.whole_after is None else f"{row.whole_after:.1f}"
        until = f"{row.failed_for:.1f}" if row.failed != "none" else "–"
        lines.append(
            f"| {row.fault} | {row.requests}: {row.failed} | {until} | {row.longest:.1f} | {whole} | {row.sent}, {row.sent_again}, {row.lost} |"
        )
    return "\n".join(lines)


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command line prints


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", help="take only those faults whose name has one of these in it")
    parser.add_argument("--list", action="store_true", help="name the faults and strike none")
    parser.add_argument(
        "--audio", type=Path, nargs="*", default=[CHECKOUT / "tests" / "audio" / "jfk.ogg"], help="recordings to send"
    )
    parser.add_argument("--every", type=float, default=30.0, help="seconds from one recording to the next")
    parser.add_argument("--settle", type=float, default=1800.0, help="seconds that all recordings may take at the end")
    return parser.parse_args()


def read_site() -> tuple[Address, dict[str, str]]:
    secrets = yaml.safe_load((CHECKOUT / "inventory/lab/group_vars/all/secrets.yml").read_text(encoding="utf-8"))
    inventory = yaml.safe_load((CHECKOUT / "inventory/lab/hosts.yml").read_text(encoding="utf-8"))
    addresses: dict[str, str] = {}
    for group in inventory["all"]["children"]["site"]["children"].values():
        addresses |= {name: fields["vocalyx_address"] for name, fields in group["hosts"].items() if fields}
    password, stats = secrets["vocalyx_secret_administrator_password"], secrets["vocalyx_secret_haproxy_stats_password"]
    return Address(addresses["lb1"], password, stats), addresses


def main() -> None:
    wanted = read_arguments()
    address, addresses = read_site()
    chosen = [
        fault for fault in faults(addresses) if not wanted.parts or any(part in fault.name for part in wanted.parts)
    ]
    if wanted.list:
        say("\n".join(fault.name for fault in chosen))
        return
    if missing := [host for host in SERVICES if not all_active(host)]:
        sys.exit(f"The site does not stand: {', '.join(missing)}. Boot and deploy it: molecule converge -s site")
    spans: list[tuple[Seen, float, float]] = []
    with Clients(address, wanted.audio, seconds_a_recording=wanted.every) as clients:
        if wait_until_calm(clients, None, time.monotonic()) is None:
            sys.exit("The site is not whole to begin with.")
        for fault in chosen:
            spans.append(take(fault, clients))
            if spans[-1][0].whole_after is None:
                say("It did not come back: the rest is not tried.")
                break
        clients.end()
        clients.settle(wanted.settle, say)
    for seen, struck, ended in spans:
        during = [sent for sent in clients.sent if struck <= sent.begun < ended]
        seen.sent = len(during)
        seen.sent_again = sum(sent.tries > 1 for sent in during)
        seen.lost = sum(bool(sent.identifier) and sent.state != "done" for sent in during)
    lost = [sent for sent in clients.sent if sent.identifier and sent.state != "done"]
    accepted = sum(bool(sent.identifier) for sent in clients.sent)
    report = f"{table([seen for seen, _, _ in spans])}\n\n{accepted} recordings were accepted; {len(lost)} of them are not done."
    folder = CHECKOUT / ".cache" / "faults"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    (folder / f"{stamp}.md").write_text(report + "\n", encoding="utf-8")
    failed = [asdict(answer) for answer in clients.answers if answer.failed]
    everything = {
        "rows": [asdict(seen) for seen, _, _ in spans],
        "failed": failed,
        "sent": [asdict(sent) for sent in clients.sent],
    }
    (folder / f"{stamp}.json").write_text(json.dumps(everything, indent=1), encoding="utf-8")
    say(f"\n{report}")
    if lost or any(seen.whole_after is None for seen, _, _ in spans):
        sys.exit(1)


if __name__ == "__main__":
    main()
