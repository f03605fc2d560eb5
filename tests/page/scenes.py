"""scenes: answers of /api/v1 that no test can easily bring about, made of a real one: what the page must look well with."""
import copy
import json

# In front of the page's own code: what it asks for comes from here, once a second a little later.
FEED = """
const scene = %s;
const began = Date.now();
window.fetch = async name => {
  const body = structuredClone(name.endsWith('history') ? scene.history : scene.overview), ago = Date.now() - began;
  if (body.at_ms) {
    body.at_ms += ago;
    for (const n of body.nodes.rows) { n.reads += Math.round(ago / 1000 * n.reads_per_s); n.writes += Math.round(ago / 1000 * n.writes_per_s); }
  }
  return new Response(JSON.stringify(body), {status: 200});
};
"""

LONG = "a-primary-with-a-name-that-no-operator-should-have-given.eu-central-1.compute.internal.example.com:5432"


def row(like, **values):
    return {**copy.deepcopy(like), **values}


def nodes(overview, *specs):
    """Nodes of one cluster: (name, role, state, lag in ms, reads/s, writes/s, why)."""
    like = overview["nodes"]["rows"][0]
    overview["nodes"]["rows"] = [row(like, cluster="app", node=name, role=role, state=state, lag_ms=lag, reads=0, writes=0, why=why,
                                     reads_per_s=reads, writes_per_s=writes)
                                 for name, role, state, lag, reads, writes, why in specs]
    primary = next((s[0] for s in specs if s[1] == "primary" and s[2] == "up"), None)
    overview["topology"]["rows"] = [row(overview["topology"]["rows"][0], cluster="app", probed=True, primary=primary, nodes=len(specs))]


def alert(overview, *list_):
    overview["alerts"]["rows"] = [{"severity": severity, "rule": rule, "database": "app", "user": None, "node": node, "text": text}
                                  for severity, rule, node, text in list_]


def alone(overview):
    nodes(overview, ("10.0.0.1:5432", "primary", "up", None, 900, 210, "takes writes on timeline 1"))


def twelve(overview):
    nodes(overview, ("10.0.0.1:5432", "primary", "up", None, 0, 900, "takes writes on timeline 3"),
          *((f"10.0.0.{i + 2}:5432", "standby", "up", i * 37, 10000 // (i + 1), 0, "follows timeline 3") for i in range(11)))


def fenced_and_down(overview):
    nodes(overview, ("10.0.0.1:5432", "primary", "fenced", None, 0, 0, "is not in recovery on timeline 3, and 10.0.0.2:5432 is on 4"),
          ("10.0.0.2:5432", "primary", "up", None, 40, 200, "takes writes on timeline 4"),
          ("10.0.0.3:5432", "unknown", "down", None, 0, 0, "Connection refused"),
          ("10.0.0.4:5432", "standby", "ejected", 45000, 0, 0, "lags 45 s, more than max_standby_lag"),
          ("10.0.0.5:5432", "standby", "new", None, 0, 0, "not seen yet"))
    alert(overview, ("critical", "node fenced", "10.0.0.1:5432", "is fenced: it must never be written to again as it is"),
          ("warning", "node down", "10.0.0.3:5432", "is down: Connection refused"),
          ("warning", "node unfit for reads", "10.0.0.4:5432", "is unfit for reads: lags 45 s"))
    like = {"database": "app", "timeline": 4, "held": 120, "drained": 118, "refused": 2, "rolled_back": 7, "unknown": 1, "repeated": 5,
            "why": "server closed the connection unexpectedly"}
    at = overview["at_ms"]
    overview["failovers"]["rows"] = [row(like, lost_at="2026-11-21 10:00:00 UTC", elected_at="2026-11-21 10:00:00 UTC", lost_ms=at - ago * 1000,
                                         from_node=f"10.0.0.{n}:5432", to_node=f"10.0.0.{n + 1}:5432", gap_ms=gap)
                                     for ago, n, gap in ((86000, 3, 2100), (43000, 2, 41000), (42000, 1, 900), (120, 1, 3400))]
    overview["routes"]["rows"] = [{"database": "app", "target": "primary", "reason": reason, "count": n} for reason, n in (
        ("not fresh enough", 120345), ("function", 3021), ("no fit standby", 77), ("relation", 3), ("dml", 90210))]


def long_names(overview):
    nodes(overview, (LONG, "primary", "up", None, 5, 1234567, "takes writes on timeline 1 " * 6),
          ("/var/run/postgresql/a/rather/long/directory/of/a/socket:5433", "standby", "up", 1234567, 7654321, 0, "follows timeline 1"))
    cluster = ",".join(f"department_{i}_of_the_company" for i in range(40))
    for table in ("nodes", "topology"):
        for r in overview[table]["rows"]:
            r["cluster"] = cluster
    alert(overview, ("critical", "standby lag", LONG, "x" * 300))


def many_databases(overview):
    twelve(overview)
    for table in ("pools", "latency"):
        like = next(r for r in overview[table]["rows"] if r["database"] == "app")
        overview[table]["rows"] = [row(like, database=f"tenant_{i}", user=f"owner_of_tenant_{i}", **(
            {"cl_active": 100 + i, "cl_waiting": i if i > 30 else 0, "maxwait": i // 5} if table == "pools" else {"level": "database", "recent_count": 1000 * i + 1}))
            for i in range(60)]


def two_clusters_and_plain(overview):
    fenced_and_down(overview)
    other = copy.deepcopy(overview["nodes"]["rows"][1:3])
    for r in other:
        r["cluster"] = "reports"
    overview["nodes"]["rows"] += other
    overview["topology"]["rows"].append(row(overview["topology"]["rows"][0], cluster="reports"))


def no_cluster(overview):
    overview["nodes"]["rows"] = []
    overview["topology"]["rows"] = [row(overview["topology"]["rows"][0], probed=False)]


def past(overview):
    """A quarter of an hour of it, with a dip."""
    moments = 900
    wave = [1 + 0.3 * ((i * 7919) % 13) / 13 - (0.9 if 500 < i < 540 else 0) for i in range(moments)]
    return {"every_ms": 1000, "times": [overview["at_ms"] - 1000 * (moments - i) for i in range(moments)],
            "waiting": [40 if 500 < i < 540 else 0 for i in range(moments)],
            "nodes": [{"cluster": n["cluster"], "node": n["node"], "reads": [round(n.get("reads_per_s", 0) * w, 1) for w in wave],
                       "writes": [round(n.get("writes_per_s", 0) * w, 1) for w in wave],
                       "lag_ms": [None if n["lag_ms"] is None else round(n["lag_ms"] * w) for w in wave]} for n in overview["nodes"]["rows"]],
            "changes": [{"at_ms": overview["at_ms"] - 400000, "cluster": "app", "node": n["node"], "was": "standby, up", "is": "standby, down",
                         "why": n["why"]} for n in overview["nodes"]["rows"]]}


SCENES = [alone, twelve, fenced_and_down, long_names, many_databases, two_clusters_and_plain, no_cluster]


def feed(overview, scene):
    """The script that makes the page see this scene; `overview`: a real one."""
    overview = copy.deepcopy(overview)
    scene(overview)
    return FEED % json.dumps({"overview": overview, "history": past(overview)})
