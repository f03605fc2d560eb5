"""Servers given by name: what the name server says, how long it holds, and what happens when it changes."""
import time

import wire
from doors import doors, holding, leave, quietly
from nameserver import NameServer
from run import wait_for


def items(s, name):
    return next(row["items"] for row in s.show("LISTS") if row["list"] == name)


def test_a_name_whose_address_changes(t):
    dns = NameServer(t.run)
    port, (a, b) = doors(t, "127.0.0.2", "127.0.0.3")
    dns.names["db.example"] = ["127.0.0.2"]
    s = t.steer(databases={"app": f"host=db.example port={port} dbname=app pool_size=8"}, section="pgbouncer",
                nodes=False, workers=4, resolv_conf=dns.file, dns_max_ttl="1")
    clients = holding(s, 6)
    t.equal((a.count, b.count), (6, 0), "connections while the name stands for the first address")
    for c in clients[:3]:
        c.query("COMMIT")
    rows = s.show("DNS_HOSTS")
    t.equal([(row["hostname"], row["addrs"]) for row in rows], [("db.example", "127.0.0.2:0")], "SHOW DNS_HOSTS")
    t.within(int(rows[0]["ttl"]), 0, 1, "its ttl")
    t.equal((items(s, "dns_names"), items(s, "dns_zones")), ("1", "1"), "SHOW LISTS")
    t.equal(s.show("DNS_ZONES"), [{"zonename": "example", "serial": "0", "count": "1"}], "SHOW DNS_ZONES")
    t.equal(dns.asked["example"], 0, "questions for a serial, without dns_zone_check_period")
    wait_for(lambda: dns.asked["db.example"] > 8, "names in use to be looked up again, by all workers")
    t.equal((a.count, len(s.show("SERVERS"))), (6, 6), "connections while nothing changes")

    dns.names["db.example"] = ["127.0.0.3"]
    wait_for(lambda: [(row["state"], row["close_needed"]) for row in s.show("SERVERS")] == [("active", "1")] * 3,
             "idle servers to close, and those in use to be marked")
    t.equal(s.log_text().count("closing because: obsolete connection (age="), 3, "log lines of the idle ones")
    for c in clients[3:]:
        c.query("COMMIT")
    wait_for(lambda: not s.show("SERVERS"), "those in use to close when they are free")
    t.equal(s.log_text().count("closing because: close_needed (age="), 3, "log lines of those")
    for c in clients:
        c.query("BEGIN")
    t.equal((a.count, b.count), (6, 6), "new connections go to the new address")
    t.equal({row["addr"] for row in s.show("SERVERS")}, {"127.0.0.3"}, "SHOW SERVERS")
    leave(clients)
    dns.close()


def test_a_name_with_several_addresses(t):
    dns = NameServer(t.run)
    port, (a, b) = doors(t, "127.0.0.2", "127.0.0.3")
    dns.names["db.example"] = ["127.0.0.2", "127.0.0.3"]
    s = t.steer(databases={"app": f"host=db.example port={port} dbname=app"}, section="pgbouncer",
                nodes=False, workers=1, resolv_conf=dns.file, dns_max_ttl="60")
    clients = holding(s, 4)
    t.equal((a.count, b.count), (2, 2), "connections, in turn")
    t.equal(dns.asked["db.example"], 1, "questions to the name server")
    b.close()
    clients += holding(s, 2)
    t.equal(a.count, 4, "an address that does not answer is passed over")
    leave(clients)
    dns.close()


def test_a_zone_whose_serial_changes(t):
    dns = NameServer(t.run)
    port, (a, b) = doors(t, "127.0.0.2", "127.0.0.3")
    dns.names["db.example"], dns.serials["example"] = ["127.0.0.2"], 2026112101
    s = t.steer(databases={"app": f"host=db.example port={port} dbname=app pool_size=8"}, section="pgbouncer",
                nodes=False, workers=4, resolv_conf=dns.file, dns_max_ttl="3600", dns_zone_check_period="0.2")
    for c in holding(s, 6):
        c.query("COMMIT")
        c.close()
    wait_for(lambda: [row["serial"] for row in s.show("DNS_ZONES")] == ["2026112101"], "the serial to be seen")
    t.equal(s.show("DNS_ZONES")[0]["count"], "1", "SHOW DNS_ZONES, of all workers: names")

    wait_for(lambda: dns.asked["db.example"] == 8, "the name to be looked up by all workers, and after the serial")
    dns.names["db.example"] = ["127.0.0.3"]
    seen = dns.asked["example"]
    wait_for(lambda: dns.asked["example"] >= seen + 8, "the serial to be asked for")
    t.equal((dns.asked["db.example"], len(s.show("SERVERS"))), (8, 6), "while the serial stays as it is")

    dns.serials["example"] += 1
    wait_for(lambda: not s.show("SERVERS"), "servers at the address that is gone to close")
    t.equal(s.log_text().count("closing because: obsolete connection (age="), 6, "log lines of them")
    t.equal("zone 'example' serial changed: old=2026112101 new=2026112102" in s.log_text(), True, "log line of the zone")
    leave(holding(s, 2))
    t.equal((a.count, b.count), (6, 2), "new connections go to the new address")
    dns.close()


def test_a_name_that_does_not_exist(t):
    dns = NameServer(t.run)
    line = f"host=db.example port={t.cluster.primary.port} dbname=app"
    s = t.steer(databases={"app": line}, section="pgbouncer", nodes=False, workers=1, resolv_conf=dns.file,
                dns_nxdomain_ttl="60", server_login_retry="0.2")
    failed = "closing because: server DNS lookup failed (age="
    for tries in range(1, 4):
        wait_for(lambda: quietly(s, "app") or s.log_text().count(failed) >= tries, f"failure {tries}")
        time.sleep(0.2)
    t.equal(dns.asked["db.example"], 1, "questions to the name server: that there is no such name is kept")
    t.equal([row["addrs"] for row in s.show("DNS_HOSTS")], [""], "SHOW DNS_HOSTS")
    s.wait_log("WARNING DNS lookup failed: db.example: result=")
    dns.names["db.example"] = ["127.0.0.1"]
    s.settings["dns_nxdomain_ttl"] = "0"
    s.reload()

    def served():
        try:
            with s.client(timeout=5) as c:
                return c.value("SELECT 1") == "1"
        except (OSError, wire.ServerError):
            return False
    wait_for(served, "the name that exists now")
    dns.close()
