"""certs: authorities and certificates for tests of TLS, made with the openssl command."""
import os
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def signed(t, d, name, cn, authority, extension):
    """A key and a certificate, d/NAME.key and .crt, by an authority of that folder."""
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={cn}",
            "-keyout", f"{d}/{name}.key", "-out", f"{d}/{name}.csr")
    t.run.write(f"{d}/{name}.ext", extension + "\n")
    openssl("x509", "-req", "-in", f"{d}/{name}.csr", "-CA", f"{d}/{authority}.crt", "-CAkey", f"{d}/{authority}.key", "-days", "2",
            "-CAcreateserial", "-extfile", f"{d}/{name}.ext", "-out", f"{d}/{name}.crt")


def given(t, d):
    """Leaves a folder to those who read it."""
    for entry in os.listdir(d):
        path = os.path.join(d, entry)
        os.chmod(path, 0o600)
        t.run.give(path)
    return d


def certificates(t, folder="certs", host="DNS:localhost,IP:127.0.0.1"):
    """An authority, a certificate for the host (localhost, 127.0.0.1) and one for a client called app."""
    d = t.run.mkdir(os.path.join(os.path.basename(t.dir), folder))
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN=authority {folder}", "-keyout", f"{d}/ca.key", "-out", f"{d}/ca.crt")
    for name, cn, san in (("host", "localhost", host), ("app", "app", "DNS:app")):
        signed(t, d, name, cn, "ca", f"subjectAltName={san}")
    return given(t, d)


def intermediate(t, d):
    """Another certificate for the host, d/below.crt, by an authority between; d/both.crt has both authorities."""
    signed(t, d, "between", "authority between", "ca", "basicConstraints=critical,CA:TRUE")
    signed(t, d, "below", "localhost", "between", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    texts = {}
    for name in ("ca", "between", "below"):
        with open(f"{d}/{name}.crt", encoding="ascii") as f:
            texts[name] = f.read()
    t.run.write(f"{d}/both.crt", texts["ca"] + texts["between"])
    t.run.write(f"{d}/chain.crt", texts["below"] + texts["between"])
    given(t, d)


def own(d, **more):
    return {"client_tls_cert_file": f"{d}/host.crt", "client_tls_key_file": f"{d}/host.key", **more}
