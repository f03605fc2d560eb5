"""Wrong configurations end with one clear line and status 1; right ones start, and reload."""
import os
import signal
import socket

import wire
from run import SLOW
from steer import ADMIN, Steer, program
from wire import query


def run_with(t, text, name="bad.ini", args=(), userlist='"app" "x"\n', privileged=False):
    """Runs pgsteer with this file until it ends by itself; returns (status, what it said)."""
    directory = t.run.mkdir(t.dir, "files")
    if userlist is not None:
        t.run.write(os.path.join(directory, "userlist.txt"), userlist)
    path = t.run.write(os.path.join(directory, name), text)
    done = t.run.call([program(t.run), *args, path], cwd=directory, check=False, seconds=10, privileged=privileged)
    return done.returncode, done.stdout + done.stderr


def settings(t, *more, databases="app = host=127.0.0.1 port=5432", section="pgsteer"):
    lines = ["[databases]", databases, f"[{section}]", f"listen_port = {t.run.port()}", "unix_socket_dir =",
             "auth_file = userlist.txt", *more]
    return "\n".join(lines) + "\n"


def clear(t, result, what, *words):
    """Status 1, and one line that is about the mistake."""
    status, text = result
    t.equal(status, 1, f"exit status with {what}\n{text}")
    lines = [line for line in text.splitlines() if all(word in line for word in words)]
    t.equal(len(lines) >= 1, True, f"a line that names {words} with {what}; it said:\n{text}")
    return text


def test_missing_file(t):
    done = t.run.call([program(t.run), os.path.join(t.dir, "nowhere.ini")], check=False, seconds=10)
    clear(t, (done.returncode, done.stdout + done.stderr), "a missing file", "nowhere.ini")
    t.true(len((done.stdout + done.stderr).splitlines()) <= 2, "one clear line")


def test_wrong_files(t):
    clear(t, run_with(t, settings(t, "defualt_pool_size = 5")), "an unknown key", "defualt_pool_size", "bad.ini")
    clear(t, run_with(t, settings(t, "default_pool_size = many")), "a bad number", "default_pool_size", "many")
    clear(t, run_with(t, settings(t, "pool_mode = statment")), "a bad word", "pool_mode", "statment")
    clear(t, run_with(t, settings(t, "listen_port = 70000")), "a number out of range", "listen_port", "70000")
    clear(t, run_with(t, settings(t, databases="app = host=127.0.0.1\napp = host=127.0.0.2")),
          "two lines of one name", "app")
    clear(t, run_with(t, settings(t, databases="app = host=127.0.0.1 prot=5432")), "an unknown key on a line", "prot")
    clear(t, run_with(t, settings(t, databases="app = host=a,b,c port=1,2")), "two ports for three hosts", "port")
    clear(t, run_with(t, settings(t) + "[nonsense]\na = b\n"), "an unknown section", "nonsense")
    clear(t, run_with(t, settings(t) + "just words\n"), "a line without =", "bad.ini")
    clear(t, run_with(t, settings(t, "auth_file = nowhere.txt")), "a missing userlist", "nowhere.txt")
    clear(t, run_with(t, settings(t), userlist="app x\n"), "a userlist without quotes", "userlist.txt")
    clear(t, run_with(t, settings(t, "%include nowhere.inc")), "a missing included file", "nowhere.inc")


def test_unreadable_userlist(t):
    directory = t.run.mkdir(t.dir, "files")
    path = os.path.join(directory, "secret.txt")
    with open(path, "w") as f:
        f.write('"app" "x"\n')
    os.chmod(path, 0)
    clear(t, run_with(t, settings(t, "auth_file = secret.txt")), "an unreadable userlist", "secret.txt")


def test_taken_port(t):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        clear(t, run_with(t, settings(t, f"listen_port = {port}")), "a port that is taken", str(port))


def test_root_is_refused(t):
    if os.geteuid() != 0:
        return  # only root can be refused as root
    clear(t, run_with(t, settings(t), privileged=True), "root", "root")


def test_check_option_lists_all_mistakes(t):
    text = settings(t, "defualt_pool_size = 5", "pool_mode = statment", "server_lifetime = long")
    status, said = run_with(t, text, args=["-t"])
    t.equal(status, 1, f"exit status of -t\n{said}")
    for word in ("defualt_pool_size", "statment", "server_lifetime"):
        t.contains(said, word, "-t names every mistake of the file at once")
    t.contains(said, "default_pool_size", "-t names the nearest valid key")
    for line, word in ((7, "defualt_pool_size"), (8, "statment"), (9, "server_lifetime")):
        t.true(any(word in said_line and f":{line}" in said_line for said_line in said.splitlines()),
               f"-t names the line {line} of {word}; it said:\n{said}")
    status, said = run_with(t, settings(t), name="good.ini", args=["-t"])
    t.equal(status, 0, f"exit status of -t with a right file\n{said}")


