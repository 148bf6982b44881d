"""The guard against requests into the site: every form of address, and every way around it that is known to us."""

import ipaddress
import os
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.outbound.addresses import AddressPolicy, UrlRefused, is_public
from app.api.outbound.opening import FetchFailed, opened
from tests.api.origin import CONTENT, Origin, running_origin

PUBLIC_ONLY = AddressPolicy()

# What stands for somewhere inside, or for nobody in particular.
REFUSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192",
    "192.0.2.1", "192.31.196.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1",
    "2001:10::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254",
    "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "2620:4f:8000::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "192.0.1.1", "2606:4700:4700::1111", "2a00:1450::1"]


async def fetched(url: str, policy: AddressPolicy = PUBLIC_ONLY, *addresses: str) -> bytes:
    async def lookup(_host: str, _port: int) -> list[str]:
        return list(addresses)

    chosen = {"lookup": lookup} if addresses else {}
    async with opened(url, policy, **chosen) as response:
        return await response.read()


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    async with running_origin() as origin:
        yield origin


@pytest.mark.parametrize("address", REFUSED)
async def test_no_form_of_an_address_leads_inside(address: str) -> None:
    # Named as such, and as what a name stands for.
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(UrlRefused):
        await fetched(f"http://{host}/")
    with pytest.raises(UrlRefused):
        await fetched("http://recordings.example.org/", PUBLIC_ONLY, address)
    # One bad address among good ones is enough: which of them is taken would be the attacker's to time.
    with pytest.raises(UrlRefused):
        await fetched("http://recordings.example.org/", PUBLIC_ONLY, "1.1.1.1", address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_hosts_are_let_through(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    PUBLIC_ONLY.check_address("a.example.org", address)


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/",
        "http://017700000001/", "http://127.0.0.1./", "http://１２７.0.0.1/", "http://127。0。0。1/",
        "http://localhost/", "http://LOCALHOST./", "http://localhost.localdomain/", "http://ip6-localhost/",
        "http:///etc/passwd", "http:127.0.0.1", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:127.0.0.1]/",
        "http://[::1%25lo]/", "http://example.org@127.0.0.1/", "http://127.0.0.1#@example.org/",
        "http://127.0.0.1\\@example.org/", "http://example.org:80@127.0.0.1/", "http://@127.0.0.1/",
        "http://example.org:22/", "http://example.org:8080/", "http://example.org:0/", "http://example.org:99999/",
        "http://example.org:-1/", "http://example.org: 80/", "http://exa mple.org/", "http://example.org/\r\nHost: x",
        "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "data:audio/wav;base64,AAAA",
        "javascript:alert(1)", "unix:///run/x.sock", "//example.org/", "/etc/passwd", "", " ", "http://", "http://.",
        "http://[", "http://]/", "http://example.org\x00/", "http://\ud800/", "https://", "HTTP://127.0.0.1/",
    ],
)  # fmt: skip
async def test_no_spelling_leads_inside(url: str) -> None:
    with pytest.raises((UrlRefused, FetchFailed)) as refused:
        await fetched(url)
    # A name that is not known may be one that is known elsewhere, and is no way inside either.
    assert isinstance(refused.value, UrlRefused) or "not known" in refused.value.detail, refused.value.detail


@given(st.text(max_size=60).map(lambda text: f"http://{text}") | st.text(max_size=60))
def test_an_address_is_taken_or_refused(text: str) -> None:
    try:
        url = PUBLIC_ONLY.check_url(text)
    except UrlRefused:
        return
    assert (url.scheme in ("http", "https"), url.user, url.password, bool(url.host)) == (True, None, None, True)
    assert url.port in (80, 443)


@given(st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address))
def test_the_list_is_no_more_lenient_than_the_standard_library(address: ipaddress.IPv4Address) -> None:
    assert not is_public(address) or (address.is_global and not address.is_multicast)
    assert not is_public(ipaddress.IPv6Address(f"::ffff:{address}"))


@given(st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address))
def test_and_neither_for_the_longer_ones(address: ipaddress.IPv6Address) -> None:
    assert not is_public(address) or (address.is_global and not address.is_multicast)


def policy_for(origin: Origin, *allowed: str) -> AddressPolicy:
    return AddressPolicy.of_settings(allowed, [origin.port])


async def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to(origin: Origin) -> None:
    looked_up: list[str] = []

    async def rebinding(host: str, _port: int) -> list[str]:
        # At first the address that is allowed; whoever asks again is told another one.
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["127.0.0.3"]

    policy = policy_for(origin, "127.0.0.1")
    async with opened(origin.url("/meeting.wav", "rebinding.example.org"), policy, rebinding) as response:
        assert await response.read() == CONTENT
    assert looked_up == ["rebinding.example.org"]
    assert origin.connected_to == ["127.0.0.1"]
    # The next request, or the next hop, looks it up anew, and checks it anew.
    with pytest.raises(UrlRefused):
        async with opened(origin.url("/meeting.wav", "rebinding.example.org"), policy, rebinding):
            pass
    assert origin.connected_to == ["127.0.0.1"]


async def test_a_name_that_changes_between_two_hops_is_refused(origin: Origin) -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])

    async def rebinding(_host: str, _port: int) -> list[str]:
        return next(answers)

    origin.redirect("/hop", "/meeting.wav")
    with pytest.raises(UrlRefused):
        async with opened(origin.url("/hop", "rebinding.example.org"), policy_for(origin, "127.0.0.1"), rebinding):
            pass
    assert origin.asked == ["/hop"]


@pytest.mark.parametrize("allowed", ["127.0.0.0/30", "127.0.0.2", "media.example.org", "MEDIA.example.org."])
async def test_what_the_operator_allows_is_reached(origin: Origin, allowed: str) -> None:
    policy = policy_for(origin, "10.9.8.7", allowed)
    assert await fetched(origin.url("/meeting.wav", "media.example.org"), policy, "127.0.0.2") == CONTENT
    with pytest.raises(UrlRefused):
        await fetched(origin.url("/meeting.wav", "other.example.org"), policy, "127.0.0.9")


def test_a_network_that_is_none_is_told_at_the_start() -> None:
    with pytest.raises(ValueError, match="has host bits set"):
        AddressPolicy.of_settings(["10.0.0.1/8"], [])


async def test_no_proxy_of_the_environment_is_used(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    assert os.environ["http_proxy"]
    assert await fetched(origin.url("/meeting.wav"), policy_for(origin, "127.0.0.1")) == CONTENT


async def test_what_was_compressed_is_neither_unpacked_nor_taken(origin: Origin) -> None:
    with pytest.raises(FetchFailed, match="compressed"):
        await fetched(origin.url("/bomb"), policy_for(origin, "127.0.0.1"))
    assert "accept-encoding: identity" in origin.heads[0].lower()


async def test_errors_name_no_address(origin: Origin) -> None:
    for url in (origin.url("/nothing?signature=secret"), "http://nowhere.invalid/?signature=secret"):
        with pytest.raises(FetchFailed) as failed:
            await fetched(url, policy_for(origin, "127.0.0.1"))
        assert "secret" not in str(failed.value)
