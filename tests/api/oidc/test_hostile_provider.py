"""What a provider, or whoever stands in its place, may answer: nothing of it is believed unless all of it holds."""

import asyncio
import base64
import datetime as dt
import hmac
import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from joserfc import jwt
from joserfc.jwk import ECKey

from app.api.application import create_app
from app.api.keys import DATABASE
from app.api.oidc import fetching
from app.api.oidc.tokens import ALGORITHMS
from app.core.audit import Action
from app.db.tables import Session, User
from app.settings import Settings
from tests.api.conftest import PASSWORD, MakePerson
from tests.api.oidc.browser import Browser
from tests.api.oidc.provider import CLIENT_ID, CLIENT_SECRET, Claims, Provider, new_key
from tests.api.problems import problem
from tests.api.silence import Silence

DISCOVERY, KEYS, TOKEN = "/.well-known/openid-configuration", "/jwks", "/oauth2/token"
KEY = new_key()
PUBLIC = KEY.as_dict(private=False)


@pytest.fixture(autouse=True)
async def _anna(provider: Provider) -> None:
    await provider.name("anna-sub", preferred_username="anna")


async def refused(client: TestClient, browser: Browser, audited: Any) -> dict[str, Any]:
    body = await problem(await browser.log_in("anna-sub"), 502, "oidc-answer-unusable")
    rows = await client.app[DATABASE].run(lambda: (User.select().count(), Session.select().count()))
    assert rows == (0, 0)
    [failed] = await audited(Action.LOGIN_FAILED)
    assert failed["details"]["code"] == "oidc-answer-unusable"
    return body


