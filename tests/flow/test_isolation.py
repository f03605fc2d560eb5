"""No byte, setting or prepared statement of one client's ever reaches another, whatever befalls them; and no commit is lost or
happens twice. The long form is `make soak`."""
import time

from certs import certificates, own
from flow import deadline
from ledger import Ledger
from postgres import USERS
from tagged import Tagged
from turmoil import HURRIED, RELOADS, Turmoil

BLOWS = {"cancel": 8, "terminate": 3, "kill": 1, "churn": 1, "kill_client": 2, "reconnect": 2, "pause": 2, "suspend": 1, "disable": 1, "reload": 2,
         "kill_standby": 1, "freeze_standby": 1}
DATABASES = {"app": {}, "other": {}, "split": {"transaction_split": "on"}, "session": {"pool_mode": "session", "pool_size": 3}}
WAYS = [{"database": database, "dbname": "other" if database == "other" else "app", "user": user}
        for database, user in (("app", "app"), ("app", "scram_user"), ("other", "app"), ("split", "md5_user"), ("session", "app"))]


@deadline(120)
def test_under_all_that_can_befall(t):
    cluster = t.own_cluster()
    Tagged.prepare(cluster.primary, ("app", "other"), USERS)
    with cluster.primary.connect("app", user="app") as c:
        Ledger.prepare(c)
        c.query("GRANT ALL ON ledger, ledger_total TO md5_user")
    cluster.wait_replayed()
    lines = {name: cluster.line("other" if name == "other" else "app", **more) for name, more in DATABASES.items()}
    s = t.steer(lines, auth_type="scram-sha-256", lazy_begin=1, nodes=False, extra=HURRIED, **RELOADS[0],
                **own(certificates(t), client_tls_sslmode="allow"))
    s.wait_catalogs()
    tagged = Tagged(s, WAYS, 24)
    # Whose queries may not take long, who leave in the middle, and who are killed like all others.
    ledger = Ledger(lambda: s.client("md5_user", "app"), writers=6, readers=2, pause=0.01, fickle=0.05)
    turmoil = Turmoil(s, cluster, list(lines), tagged.voices, BLOWS, tagged.seed)
    for one in (tagged, ledger, turmoil):
        one.start()
    until = time.monotonic() + 15
    t.wait(lambda: time.monotonic() > until or tagged.wrong or turmoil.crashed, "the clients to have worked", 60)
    try:
        for one in (turmoil, tagged, ledger):
            one.stop()
    finally:
        print(f"{tagged.told()}; blows {turmoil.told()}; {ledger.commits()} commits, errors {dict(ledger.write_errors)}")
    t.equal(tagged.verdict(cluster.primary, ("app", "other")), [], "what reached a client and was not its own")
    with cluster.primary.connect("app") as c:
        verdict = ledger.check(c)
    t.equal((verdict.lost[:5], verdict.twice[:5], verdict.wrong, ledger.stale[:3]), ([], [], [], []), "commits lost, twice, never sent; stale reads")
    t.true(verdict.acknowledged > 50 and ledger.abandoned and ledger.unknown, f"they have worked: {verdict.acknowledged} commits, "
           f"{len(ledger.abandoned)} given up before, {len(ledger.unknown)} unknown")
