"""Whatever byte of a token is another one, nobody is logged in by it."""

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt

from app.api.oidc.errors import OidcAnswerUnusable
from app.api.oidc.tokens import Expected, read_keys, verified_claims
from tests.api.oidc.provider import new_key

KEY = new_key()
CLAIMS = {
    "iss": "https://id.example.org",
    "aud": "vocalyx",
    "sub": "anna-sub",
    "nonce": "n" * 43,
    "iat": int(time.time()),
    "exp": int(time.time()) + 3600,
}
TOKEN = jwt.encode({"alg": "RS256", "kid": KEY.kid}, CLAIMS, KEY)
EXPECTED = Expected("https://id.example.org", "vocalyx", "n" * 43, ["RS256"])
KEYS = read_keys({"keys": [KEY.as_dict(private=False)]})


def test_the_token_itself_is_believed() -> None:
    assert verified_claims(TOKEN, KEYS, EXPECTED) == CLAIMS


@given(part=st.integers(0, 2), place=st.integers(0, 10_000), change=st.integers(1, 255))
@settings(max_examples=200, deadline=None)
def test_no_byte_of_it_can_be_another(part: int, place: int, change: int) -> None:
    parts = [bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) for text in TOKEN.split(".")]
    parts[part][place % len(parts[part])] ^= change
    changed = ".".join(base64.urlsafe_b64encode(content).rstrip(b"=").decode() for content in parts)
    with pytest.raises(OidcAnswerUnusable):
        verified_claims(changed, KEYS, EXPECTED)


@given(token=st.one_of(st.text(max_size=300), st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True)))
@settings(max_examples=200, deadline=None)
def test_no_text_is_a_token_by_chance(token: str) -> None:
    with pytest.raises(OidcAnswerUnusable):
        verified_claims(token, KEYS, EXPECTED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(name=st.sampled_from(sorted(CLAIMS)), value=JSON)
@settings(max_examples=200, deadline=None)
def test_whatever_a_claim_is_what_is_believed_says_what_was_expected(name: str, value: object) -> None:
    token = jwt.encode({"alg": "RS256", "kid": KEY.kid}, CLAIMS | {name: value}, KEY)
    try:
        claims = verified_claims(token, KEYS, EXPECTED)
    except OidcAnswerUnusable:
        return
    assert (claims["iss"], claims["nonce"]) == (CLAIMS["iss"], CLAIMS["nonce"])
    assert claims["aud"] in ("vocalyx", ["vocalyx"])
    assert isinstance(claims["sub"], str)
    assert claims["sub"].isprintable()
    assert claims["exp"] > time.time() - 61


@given(
    document=st.dictionaries(
        st.sampled_from(["keys", "x"]),
        JSON
        | st.lists(
            st.dictionaries(
                st.sampled_from(["kty", "n", "e", "kid", "use", "alg", "crv", "x", "y"]),
                st.sampled_from(["RSA", "EC", "AQAB", "sig", "P-256", "é"]) | JSON,
            ),
            max_size=3,
        ),
    )
)
@settings(max_examples=200, deadline=None)
def test_whatever_a_list_of_keys_is_it_is_read_or_refused(document: dict[str, object]) -> None:
    try:
        keys = read_keys(document)
    except OidcAnswerUnusable:
        return
    with pytest.raises(OidcAnswerUnusable):
        verified_claims(TOKEN, keys, EXPECTED)
