"""report: the table, the verdicts and the picture."""
from html import escape

from measure import middle, ratio

PEERS = ("pgsteer", "routed", "relay", "haproxy", "pgpool", "direct")
UNITS = {"query": ("cpu_us", "CPU us"), "GB": ("cpu_s_per_gb", "CPU s/GB")}


def shown(value):
    return "-" if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def lines_of(row):
    """[(label, figure)] that the table shows of a workload."""
    speed = ("MB/s", "mb_per_second") if row.unit == "GB" else ("per second", "per_second")
    lines = [(UNITS[row.unit][1], UNITS[row.unit][0]), ("instructions", "instructions"), speed]
    if row.unit == "query":
        lines += [("p50 us", "p50_us"), ("p99 us", "p99_us"), ("p99.9 us", "p999_us")]
    if row.group == "fairness":
        lines.append(("longest us", "max_us"))
    if row.options.get("idle"):
        lines.append(("bytes an idle", "idle_bytes"))
    return lines


def table(rows, results, out):
    """The base's own figure, then everybody's ratio to it. The base is PgBouncer, or pgsteer where that has no part."""
    names = [name for name in PEERS if any(name in results.get(row.name, {}) for row in rows)]
    out(f"{'':53}{'PgBouncer':>12}" + "".join(f"{name:>9}" for name in names))
    for row in rows:
        found = results.get(row.name, {})
        base = "pgbouncer" if "pgbouncer" in found else "pgsteer"
        for number, (label, key) in enumerate(lines_of(row)):
            own = middle(found.get(base, []), key)
            if not own:
                continue
            text = f"{row.name if number == 0 else '':40.40}{label:>13}"
            text += f"{shown(own) + ('*' if base == 'pgsteer' else ' '):>12}"
            out(text + "".join(f"{shown(ratio(found.get(name, []), found[base], key)):>9}" for name in names))
    if any("pgbouncer" not in results.get(row.name, {}) for row in rows):
        out("* pgsteer's own figure: PgBouncer has no part in it")


def verdict_lines(verdicts, out):
    if not verdicts:
        return
    out(f"{'goal':60}{'wanted':>10}{'measured':>10}{'':>6}{'floor':>8}{'above it':>10}")
    for v in verdicts:
        floor = f"{v['floor']:8.2f}{(v['measured'] / v['floor'] - 1) * 100:+9.0f} %" if v["floor"] else ""
        out(f"{v['goal']:60}{'>=' if v['least'] else '<='}{shown(v['limit']):>8}{shown(v['measured']):>10}"
            f"{'met' if v['met'] else 'MISSED':>8}{floor}")
    out(f"{sum(v['met'] for v in verdicts)} goals met, {sum(not v['met'] for v in verdicts)} missed")


# ---- the picture -----------------------------------------------------------------------------------------

WIDTH, LEFT, RIGHT, LINE, TOP = 900, 330, 40, 26, 70
COLORS = {"pgsteer": "#2f6db5", "relay": "#8a8f98", "goal": "#c0392b", "base": "#444"}


def picture(rows, results, verdicts):
    """SVG: pgsteer's CPU beside PgBouncer's, workload by workload, with the relay's and the goal."""
    limits = {v["goal"].partition(": CPU")[0]: v["limit"] for v in verdicts}
    bars = []
    for row in rows:
        found, key = results.get(row.name, {}), UNITS[row.unit][0]
        base = found.get("pgbouncer", [])
        mine, relay = (ratio(found.get(name, []), base, key) for name in ("pgsteer", "relay"))
        if mine:
            bars.append((row.name, mine, relay, limits.get(row.name)))
    most = max([1.2, *(bar[1] for bar in bars)])
    height = TOP + LINE * len(bars) + 50

    def x(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * value / most
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
             f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
             '<text x="16" y="26" font-size="17" font-weight="bold">Processor time of the pooler, as a ratio to PgBouncer</text>',
             f'<text x="16" y="46" fill="#555">shorter is better; <tspan fill="{COLORS["pgsteer"]}">bar: pgsteer</tspan>, '
             f'<tspan fill="{COLORS["relay"]}">diamond: a minimal relay (the floor)</tspan>, '
             f'<tspan fill="{COLORS["goal"]}">tick: the goal</tspan></text>']
    for tick in range(0, int(most * 5) + 1):
        at = tick / 5
        parts.append(f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{TOP - 8}" y2="{height - 36}" '
                     f'stroke="{COLORS["base"] if tick == 5 else "#ddd"}"/>'
                     f'<text x="{x(at):.1f}" y="{height - 18}" text-anchor="middle" fill="#555">{at:.1f}</text>')
    for number, (name, mine, relay, limit) in enumerate(bars):
        y = TOP + LINE * number
        parts.append(f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
                     f'<rect x="{LEFT}" y="{y + 3}" width="{x(mine) - LEFT:.1f}" height="15" rx="2" fill="{COLORS["pgsteer"]}"/>'
                     f'<text x="{LEFT + 6}" y="{y + 15}" fill="#fff" font-size="11">{mine:.2f}</text>')
        if relay:
            middle_of = x(relay)
            parts.append(f'<path d="M{middle_of:.1f} {y + 4}l6 6.5l-6 6.5l-6 -6.5z" fill="{COLORS["relay"]}" stroke="#fff"/>')
        if limit:
            parts.append(f'<line x1="{x(limit):.1f}" x2="{x(limit):.1f}" y1="{y}" y2="{y + 21}" stroke="{COLORS["goal"]}" '
                         'stroke-width="3"/>')
    return "\n".join(parts) + "\n</svg>\n"
