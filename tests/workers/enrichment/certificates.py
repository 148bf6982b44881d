"""An authority of a site's own, and the certificates that it signs."""

import datetime as dt
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_PEM = serialization.Encoding.PEM


@dataclass
class Authority:
    """`file` has its certificate, for those who are to trust it."""

    folder: Path
    file: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.file = self.folder / "authority.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(f"The authority of {self.folder.name}")
        constraint = x509.BasicConstraints(ca=True, path_length=0)
        made = _unsigned(self._name, self._key, days=1).issuer_name(self._name).add_extension(constraint, critical=True)
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(_PEM))

    def server(self, name: str, *, days: int = 1) -> ssl.SSLContext:
        """Return what a server needs that calls itself so, with a certificate that ends in so many days."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        made = _unsigned(_named(name), key, days).issuer_name(self._name).add_extension(names, critical=False)
        private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file = self.folder / f"{name}.pem"
        file.write_bytes(private + made.sign(self._key, hashes.SHA256()).public_bytes(_PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _unsigned(name: x509.Name, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=days))
    )