def test_version_and_help(t):
    for option, part in (("--version", "pgsteer"), ("--help", "-t")):
        done = t.run.call([program(t.run), option], seconds=10)
        t.contains(done.stdout, part, f"what {option} prints")
    done = t.run.call([program(t.run), "--nonsense"], check=False, seconds=10)
    t.true(done.returncode != 0, "an unknown option is refused")
    done = t.run.call([program(t.run)], check=False, seconds=10)
    t.equal(done.returncode, 1, "exit status without a file")


def test_include(t):
    s = t.steer(start=False)
    t.run.write(os.path.join(s.dir, "more.ini"), "default_pool_size = 3\n")
    s.extra = f"%include {s.dir}/more.ini\n"
    s.start()
    t.equal({r["key"]: r["value"] for r in s.show("CONFIG")}["default_pool_size"], "3", "a setting of %include")


def test_pgbouncer_file(t):
    """A file for PgBouncer keeps its meaning: a plain line, PgBouncer's defaults, no probes."""
    s = Steer(t.run, os.path.join(t.dir, "compat"), {"app": t.cluster.line("app", [t.cluster.primary])},
              section="pgbouncer")
    t.steers.append(s)
    for key in ("workers", "health_check_user", "health_check_dbname", "health_check_interval", "pool_mode",
                "max_client_conn"):
        del s.settings[key]
    s.start()
    config = {r["key"]: r["value"] for r in s.show("CONFIG")}
    t.equal((config["pool_mode"], config["max_client_conn"], config["default_pool_size"]), ("session", "100", "20"),
            "PgBouncer's defaults under [pgbouncer]")
    with s.client() as c:
        t.equal(c.value("SELECT inet_server_port()"), str(t.cluster.primary.port), "a query")
        count = t.cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
                                        "AND pid <> pg_backend_pid()")
        t.equal(count, "1", "connections on the server: the client's and no probe")


def test_reload_changes_the_pool_size(t):
    for how in ("SIGHUP", "RELOAD"):
        s = t.steer(default_pool_size=1)
        clients = [s.client(database="single") for _ in range(6)]

        clients[0].query("BEGIN")
        for c in clients[1:]:
            c.send(query("BEGIN"))
        t.true(all(c.quiet(0.05) for c in clients[1:]), "one server for all")
        s.settings["default_pool_size"] = 3
        if how == "SIGHUP":
            s.reload()
        else:
            s.write_files()
            s.admin("RELOAD")
        t.wait(lambda: sum(not c.quiet(0.02) for c in clients[1:]) >= 2, f"two more servers after {how}")
        t.equal(sum(not c.quiet(0.1) for c in clients[1:]), 2, f"waiting clients that were served after {how}")
        s.settings["default_pool_size"] = 1
        s.reload()
        first = [c for c in clients[1:] if not c.quiet(0.02)]
        for c in first:
            c.result()
        for c in clients[:1] + first:
            c.query("COMMIT")
        left = [c for c in clients[1:] if c not in first]
        while left:
            c = t.wait(lambda: next((c for c in left if not c.quiet(0.02)), None), "the next waiting client's turn")
            c.result()
            c.query("COMMIT")
            left.remove(c)
        count = ("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND backend_type = 'client backend'")
        t.wait(lambda: t.cluster.primary.value(count) in ("0", "1"), "the pool to shrink after the reload")
        for c in clients:
            t.equal(c.value("SELECT 1"), "1", "clients stay")
            c.close()
        s.stop()


def test_reload_adds_and_removes(t):
    s = t.steer()
    with s.client() as c:
        c.query("SELECT 1")
        s.databases["later"] = t.cluster.line("other")
        s.reload()
        d = t.wait(lambda: s.client(database="later"), "the new database line")
        t.equal(d.value("SELECT current_database()"), "other", "a query through the new line")
        d.close()
        t.equal(c.value("SELECT 1"), "1", "an old client goes on")
        del s.databases["later"]
        s.reload()

        def gone():
            try:
                s.client(database="later").close()
            except RuntimeError:
                return True
        t.wait(gone, "the removed line to be refused")


def test_a_broken_file_on_reload_changes_nothing(t):
    s = t.steer(default_pool_size=5)
    with s.client() as c:
        c.query("SELECT 1")
        s.settings["default_pool_size"] = "plenty"
        s.reload()
        s.wait_log("plenty")
        t.equal({r["key"]: r["value"] for r in s.show("CONFIG")}["default_pool_size"], "5", "the old value is in force")
        t.equal(c.value("SELECT 1"), "1", "clients go on")
        e = t.error("F0000", lambda: s.admin("RELOAD"), "RELOAD of a broken file")
        t.equal(e.severity, "ERROR", "its severity")


