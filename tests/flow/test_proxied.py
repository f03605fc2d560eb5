"""Clients that come through a load balancer which says with a PROXY header who they are (proxy_protocol_from)."""
import os
import shutil
import signal
import socket
import ssl
import struct

import wire
from certs import certificates
from test_operation import reboot

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PROXY = "127.0.0.2"  # in proxy_protocol_from; 127.0.0.1 is not


def v1(text):
    return f"PROXY {text}\r\n".encode()


def v2(family, block, command=0x21):
    return SIGNATURE + struct.pack("!BBH", command, family, len(block)) + block


def inet4(client, port=7777, tlvs=b""):
    return v2(0x11, socket.inet_aton(client) + socket.inet_aton("192.0.2.1") + struct.pack("!HH", port, 6432) + tlvs)


def inet6(client, port=7777):
    return v2(0x21, socket.inet_pton(socket.AF_INET6, client) + bytes(16) + struct.pack("!HH", port, 6432))


LOCAL = v2(0, b"", 0x20)
UNSPEC = v2(0, b"")
UNIX = v2(0x31, b"/tmp/x".ljust(216, b"\0"))


def shown(s, user="app"):
    return [(r["addr"], int(r["port"])) for r in s.show("CLIENTS") if r["user"] == user]


def refused(t, s, text, what, **more):
    try:
        with s.client(database="single", **more):
            pass
    except (wire.ServerError, EOFError, ConnectionResetError) as e:
        t.contains(str(e), text, what)
    else:
        t.true(False, what + " was let in")


def hba(t, rules, **settings):
    s = t.steer(start=False, nodes=False, proxy_protocol_from=f"{PROXY}, 127.1.0.0/16", **settings)
    s.settings.update(auth_type="hba", auth_hba_file=f"{s.dir}/hba.conf")
    s.run.write(f"{s.dir}/hba.conf", rules + "host all admin 127.0.0.1/32 trust\nlocal all all trust\n")
    return s.start()


def test_the_client_is_who_the_header_says(t):
    s = hba(t, "host all all 10.1.0.0/16 trust\nhost all all 2001:db8::/32 trust\n"
               f"host single all {PROXY}/32 scram-sha-256\n", application_name_add_host=1)
    for header, address, port in (
            (v1("TCP4 10.1.2.3 192.0.2.1 56324 6432"), "10.1.2.3", 56324),
            (v1("TCP6 2001:db8::7 ::1 1 2"), "2001:db8::7", 1),
            (inet4("10.1.2.3"), "10.1.2.3", 7777),
            (inet4("10.1.2.3", tlvs=b"\4\0\3abc"), "10.1.2.3", 7777),
            (inet6("2001:db8::8"), "2001:db8::8", 7777),
            (inet6("::ffff:10.1.2.4"), "10.1.2.4", 7777)):
        with s.client(database="single", source=PROXY, first=header) as c:
            t.equal(shown(s), [(address, port)], f"SHOW CLIENTS after {header!r}")
            named = f"app - [{address}]:{port}" if ":" in address else f"app - {address}:{port}"
            t.equal(c.value("SHOW application_name"), named, "application_name_add_host")
        s.wait_log(f"app@{address}:{port} login attempt")
    refused(t, s, "no authentication method is found", "another network", source=PROXY, first=inet4("10.2.2.3"))
    s.wait_log("app@10.2.2.3:7777 closing because: no authentication method is found")
    with s.client(database="single", source="127.1.2.3", first=inet4("10.1.2.3")):
        t.equal(shown(s), [("10.1.2.3", 7777)], "another proxy's client")
    for header in (LOCAL, UNSPEC, UNIX, v1("UNKNOWN"), v1("UNKNOWN 10.1.2.3 x y z")):
        with s.client(database="single", source=PROXY, first=header) as c:
            t.equal([a for a, _ in shown(s)], [PROXY], f"the proxy's own address after {header!r}")
            t.true(any(m.type == "R" and m.body[3] == 10 for m in c.login_messages), "it is asked for a password")
    # A request to cancel comes the same way.
    with s.client(database="single", source=PROXY, first=inet4("10.1.2.3")) as c:
        c.send(wire.query("SELECT pg_sleep(30)"))
        t.wait(lambda: t.cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "1",
               "the query to run: a request to cancel one that the server has not begun does nothing")
        with s.client(login=False, source=PROXY, first=inet4("10.1.2.3")) as other:
            other.send(wire.cancel_request(c.pid, c.secret))
            t.true(other.at_end(), "the end of a cancel request")
        t.equal(c.result(check=False).errors[0].sqlstate, "57014", "the query that was canceled")


