"""No byte, setting or prepared statement of one client's ever reaches another, whatever befalls them. The long form is `make soak`."""
import time

from certs import certificates, own
from flow import deadline
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
    cluster.wait_replayed()
    lines = {name: cluster.line("other" if name == "other" else "app", **more) for name, more in DATABASES.items()}
    s = t.steer(lines, auth_type="scram-sha-256", lazy_begin=1, nodes=False, extra=HURRIED, **RELOADS[0],
                **own(certificates(t), client_tls_sslmode="allow"))
    s.wait_catalogs()
    tagged = Tagged(s, WAYS, 24)
    turmoil = Turmoil(s, cluster, list(lines), tagged.voices, BLOWS, tagged.seed)
    tagged.start()
    turmoil.start()
    until = time.monotonic() + 15
    t.wait(lambda: time.monotonic() > until or tagged.wrong or turmoil.crashed, "the clients to have worked", 60)
    try:
        turmoil.stop()
        tagged.stop()
    finally:
        print(f"{tagged.told()}; blows {turmoil.told()}")
    t.equal(tagged.verdict(cluster.primary, ("app", "other")), [], "what reached a client and was not its own")