def test_signals(t):
    for number, name in ((signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM"), (signal.SIGQUIT, "SIGQUIT")):
        s = t.steer()
        with s.client() as c:
            c.query("SELECT 1")
        s.process.send_signal(number)
        s.status = s.process.wait(20 * SLOW)
        t.equal(s.status, 0, f"exit status after {name} with no client")
    s = t.steer()
    c = s.client()
    c.query("BEGIN")
    s.process.send_signal(signal.SIGTERM)
    t.true(c.quiet(0.3) and s.process.poll() is None, "SIGTERM waits for the client")
    t.equal(c.value("SELECT 3"), "3", "which goes on")
    c.query("COMMIT")
    t.equal(c.value("SELECT 4"), "4", "and on, beyond its transaction")
    c.close()
    s.status = s.process.wait(20 * SLOW)
    t.equal(s.status, 0, "exit status once the client has left")
    s = t.steer()
    c = s.client()
    c.query("BEGIN")
    s.process.send_signal(signal.SIGINT)
    t.true(c.quiet(0.3) and s.process.poll() is None, "SIGINT waits for the transaction")
    c.query("COMMIT")
    s.status = s.process.wait(20 * SLOW)
    t.equal(s.status, 0, "exit status after the transaction")
    s = t.steer()
    c = s.client()
    c.query("BEGIN")
    s.process.send_signal(signal.SIGQUIT)
    s.status = s.process.wait(20 * SLOW)
    t.equal(s.status, 0, "exit status after SIGQUIT in the middle of a transaction")
    s = t.steer()
    c = s.client()
    c.query("BEGIN")
    s.process.send_signal(signal.SIGTERM)
    t.true(c.quiet(0.2), "SIGTERM waits")
    s.process.send_signal(signal.SIGTERM)
    s.status = s.process.wait(20 * SLOW)
    t.equal(s.status, 0, "exit status after a second SIGTERM")


def test_pause_and_resume_by_signal(t):
    s = t.steer()
    with s.client() as c:
        c.query("SELECT 1")
        s.process.send_signal(signal.SIGUSR1)
        t.wait(lambda: {r["key"]: r["value"] for r in s.show("STATE")}["paused"] == "yes", "SIGUSR1 to pause")
        c.send(query("SELECT 2"))
        t.true(c.quiet(0.2), f"clients wait, got {c.unread()}")
        s.process.send_signal(signal.SIGUSR2)
        t.equal(c.result().rows, [["2"]], "after SIGUSR2")


def test_pidfile_and_logfile(t):
    s = t.steer(start=False)
    s.settings["pidfile"] = os.path.join(s.dir, "pgsteer.pid")
    s.settings["logfile"] = os.path.join(s.dir, "own.log")
    s.start()
    with s.client() as c:
        c.query("SELECT 1")
    with open(s.settings["pidfile"]) as f:
        t.equal(f.read().strip(), str(s.pid), "the process number in the pidfile")
    def log():
        with open(s.settings["logfile"]) as f:
            return f.read()
    t.contains(log(), "login attempt: db=app user=app", "the log's line of a login, as PgBouncer's")
    t.wait(lambda: "closing because: " in log(), "the log's line of a leave")
    os.rename(s.settings["logfile"], s.settings["logfile"] + ".1")
    s.reload()
    t.wait(lambda: os.path.exists(s.settings["logfile"]), "the log to be opened again after SIGHUP")
    s.stop()
    t.true(not os.path.exists(s.settings["pidfile"]), "the pidfile is gone at the end")


def test_unix_socket(t):
    s = t.steer()
    path = os.path.join(s.dir, f".s.PGSQL.{s.port}")
    t.true(os.path.exists(path), "the Unix socket")
    c = wire.Client.__new__(wire.Client)
    c.__dict__.update(user="app", database="app", password=None, buffer=bytearray(), start=0, parameters={}, notices=[])
    c.socket = socket.socket(socket.AF_UNIX)
    c.socket.settimeout(30)
    c.socket.connect(path)
    c.login()
    t.equal(c.value("SELECT 1"), "1", "a query through the Unix socket")
    c.close()
    s.stop()
    t.true(not os.path.exists(path), "the Unix socket is gone at the end")


def test_admin_user_list(t):
    s = t.steer(admin_users=f"someone, {ADMIN} ,other")
    t.true(s.show("VERSION"), "admin_users with blanks")