def test_headers_are_asked_for_and_refused(t):
    s = hba(t, "host all all 0.0.0.0/0 trust\n", client_login_timeout=2)
    header = inet4("10.1.2.3", tlvs=b"\4\0\3abc")
    with s.client(database="single", source=PROXY, login=False) as c:
        packet = header + wire.startup({"user": "app", "database": "single"})
        for i in range(len(packet)):
            c.send(packet[i:i + 1])
        c.finish_login()
        t.equal(shown(s), [("10.1.2.3", 7777)], "a header that comes byte by byte")
    refused(t, s, "PROXY protocol header expected", "a proxy without a header", source=PROXY)
    for bad in (v1("TCP4 10.1.2.3 x 1 2"), v1("TCP4 10.1.2.3 10.1.2.4 1"), v2(0x41, b""), v2(0x11, b"short"),
                inet4("10.1.2.3", tlvs=b"\4\0\4abc"), inet4("10.1.2.3", tlvs=b"\3\0\4\0\0\0\0")):
        refused(t, s, "invalid PROXY protocol header", f"{bad!r}", source=PROXY, first=bad)
    for untrusted in (header, v1("TCP4 10.1.2.3 192.0.2.1 56324 6432"), LOCAL):
        refused(t, s, "bad packet header", f"{untrusted!r} from nobody's address", first=untrusted)
    t.equal(s.log_text().count("PROXY protocol header from an address that is not in proxy_protocol_from"), 3,
            "lines about headers from elsewhere")
    refused(t, s, "bad packet header", "a second header", source=PROXY, first=header + header)
    with s.client(login=False, source=PROXY, first=header[:20]) as c:
        t.true(c.at_end(20), "half a header ends with client_login_timeout")
    t.contains(s.log_text(), f"@{PROXY}:", "the proxy's address in the log until its header has come")
    s.settings["proxy_protocol_from"] = "10.0.0.0/8x"
    s.write_files()
    t.error("F0000", lambda: s.admin("RELOAD"), "RELOAD with a network that is none")
    s.settings["proxy_protocol_from"] = "127.0.0.3"
    s.write_files()
    s.admin("RELOAD")
    with s.client(database="single", source=PROXY):
        t.equal([a for a, _ in shown(s)], [PROXY], "who is not trusted any more sends none")


def test_tls_begins_behind_the_header(t):
    d = certificates(t)
    s = hba(t, "hostssl all all 10.1.2.3/32 scram-sha-256\n", client_tls_sslmode="allow",
            client_tls_cert_file=f"{d}/host.crt", client_tls_key_file=f"{d}/host.key")
    context = ssl.create_default_context(cafile=f"{d}/ca.crt")
    context.set_alpn_protocols(["postgresql"])
    for direct in (False, True):
        c = s.client(database="single", source=PROXY, login=False, first=inet4("10.1.2.3"))
        if not direct:
            c.send(struct.pack("!II", 8, wire.SSL_CODE))
            t.equal(c.read(1), b"S", "the answer to SSLRequest")
        c.socket = context.wrap_socket(c.socket, server_hostname="localhost")
        with c:
            c.login()
            t.equal(shown(s), [("10.1.2.3", 7777)], f"SHOW CLIENTS over TLS (direct: {direct})")
            t.true(s.show("CLIENTS")[0]["tls"].startswith("TLSv1.3"), "TLS in SHOW CLIENTS")


