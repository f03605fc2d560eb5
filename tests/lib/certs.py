"""certs: authorities and certificates for tests of TLS, made with the openssl command."""
import os
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def certificates(t, folder="certs", host="DNS:localhost,IP:127.0.0.1"):
    """An authority, a certificate for the host (localhost, 127.0.0.1) and one for a client called app."""
    d = t.run.mkdir(os.path.join(os.path.basename(t.dir), folder))
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN=authority {folder}", "-keyout", f"{d}/ca.key", "-out", f"{d}/ca.crt")
    for name, cn, san in (("host", "localhost", host), ("app", "app", "DNS:app")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={cn}",
                "-addext", f"subjectAltName={san}", "-keyout", f"{d}/{name}.key", "-out", f"{d}/{name}.csr")
        t.run.write(f"{d}/{name}.ext", f"subjectAltName={san}\n")
        openssl("x509", "-req", "-in", f"{d}/{name}.csr", "-CA", f"{d}/ca.crt", "-CAkey", f"{d}/ca.key", "-days", "2",
                "-CAcreateserial", "-extfile", f"{d}/{name}.ext", "-out", f"{d}/{name}.crt")
    for entry in os.listdir(d):
        path = os.path.join(d, entry)
        os.chmod(path, 0o600)
        t.run.give(path)
    return d


def own(d, **more):
    return {"client_tls_cert_file": f"{d}/host.crt", "client_tls_key_file": f"{d}/host.key", **more}
