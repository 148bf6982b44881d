"""The bridge that joins the hosts of a lab, without a way out: packages come through the proxy on the bridge."""

from pathlib import Path

import places
from commands import need, run, succeeds


def bring_up() -> None:
    need({"ip": "iproute2"})
    bridge = places.bridge()
    if not succeeds("ip", "link", "show", bridge):
        run("ip", "link", "add", bridge, "type", "bridge")
        run("ip", "address", "add", f"{places.gateway()}/{places.network().prefixlen}", "dev", bridge)
    run("ip", "link", "set", bridge, "up")


def take_down() -> None:
    if succeeds("ip", "link", "show", places.bridge()):
        run("ip", "link", "delete", places.bridge())


def namespace(host: str) -> str:
    return f"{places.bridge()}-{host}"


def namespace_path(host: str) -> Path:
    return Path("/run/netns") / namespace(host)


def attach_namespace(host: str, address: str) -> None:
    """Give a host a network namespace of its own, with `eth0` on the bridge."""
    outside, inside = places.interface(host), namespace(host)
    detach(host)
    run("ip", "netns", "add", inside)
    run("ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", inside)
    run("ip", "link", "set", outside, "master", places.bridge(), "up")
    run("ip", "-n", inside, "address", "add", f"{address}/{places.network().prefixlen}", "dev", "eth0")
    for link in ("lo", "eth0"):
        run("ip", "-n", inside, "link", "set", link, "up")
    run("ip", "-n", inside, "route", "add", "default", "via", str(places.gateway()))


def attach_tap(host: str) -> str:
    """Make the tap that a User-Mode Linux host sends its frames to, and return its name."""
    tap = places.interface(host)
    if not succeeds("ip", "link", "show", tap):
        run("ip", "tuntap", "add", "dev", tap, "mode", "tap")
    run("ip", "link", "set", tap, "master", places.bridge(), "up")
    return tap


def set_link(host: str, *, connected: bool) -> None:
    """Pull a host's cable, or put it back."""
    run("ip", "link", "set", places.interface(host), "up" if connected else "down")


def detach(host: str) -> None:
    if succeeds("ip", "link", "show", places.interface(host)):
        run("ip", "link", "delete", places.interface(host))
    if namespace_path(host).exists():
        run("ip", "netns", "delete", namespace(host))
