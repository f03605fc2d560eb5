"""Nothing that opens a door stands in the console or in the log, however a client has come in."""
import os

from steer import ADMIN, ADMIN_PASSWORD

PASSWORDS = {"app": "app-secret", "scram_user": "scram-secret", "md5_user": "md5-secret"}
GUESS = "a-wrong-guess"
OF_LINE, OF_HEALTH, OF_FILE = "md5-secret", "health-secret", "filed-secret"


def console(s, user, password):
    """All that this user can make the console tell, as one text."""
    with s.client(user, "pgsteer", password=password) as c:
        names = [row[0] for row in c.query("SELECT relname FROM pg_class").rows]
        told = [c.query(f"SHOW {name}", check=False) for name in names + ["fds", "help"]]
        told += [c.query(f"SELECT * FROM {name}", check=False) for name in names]
        told += [c.query("SELECT * FROM fds", check=False)]
    assert len(names) > 20, names
    return str([vars(answer) for answer in told]), names


def test_nobody_is_told(t):
    with t.cluster.primary.connect("app") as c:
        verifiers = dict(c.query("SELECT rolname, rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL").rows)
        c.query("DROP TABLE IF EXISTS secret_of; CREATE TABLE secret_of AS SELECT rolname::text AS name, "
                "rolpassword::text AS secret FROM pg_authid WHERE rolname IN ('scram_user', 'md5_user')")
        c.query("GRANT SELECT ON secret_of TO app")
    line = t.cluster.line("app", [t.cluster.primary])
    secrets = [*PASSWORDS.values(), GUESS, OF_HEALTH, OF_FILE, ADMIN_PASSWORD, *verifiers.values()]
    secrets += [part for v in verifiers.values() if v.startswith("SCRAM") for part in v.split("$")[2].split(":")]
    s = t.steer({"single": line, "forced": f"{line} user=md5_user password={OF_LINE}", "app": t.cluster.line("app")},
                start=False, nodes=False, verbose=2, auth_type="hba", stats_users="watcher",
                health_check_password=OF_HEALTH, log_connections=1, log_disconnections=1,
                auth_user="app", auth_dbname="single", auth_query="SELECT name, secret FROM secret_of WHERE name = $1",
                users={"app": PASSWORDS["app"], "watcher": "watcher-secret", ADMIN: ADMIN_PASSWORD})
    s.settings["auth_hba_file"] = s.run.write(f"{s.dir}/hba.conf", "".join(
        f"host {database} all all {method}\n" for database, method in (
            ("single", "password"), ("forced", "scram-sha-256"), ("all", "md5"))))
    s.settings["passfile"] = s.run.write(f"{s.dir}/pgpass", f"*:*:*:nobody:{OF_FILE}\n")
    os.chmod(s.settings["passfile"], 0o600)
    s.start()
    open_clients = [s.client(user, database, password=password) for user, password in PASSWORDS.items()
                    for database in ("single", "forced", "app") if (user, database) != ("md5_user", "forced")]
    for c in open_clients:
        c.query("SELECT 1")
    for user in (*PASSWORDS, "stranger"):
        for database in ("single", "forced", "app"):
            t.error("28P01", lambda u=user, d=database: s.client(u, d, password=GUESS), f"{user} of {database}")
    for user, password in (("watcher", "watcher-secret"), (ADMIN, ADMIN_PASSWORD)):
        told, names = console(s, user, password)
        t.true({"databases", "users", "servers", "config"} <= set(names), f"{names} were looked at")
        t.equal([secret for secret in secrets if secret in told], [], f"secrets that {user} is shown")
        if user == "watcher":
            t.contains(told, "admin access needed", "file descriptors are for administrators")
    s.admin("SET health_check_password = 'another-secret'")
    s.admin("RELOAD")
    log = s.log_text()
    t.equal([secret for secret in (*secrets, "watcher-secret", "another-secret") if secret in log], [], "secrets in the log")
    for c in open_clients:
        c.close()
    os.chmod(s.settings["auth_file"], 0o644)
    s.admin("RELOAD")
    s.wait_log("auth_file holds secrets and everybody can read it")
