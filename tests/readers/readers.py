"""readers: Debian's check_postgres, munin plugins and Prometheus exporter read a console, Grafana's and Telegraf's drivers ask
it what those ask, Prometheus reads HTTP, pgBadger the log; what is there is known:
of the database `single` one client has a transaction, one waits, one is idle. Ends with `N passed, N failed`."""
import json
import os
import re
import subprocess
import sys
import traceback
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import web  # noqa: E402
from postgres import Cluster  # noqa: E402
from run import BUILD, ROOT, Run, end_on_signals, wait_for  # noqa: E402
from steer import ADMIN, Steer  # noqa: E402
from wire import query  # noqa: E402

MUNIN = "/usr/share/munin/plugins"


class Scene:
    """The pgsteer to be read, and its three clients."""

    def __init__(self, run):
        self.run = run
        self.cluster = Cluster(run, standbys=0)
        line = self.cluster.line("app", [self.cluster.primary])
        self.http = run.port()
        self.steer = Steer(run, "steer", {"single": line + " pool_size=1", "other": line}, section="pgbouncer",
                           max_client_conn=50, workers=None, ignore_startup_parameters="extra_float_digits", http_listen=self.http, http_token="sesame", **{k: None for k in (
                               "health_check_user", "health_check_dbname", "health_check_interval")})
        self.steer.start()
        self.busy, self.waits, self.idle = (self.steer.client(database="single") for _ in range(3))
        self.idle.query("SELECT 1")
        self.busy.query("BEGIN")
        self.waits.send(query("SELECT 1"))
        wait_for(lambda: self.pool()["cl_waiting"] == "1", "a client to wait")

    def pool(self):
        return next(r for r in self.steer.show("POOLS") if r["database"] == "single")

    def command(self, *argv, **environment):
        """Runs a reader; (exit status, all that it said)."""
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, cwd=self.run.dir, env={
            **os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(self.steer.port), "PGUSER": ADMIN,
            "PGDATABASE": "pgbouncer", "PGSSLMODE": "disable", "LC_ALL": "C", **environment})
        return done.returncode, done.stdout + done.stderr

    def check_postgres(self, action, *options):
        return self.command("check_postgres", f"--action={action}", "--host=127.0.0.1", f"--port={self.steer.port}",
                            f"--dbuser={ADMIN}", *options)


def expect(condition, got):
    if not condition:
        raise AssertionError(f"got {got!r}")


def check_postgres_pools(scene):
    for action, value in (("cl_active", 2), ("cl_waiting", 1), ("sv_active", 1), ("sv_idle", 0), ("sv_used", 0),
                          ("sv_tested", 0), ("sv_login", 0)):
        got = scene.check_postgres(f"pgb_pool_{action}", "--warning=1", "--critical=5", "--include=single")
        expect(got[0] == (1 if value >= 1 else 0) and f"single={value}" in got[1], (action, got))
    got = scene.check_postgres("pgb_pool_maxwait", "--warning=500", "--critical=600", "--include=single")
    expect(got[0] == 0 and "POSTGRES_PGB_POOL_MAXWAIT OK" in got[1], got)


def check_postgres_backends(scene):
    got = scene.check_postgres("pgbouncer_backends", "--warning=40", "--critical=45")
    expect(got[0] == 0 and "of 50" in got[1], got)
    got = scene.check_postgres("pgbouncer_backends", "--warning=2", "--critical=45")
    expect(got[0] == 1 and "WARNING" in got[1], got)


def check_postgres_checksum(scene):
    sums = [scene.check_postgres("pgbouncer_checksum", "--critical=0") for _ in range(2)]
    sums = [re.search("checksum: ([0-9a-f]{32})", text)[1] for _, text in sums]
    expect(sums[0] == sums[1], sums)
    scene.steer.admin("SET server_idle_timeout = 611")
    changed = scene.check_postgres("pgbouncer_checksum", "--critical=0")
    expect(sums[0] not in changed[1] and "checksum: " in changed[1], (sums[0], changed))
    right = scene.check_postgres("pgbouncer_checksum", "--critical=" + changed[1].split("checksum: ")[1][:32])
    expect(right[0] == 0, right)


def values(text):
    return {k.removesuffix(".value"): v for k, _, v in (line.partition(" ") for line in text.splitlines())
            if k.endswith(".value")}


def munin_connections(scene):
    status, text = scene.command(f"{MUNIN}/pgbouncer_connections", "config")
    expect(status == 0 and "cl_waiting.label" in text, (status, text))
    status, text = scene.command(f"{MUNIN}/pgbouncer_connections")
    got = values(text)
    # It reads by position, and takes its own session off.
    expect(status == 0 and (got["cl_active"], got["cl_waiting"]) == ("2", "1"), (status, text))