def test_unix_socket_and_reboot(t):
    s = t.steer(start=False, nodes=False, proxy_protocol_from="unix")
    s.settings.update(auth_type="hba", auth_hba_file=f"{s.dir}/hba.conf")
    s.run.write(f"{s.dir}/hba.conf", "host all all 10.1.0.0/16 trust\nhost all admin 127.0.0.1/32 trust\n"
                                     "local all app peer\n")
    s.start()
    s.wait_log("process up")  # the Unix socket is the last to listen
    refused(t, s, "PROXY protocol header expected", "psql on the Unix socket", host=s.dir)
    kept = s.client(database="single", host=s.dir, first=inet4("10.1.2.3"))
    t.equal(shown(s), [("10.1.2.3", 7777)], "a client through the Unix socket")
    refused(t, s, "unix socket login rejected", "peer for whoever is behind a proxy", host=s.dir, first=UNSPEC)

    def own_user(first):
        code = ("import sys; sys.path.insert(0, sys.argv[1]); import wire; "
                "wire.Client(int(sys.argv[3]), 'pgbouncer', 'pgbouncer', host=sys.argv[2], "
                "first=bytes.fromhex(sys.argv[4]))")
        lib = os.path.dirname(os.path.abspath(wire.__file__))
        copy = s.run.write(f"{s.dir}/wire.py", open(f"{lib}/wire.py").read())
        return t.run.call(["/usr/bin/python3", "-c", code, os.path.dirname(copy), s.dir, str(s.port), first.hex()],
                          check=False).stderr
    t.equal(own_user(LOCAL), "", "our own user, who says so")
    t.contains(own_user(inet4("10.1.2.3")), "authentication failed", "somebody behind a proxy that is our own user")
    t.contains(own_user(UNSPEC), "no authentication method is found", "somebody whom it does not tell")
    # A header that is half there when another process takes over goes on there, and so does who has come.
    half = s.client(database="single", host=s.dir, login=False, first=inet4("10.1.2.4")[:21])
    t.wait(lambda: len(s.show("CLIENTS")) >= 2, "the half header to arrive")
    reboot(t, s)
    half.send(inet4("10.1.2.4")[21:])
    half.login()
    t.equal(sorted(shown(s)), [("10.1.2.3", 7777), ("10.1.2.4", 7777)], "SHOW CLIENTS of the new process")
    t.equal((kept.value("SELECT 1"), half.value("SELECT 2")), ("1", "2"), "both are served")


# ---- the real thing --------------------------------------------------------------------------------------


def balancer(t, s, *servers):
    """HAProxy in front of `s`, a port for each of its server lines' last words."""
    text = "defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n"
    ports = [t.run.port() for _ in servers]
    for i, (port, words) in enumerate(zip(ports, servers)):
        text += (f"listen l{i}\n bind 127.0.0.1:{port}\n server s 127.0.0.1:{s.port} source {PROXY} {words}\n")
    path = t.run.write(f"{s.dir}/haproxy.cfg", text)
    process = t.run.spawn([shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", path], cwd=s.dir,
                          log=f"{s.dir}/haproxy.log")
    return process, ports


def test_haproxy(t):
    """Skipped where it is not installed."""
    if not (shutil.which("haproxy") or os.path.exists("/usr/sbin/haproxy")):
        return
    s = hba(t, "host all all 127.0.0.9/32 trust\n")
    process, ports = balancer(t, s, "send-proxy", "send-proxy-v2",
                              "send-proxy-v2 proxy-v2-options crc32c,unique-id check check-send-proxy inter 50ms")
    try:
        for port in ports:
            c = None

            def login(port=port):
                nonlocal c
                try:
                    c = wire.Client(port, database="single", source="127.0.0.9")
                except (ConnectionRefusedError, EOFError, ConnectionResetError):
                    return False
                return True
            t.wait(login, "a client to come in through HAProxy")
            with c:
                t.equal(shown(s), [("127.0.0.9", c.socket.getsockname()[1])], "SHOW CLIENTS behind HAProxy")
                t.equal(c.value("SELECT 1"), "1", "an answer through HAProxy")
            t.wait(lambda: not shown(s), "the client to go")
        t.true("invalid PROXY" not in s.log_text() and "header expected" not in s.log_text(),
               "no health check of HAProxy's is an error")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