def self_signed(path: Path) -> Path:
    """Write a key and a certificate of its own making for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(pem))
    return path


def setting(**values: Any) -> Callable[[Claims], None]:
    return lambda claims: claims.update(values)


def without(name: str) -> Callable[[Claims], Any]:
    return lambda claims: claims.pop(name)


async def test_a_token_signed_anew_by_a_key_of_the_providers_is_believed(
    provider: Provider, browser: Browser, logged_in: Any
) -> None:
    # The hand's own signature is right: what is refused below is refused for what is changed there.
    provider.keys = [{"kty": "oct", "k": "AAAA"}, {"kty": "RSA"}, "x", new_key().as_dict(private=False), PUBLIC]
    provider.signs_with(KEY)
    await logged_in(await browser.log_in("anna-sub"))


@pytest.mark.parametrize(
    "change",
    [
        setting(nonce="x" * 43),
        setting(nonce=None),
        setting(nonce=[]),
        without("nonce"),
        setting(aud="another"),
        setting(aud=["another"]),
        setting(aud=[CLIENT_ID, "another"]),
        setting(aud=[CLIENT_ID], azp="another"),
        setting(aud=7),
        without("aud"),
        setting(iss="https://elsewhere.example"),
        setting(iss=["https://elsewhere.example"]),
        without("iss"),
        setting(exp=int(time.time()) - 3600),
        setting(exp="never"),
        setting(exp=float("nan")),
        without("exp"),
        setting(iat=int(time.time()) + 3600),
        without("iat"),
        setting(nbf=int(time.time()) + 3600),
        setting(sub=""),
        setting(sub=7),
        setting(sub="x" * 256),
        setting(sub="a\x00b"),
        without("sub"),
    ],
)
async def test_a_claim_that_does_not_hold(
    client: TestClient, provider: Provider, browser: Browser, audited: Any, change: Callable[[Claims], Any]
) -> None:
    provider.keys = [PUBLIC]
    provider.signs_with(KEY, change=change)
    await refused(client, browser, audited)


def _spliced(_: Claims, token: str) -> str:
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) | {"sub": "admin-sub"}
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{header}.{forged}.{signature}"


def _assembled(header: dict[str, Any], claims: Claims, sign: Callable[[bytes], bytes]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = base64.urlsafe_b64encode(sign(b".".join(parts))).rstrip(b"=")
    return b".".join([*parts, signature]).decode()


def _unsigned(claims: Claims, _: str) -> str:
    return _assembled({"alg": "none"}, claims, lambda _: b"")


def _signed_with(secret: bytes) -> Callable[[Claims, str], str]:
    def token(claims: Claims, _: str) -> str:
        header = {"alg": "HS256", "kid": KEY.kid}
        return _assembled(header, claims, lambda content: hmac.digest(secret, content, "sha256"))

    return token


def _by_nobodys_key(claims: Claims, _: str) -> str:
    return jwt.encode({"alg": "RS256", "kid": KEY.kid}, claims, new_key())


def _by_a_key_that_it_brings(claims: Claims, _: str) -> str:
    own = new_key()
    return jwt.encode({"alg": "RS256", "jwk": own.as_dict(private=False), "kid": own.kid}, claims, own)


def _of_no_key(claims: Claims, _: str) -> str:
    return jwt.encode({"alg": "RS256", "kid": "another"}, claims, KEY)


def _critical(claims: Claims, _: str) -> str:
    header = {"alg": "RS256", "kid": KEY.kid, "crit": ["new"], "new": True}
    key = serialization.load_pem_private_key(KEY.as_pem(private=True), None)
    return _assembled(header, claims, lambda content: key.sign(content, padding.PKCS1v15(), hashes.SHA256()))


@pytest.mark.parametrize(
    "token",
    [
        _spliced,
        _unsigned,
        _signed_with(CLIENT_SECRET.encode()),
        _signed_with(KEY.as_pem(private=False)),
        _by_nobodys_key,
        _by_a_key_that_it_brings,
        _of_no_key,
        _critical,
        lambda _, token: token.rpartition(".")[0] + ".",
        lambda _, token: token.rpartition(".")[0],
        lambda _, token: token + ".x.y",
        lambda *_: "",
        lambda *_: "...",
        lambda *_: "é.é.é",
        lambda *_: "x" * 100_000,
    ],
)
async def test_a_token_that_the_provider_did_not_sign(
    client: TestClient, provider: Provider, browser: Browser, audited: Any, token: Callable[[Claims, str], str]
) -> None:
    # The server's own keys are there for the first, the hand's for the others.
    provider.keys = None if token is _spliced else [PUBLIC]
    provider.token = token
    await refused(client, browser, audited)


async def test_a_key_for_other_things_signs_nothing(
    client: TestClient, provider: Provider, browser: Browser, audited: Any
) -> None:
    provider.keys = [PUBLIC | {"use": "enc"}]
    provider.signs_with(KEY)
    await refused(client, browser, audited)


async def test_an_algorithm_that_the_provider_does_not_name(
    client: TestClient, provider: Provider, browser: Browser, audited: Any
) -> None:
    provider.keys = [PUBLIC]
    provider.signs_with(KEY, alg="RS512")
    await refused(client, browser, audited)


@pytest.mark.parametrize("alg", ALGORITHMS)
async def test_every_algorithm_on_the_list_that_the_provider_names(
    provider: Provider, browser: Browser, logged_in: Any, alg: str
) -> None:
    curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}.get(alg)
    key = KEY if curve is None else ECKey.generate_key(curve, auto_kid=True)
    provider.metadata = {"id_token_signing_alg_values_supported": ["none", alg]}
    provider.keys = [key.as_dict(private=False)]
    provider.signs_with(key, alg=alg)
    await logged_in(await browser.log_in("anna-sub"))


async def test_keys_are_changed_between_two_logins(provider: Provider, browser: Browser, logged_in: Any) -> None:
    for key in (KEY, new_key()):
        provider.keys = [key.as_dict(private=False)]
        provider.signs_with(key)
        await logged_in(await browser.log_in("anna-sub"))
    assert provider.asked[KEYS] == 2
    # A key without a name is the one that there is, and may be changed for another.
    for key in (new_key(), new_key()):
        provider.keys = [{name: value for name, value in key.as_dict(private=False).items() if name != "kid"}]
        provider.token = lambda claims, _, key=key: jwt.encode({"alg": "RS256"}, claims, key)
        await logged_in(await browser.log_in("anna-sub"))
    assert provider.asked[KEYS] == 4


def _raw(content: bytes, **options: Any) -> Callable[[web.Request], web.Response]:
    return lambda _: web.Response(body=content, **options)


NO_ANSWERS = [
    _raw(b"<html>"),
    _raw(b""),
    _raw(b"[]"),
    _raw(b"{}"),
    _raw(b"\xff\xfe"),
    _raw(b"[" * 100_000),
    _raw(b'{"a": "' + b"x" * 600_000 + b'"}'),
    _raw(b"{}", status=404),
    _raw(b"", status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"}),
    _raw(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}),
]


@pytest.mark.parametrize("answer", NO_ANSWERS)
@pytest.mark.parametrize("path", [DISCOVERY, KEYS, TOKEN])
async def test_an_answer_that_is_none(
    client: TestClient, provider: Provider, browser: Browser, path: str, answer: Callable[[web.Request], web.Response]
) -> None:
    provider.answers[path] = answer
    if path == DISCOVERY:
        told = await browser.ask("GET", "/api/auth/oidc/login")
    else:
        told = await browser.log_in("anna-sub")
    await problem(told, 502, "oidc-answer-unusable")
    assert await client.app[DATABASE].run(Session.select().count) == 0


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elsewhere.example"},
        {"issuer": None},
        {"authorization_endpoint": "http://elsewhere.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://elsewhere.example/\r\nSet-Cookie: x"},
        {"token_endpoint": "http://10.0.0.1/token"},
        {"token_endpoint": "/token"},
        {"token_endpoint": 7},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://user:password@elsewhere.example/"},
        {"code_challenge_methods_supported": ["plain"]},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
        {"id_token_signing_alg_values_supported": "RS256"},
    ],
)
async def test_what_a_provider_says_of_itself_does_not_hold(
    provider: Provider, browser: Browser, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    body = await problem(await browser.ask("GET", "/api/auth/oidc/login"), 502, "oidc-answer-unusable")
    assert "elsewhere" not in str(body)


async def test_a_code_of_another_provider_is_not_sent_to_ours(provider: Provider, browser: Browser) -> None:
    address = await browser.decide(await browser.begin(), sub="anna-sub")
    answer = await browser.come_back(address.update_query(iss="https://elsewhere.example"))
    await problem(answer, 502, "oidc-answer-unusable")
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    assert provider.asked[TOKEN] == 0


async def test_a_provider_that_names_itself_with_each_code(
    provider: Provider, browser: Browser, logged_in: Any
) -> None:
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    await problem(await browser.log_in("anna-sub"), 502, "oidc-answer-unusable")
    address = await browser.decide(await browser.begin(), sub="anna-sub")
    await logged_in(await browser.come_back(address.update_query(iss=provider.url)))


@pytest.mark.parametrize("methods", [["client_secret_post"], ["private_key_jwt"]])
async def test_the_secret_goes_as_the_provider_takes_it(
    provider: Provider, browser: Browser, logged_in: Any, methods: list[str]
) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": methods}
    await logged_in(await browser.log_in("anna-sub"))
    assert provider.authorizations == [None]


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ({"error": "invalid_grant"}, 403, "oidc-denied"),
        ({"error": "invalid_client"}, 502, "oidc-answer-unusable"),
        ({"error": "anything"}, 502, "oidc-answer-unusable"),
        ({"id_token": 7}, 502, "oidc-answer-unusable"),
        ({"access_token": "x", "token_type": "Bearer"}, 502, "oidc-answer-unusable"),
    ],
)
async def test_a_code_that_is_not_exchanged(
    provider: Provider, browser: Browser, answer: dict[str, Any], status: int, code: str
) -> None:
    provider.answers[TOKEN] = lambda _: web.json_response(answer, status=400 if "error" in answer else 200)
    body = await problem(await browser.log_in("anna-sub"), status, code)
    assert CLIENT_SECRET not in str(body)


@pytest.mark.parametrize("path", [DISCOVERY, KEYS, TOKEN])
@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_provider_that_is_not_able_to_answer(
    provider: Provider, browser: Browser, path: str, status: int, logged_in: Any
) -> None:
    provider.answers[path] = lambda _: web.Response(status=status)
    told = await (browser.ask("GET", "/api/auth/oidc/login") if path == DISCOVERY else browser.log_in("anna-sub"))
    await problem(told, 503, "oidc-provider-down")
    assert told.headers["Retry-After"]
    # What went wrong once is not kept.
    provider.answers.clear()
    await logged_in(await browser.log_in("anna-sub"))


@pytest.mark.parametrize("oidc_settings", [{"oidc_issuer": "http://127.0.0.1:9"}])
async def test_a_provider_that_is_not_there(browser: Browser) -> None:
    answer = await browser.ask("GET", "/api/auth/oidc/login")
    await problem(answer, 503, "oidc-provider-down")
    assert answer.headers["Retry-After"]


async def test_a_certificate_that_is_not_trusted(settings: Settings, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path / "certificate.pem"))
    server = TestServer(web.Application())
    await server.start_server(ssl=context)
    try:
        changed = settings.model_copy(update={"oidc_issuer": f"https://localhost:{server.port}"})
        async with TestClient(TestServer(create_app(changed))) as client:
            body = await problem(await client.get("/api/auth/oidc/login"), 503, "oidc-provider-down")
    finally:
        await server.close()
    assert "SSL_CERT_FILE" in body["remedy"]


async def test_a_provider_that_takes_for_ever(
    provider: Provider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_PATIENCE", aiohttp.ClientTimeout(total=0.3))
    provider.answers[DISCOVERY] = _raw(b"{", headers={"Content-Length": "1000"})
    answer = await browser.ask("GET", "/api/auth/oidc/login")
    await problem(answer, 503, "oidc-provider-down")


async def test_a_provider_that_takes_for_ever_keeps_nobody_waiting_behind_others(
    provider: Provider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_PATIENCE", aiohttp.ClientTimeout(total=3))
    provider.answers[DISCOVERY] = _raw(b"{", headers={"Content-Length": "1000"})
    async with asyncio.timeout(20):
        for answer in await asyncio.gather(*(browser.ask("GET", "/api/auth/oidc/login") for _ in range(20))):
            await problem(answer, 503, "oidc-provider-down")
    assert provider.asked[DISCOVERY] == 1
    # The failure is of that try alone.
    provider.answers.clear()
    await browser.begin()


async def test_a_provider_whose_name_nobody_answers_for_holds_up_no_password(
    client: TestClient,
    provider: Provider,
    browser: Browser,
    person: MakePerson,
    silence: Silence,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, "_PATIENCE", aiohttp.ClientTimeout(total=1))
    await person("ben")
    provider.metadata = {"token_endpoint": "https://login.silent.example/token"}
    states = [(await browser.begin()).query["state"] for _ in range(40)]
    # Given up, each of them: the look-up goes on.
    for late in await asyncio.gather(
        *(browser.ask("GET", f"/api/auth/oidc/callback?state={state}&code=code") for state in states)
    ):
        await problem(late, 503, "oidc-provider-down")
    async with asyncio.timeout(20):
        answer = await client.post("/api/auth/token", json={"username": "ben", "password": PASSWORD})
    assert answer.status == 200
    assert silence.asked == {"login.silent.example": 1}