def munin_requests(scene):
    status, text = scene.command(f"{MUNIN}/pgbouncer_requests", "config")
    expect(status == 0 and "single.label single" in text and "pgbouncer.label" not in text, (status, text))
    status, text = scene.command(f"{MUNIN}/pgbouncer_requests")
    expect(status == 0 and int(values(text)["single"]) >= 2, (status, text))


# The program as a whole wants total_requests in SHOW STATS and reserve_pool in SHOW DATABASES, which PgBouncer
# has not had since 1.8 and 1.20, so it ends at its start with any present PgBouncer, too. Its collectors of LISTS
# and POOLS are what can be held to.
EXPORTER = """
import sys
from prometheus_pgbouncer_exporter.collectors import ListsCollector, PoolsCollector
from prometheus_pgbouncer_exporter.utils import get_connection
connection = get_connection(sys.argv[1], sys.argv[2], "127.0.0.1")
for collector in (ListsCollector(connection), PoolsCollector(None, connection)):
    for metric in collector.collect():
        for sample in metric.samples:
            print(sample.name, ",".join(sample.labels.values()), float(sample.value))
"""


def prometheus_exporter(scene):
    status, text = scene.command("/usr/bin/python3", "-c", EXPORTER, ADMIN, str(scene.steer.port))
    expect(status == 0, (status, text))
    numbers = {tuple(line.split(" ")[:2]): float(line.split(" ")[2]) for line in text.splitlines()}
    for key, value in ((("pgbouncer_active_clients", "single,app"), 2), (("pgbouncer_waiting_clients", "single,app"), 1),
                       (("pgbouncer_databases", ""), 3), (("pgbouncer_used_servers", ""), 1),
                       (("pgbouncer_used_clients", ""), 4), (("pgbouncer_login_clients", ""), 0)):
        expect(numbers[key] == value, (key, numbers))



def dashboards(scene, which):
    """By Debian's Go and its drivers; the programs themselves it does not have."""
    binary, path = os.path.join(BUILD, "readers", "dashboards"), os.path.join(HERE, "go")
    built = subprocess.run(["go", "build", "-o", binary, "dashboards"], cwd=path, capture_output=True, text=True, timeout=600, env={
        **os.environ, "GO111MODULE": "off", "GOFLAGS": "", "GOPATH": f"{path}:/usr/share/gocode",
        "GOCACHE": os.path.join(os.path.abspath(BUILD), "readers", "cache")})
    expect(built.returncode == 0, built.stderr)
    status, said = scene.command(os.path.abspath(binary), which, DATABASE_URL=f"postgresql://{ADMIN}@127.0.0.1:{scene.steer.port}/pgbouncer")
    expect(status == 0, said)


def grafana(scene):
    dashboards(scene, "grafana")


def grafana_with_pgx(scene):
    dashboards(scene, "grafana_with_pgx")


def jdbc(scene):
    out = os.path.join(BUILD, "readers", "java")
    built = subprocess.run(["javac", "-d", out, os.path.join(HERE, "java", "Console.java")], capture_output=True, text=True, timeout=600)
    expect(built.returncode == 0, built.stderr)
    status, said = scene.command("java", "-cp", f"{os.path.abspath(out)}:/usr/share/java/postgresql.jar", "Console",
                                 f"jdbc:postgresql://127.0.0.1:{scene.steer.port}/pgbouncer?user={ADMIN}&sslmode=disable")
    expect(status == 0, said)


def telegraf(scene):
    dashboards(scene, "telegraf")


def pgbadger(scene):
    """It reads the log: logins, ends of sessions and errors are those that there were. Debian's 12.0 knows PgBouncer's log as it
    was: without the brackets about the process's number that 1.9 has brought, as ours has them (they are taken off for it), and
    without the counts of prepared statements that 1.21 has put into the line of statistics (it passes that over)."""
    for _ in range(3):
        with scene.steer.client(database="other") as c:
            c.query("SELECT 1")
    try:
        scene.steer.client(database="nowhere")
    except RuntimeError:
        pass
    wait_for(lambda: scene.steer.log_text().count("other/app@127.0.0.1") >= 7 and "nowhere (age" in scene.steer.log_text(), "all of it in the log")
    directory = scene.run.mkdir("pgbadger")
    log, out = os.path.join(directory, "pgbouncer.log"), os.path.join(directory, "report.json")
    text = re.sub(rf" \[{scene.steer.pid}\] ", f" {scene.steer.pid} ", scene.steer.log_text())
    scene.run.write(log, text)
    status, said = scene.command("pgbadger", "--format", "pgbouncer", "--quiet", "--extension", "json", "--outfile", out, log)
    expect(status == 0, said)
    with open(out) as f:
        report = json.load(f)
    logins = re.findall(r"login attempt: db=(\w+) user=(\w+)", text)
    found = report["pgb_connection_info"]
    expect(found["count"] == len(logins) and found["database_user"]["other"]["app"] == logins.count(("other", "app")), (found, logins))
    expect(found["host"] == {"127.0.0.1": len(logins)}, found)
    errors = report["pgb_error_info"]
    expect([(e["count"], e["db"], e["user"]) for name, e in errors.items() if "no such database: nowhere" in name] == [(1, ["nowhere"], ["app"])], errors)


