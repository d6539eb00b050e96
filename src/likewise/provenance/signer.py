"""The key that signs content credentials here: made on first use, kept in the user's settings.

It belongs to this installation and to nobody known, so validators show the credentials as signed by
an untrusted certificate: the content is what was signed, but who signed it is not vouched for. To
sign as someone known, put the certificates and the key of a recognised authority in its place.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from likewise import home
from likewise.errors import MarkFailed
from likewise.files import Draft

NAME = "Likewise local signer"
_YEARS = 10
_CHAIN_END = "-----END CERTIFICATE-----"


def path() -> Path:
    """The file with the certificates and the private key, in PEM."""
    return home.settings_dir() / "signer.pem"


def load() -> tuple[str, str]:
    """Certificates (leaf first) and private key, both PEM; made now if there are none.

    Raises:
        MarkFailed: The file is damaged, or can't be read.
        OutputFailed: It can't be written.
    """
    place = path()
    if not place.is_file():
        _make(place)
    try:
        text = place.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise MarkFailed(f"The signing key {place} can't be read ({error}).") from error
    chain, end, key = text.rpartition(_CHAIN_END)
    if not end or "PRIVATE KEY" not in key:
        raise MarkFailed(
            f"The signing key {place} is damaged. Delete it, and a new one is made; credentials "
            "signed before stay valid."
        )
    return chain + end + "\n", key.lstrip()


def _make(place: Path) -> None:
    """An authority for this signer alone and its leaf: C2PA refuses leaves that sign themselves."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(common_name: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Likewise"),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )

    def usage(*, authority: bool) -> x509.KeyUsage:
        return x509.KeyUsage(
            digital_signature=not authority,
            key_cert_sign=authority,
            crl_sign=authority,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )

    now = datetime.now(UTC) - timedelta(minutes=5)  # for clocks that are a little behind
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = named(f"{NAME}: own authority, not trusted by anyone")

    def certificate(
        name: x509.Name, public: ec.EllipticCurvePublicKey, *, authority: bool
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(root_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=365 * _YEARS))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(usage(authority=authority), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
                critical=False,
            )
        )

    root = certificate(root_name, root_key.public_key(), authority=True)
    leaf = certificate(named(NAME), key.public_key(), authority=False).add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
    )
    pem = b"".join(
        built.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        for built in (leaf, root)
    ) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # Two processes at once each move a whole file into place; the later one's stays.
    with Draft(place) as draft:
        os.chmod(draft.path, 0o600)  # noqa: PTH101 - before the key is in it
        draft.path.write_bytes(pem)
