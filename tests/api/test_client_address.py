"""Whose word is taken for where a request comes from."""

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from pydantic import ValidationError

from app.api.credentials.client_address import FORWARDED_FOR, TrustedProxies, counted_as
from app.settings import Settings

PROXIES = TrustedProxies.of_settings("10.0.0.0/8, 192.0.2.7,fd00::/8")


def sender(peer: str, *forwarded: str, proxies: TrustedProxies = PROXIES) -> str | None:
    headers = CIMultiDict((FORWARDED_FOR, line) for line in forwarded)
    found = proxies.sender(make_mocked_request("GET", "/", headers=headers).clone(remote=peer))
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        # Nobody in between: whatever the client says of itself is not heard.
        ("203.0.113.5", (), "203.0.113.5"),
        ("203.0.113.5", ("198.51.100.1",), "203.0.113.5"),
        ("203.0.113.5", ("10.0.0.1", "192.0.2.7"), "203.0.113.5"),
        # A proxy: what it has written itself, which is last.
        ("10.1.2.3", (), "10.1.2.3"),
        ("10.1.2.3", ("203.0.113.5",), "203.0.113.5"),
        ("10.1.2.3", ("198.51.100.1, 203.0.113.5",), "203.0.113.5"),
        ("10.1.2.3", ("198.51.100.1", "203.0.113.5"), "203.0.113.5"),
        ("10.1.2.3", ("10.9.9.9, 203.0.113.5",), "203.0.113.5"),
        # Several proxies, one behind the other.
        ("10.1.2.3", ("203.0.113.5, 192.0.2.7",), "203.0.113.5"),
        ("10.1.2.3", ("10.4.4.4, 192.0.2.7",), "10.4.4.4"),
        # What cannot be an address ends the reading at whoever wrote it.
        ("10.1.2.3", ("203.0.113.5, unknown",), "10.1.2.3"),
        ("10.1.2.3", ("203.0.113.5, ",), "10.1.2.3"),
        ("10.1.2.3", ("203.0.113.5:8080",), "10.1.2.3"),
        ("10.1.2.3", ("'; drop table users; --",), "10.1.2.3"),
        ("10.1.2.3", ("ÿþ",), "10.1.2.3"),
        ("10.1.2.3", ("0x7f.1",), "10.1.2.3"),
        ("10.1.2.3", ("127.1",), "10.1.2.3"),
        # Other spellings of the same.
        ("::ffff:10.1.2.3", ("::ffff:203.0.113.5",), "203.0.113.5"),
        ("fd00::1", ("2001:DB8:0::5",), "2001:db8::5"),
        ("fe80::1%eth0", (), "fe80::1"),
        # A socket in the file system.
        ("", ("203.0.113.5",), None),
        ("@vocalyx", ("203.0.113.5",), None),
    ],
)
def test_the_header_is_believed_as_far_as_trusted_proxies_wrote_it(
    peer: str, forwarded: tuple[str, ...], found: str | None
) -> None:
    assert sender(peer, *forwarded) == found


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=60), max_size=40))
def test_without_trusted_proxies_no_header_changes_anything(lines: list[str]) -> None:
    assert sender("203.0.113.5", *lines, proxies=TrustedProxies()) == "203.0.113.5"


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=60), max_size=40),
    st.ip_addresses(v=4, network="203.0.113.0/24"),
)
def test_what_a_client_writes_before_the_proxy_is_never_reached(lines: list[str], client: object) -> None:
    assert sender("10.1.2.3", *lines, str(client)) == str(client)


def test_a_chain_without_an_end_is_not_followed_to_it() -> None:
    assert sender("10.1.2.3", "203.0.113.5," + ",".join(["10.0.0.1"] * 100_000)) == "10.0.0.1"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.5", "203.0.113.5", True),
        ("203.0.113.5", "203.0.113.6", False),
        ("2001:db8:0:1::5", "2001:db8:0:1:ffff::6", True),
        ("2001:db8:0:1::5", "2001:db8:0:2::5", False),
    ],
)
def test_an_ipv6_network_is_one_sender(one: str, other: str, *, same: bool) -> None:
    found = [
        counted_as(TrustedProxies().sender(make_mocked_request("GET", "/").clone(remote=peer))) for peer in (one, other)
    ]
    assert (found[0] == found[1]) is same


@pytest.mark.parametrize("text", ["example.org", "10.0.0.1/8", "10.0.0.0/33", "*", "0x7f.1"])
def test_a_proxy_that_is_no_address_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        Settings(trusted_proxies=text)