PROMETHEUS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: pgsteer
    authorization: {{credentials: sesame}}
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""


def config_file(name):
    return os.path.join(ROOT, "config", name)


def promtool(scene):
    """What is exposed is good style, the rules and the configuration are valid."""
    text = web.get(scene.http, "/metrics", Authorization="Bearer sesame").body
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60)
    expect(done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr)
    status, said = scene.command("promtool", "check", "rules", config_file("prometheus-alerts.yml"))
    expect(status == 0 and "SUCCESS" in said, said)


def promtool_rules(scene):
    """Each rule fires when it should and not before: tests/readers/alerts.yml, which leaves none out."""
    tests = os.path.join(HERE, "alerts.yml")
    status, said = scene.command("promtool", "test", "rules", tests)
    expect(status == 0 and "SUCCESS" in said, said)
    with open(config_file("prometheus-alerts.yml")) as rules, open(tests) as cases:
        named, text = set(re.findall(r"alert: (\w+)", rules.read())), cases.read()
    firing = set(re.findall(r"alertname: (\w+)\n\s+exp_alerts:\n\s+- exp_labels", text))
    expect(named == firing, named ^ firing)


def prometheus(scene):
    """It scrapes; the expressions of every rule and of every panel are answered."""
    directory, port = scene.run.mkdir("prometheus"), scene.run.port()
    rules = os.path.join(directory, "rules.yml")
    with open(config_file("prometheus-alerts.yml")) as f:
        scene.run.write(rules, f.read().replace("for: 30s", "for: 0s"))
    scene.run.write(os.path.join(directory, "prometheus.yml"), PROMETHEUS.format(rules=rules, port=scene.http))
    process = scene.run.spawn(["prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
                               f"--web.listen-address=127.0.0.1:{port}"], cwd=directory, log=os.path.join(directory, "log"))

    def ask(expression):
        return web.get(port, "/api/v1/query?query=" + urllib.parse.quote(expression)).json
    wait_for(lambda: ask('up{job="pgsteer"}')["data"]["result"][0]["value"][1] == "1", "prometheus to scrape", 60)
    value = ask('pgbouncer_pools_client_waiting_connections{database="single"}')["data"]["result"][0]["value"][1]
    expect(value == "1", value)
    with open(config_file("grafana-dashboard.json")) as f:
        board = json.load(f)
    for panel in board["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$job", "pgsteer").replace("$__rate_interval", "1m")
            answer = ask(expression)
            expect(answer["status"] == "success", (expression, answer))
            names = re.findall(r"\b(?:pgsteer|pgbouncer)_\w+", expression)
            have = {m["__name__"] for m in web.get(port, "/api/v1/series?match[]=" + urllib.parse.quote('{job="pgsteer"}')).json["data"]}
            # What only a cluster has is not here; that it exists the flow tests know.
            expect(all(name in have or name.startswith(("pgsteer_node_", "pgsteer_routes")) for name in names), names)
    # One client waits for a server that does not come: after 5 seconds that is worth a word, after 10 it is an alarm.
    def firing():
        return {(a["labels"]["alertname"], a["labels"]["severity"]) for a in web.get(port, "/api/v1/alerts").json["data"]["alerts"]
                if a["state"] == "firing"}
    wait_for(lambda: ("PgsteerLongWait", "warning") in firing() and ("PgsteerVeryLongWait", "critical") in firing(), "the alerts", 60)
    expect(("PgsteerDown", "critical") not in firing() and ("PgsteerClientsWaiting", "warning") not in firing(), firing())
    process.terminate()
    process.wait(20)


TESTS = [check_postgres_pools, check_postgres_backends, check_postgres_checksum, munin_connections, munin_requests,
         prometheus_exporter, grafana, grafana_with_pgx, telegraf, jdbc, pgbadger, promtool, promtool_rules, prometheus]


def main(wanted):
    end_on_signals()
    passed = failed = 0
    with Run("pgsteer-readers-") as run:
        scene = Scene(run)
        for test in TESTS:
            if wanted and not any(part in test.__name__ for part in wanted):
                continue
            try:
                test(scene)
                passed += 1
                print(f"ok      {test.__name__}")
            except Exception:  # every reader is tried
                failed += 1
                print(f"FAILED  {test.__name__}\n{traceback.format_exc()}")
        scene.steer.stop()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
