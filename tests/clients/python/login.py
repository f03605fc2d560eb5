"""login DRIVER: logs in as the lines of its input say; psql and Python's drivers. README.md has the contract."""
import asyncio
import subprocess
import sys
import urllib.parse

TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey")


class Refused(Exception):
    """With an SQLSTATE where the driver tells it, and what the client says."""


def conninfo(a):
    names = ("host", "port", "user", "password", "dbname", "channel_binding", *TLS)
    return " ".join(f"{name}={a[name]}" for name in names if name in a) + " connect_timeout=20"


def psql(a):
    done = subprocess.run(["psql", "-XAtq", "-c", "\\conninfo", "-c", "SELECT current_user", conninfo(a)], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise Refused("-", done.stderr)
    return done.stdout.splitlines()[-1], "SSL connection" in done.stdout


def psycopg2(a):
    import psycopg2 as driver
    try:
        c = driver.connect(conninfo(a))
    except driver.OperationalError as e:
        raise Refused("-", str(e)) from e
    with c, c.cursor() as cursor:
        cursor.execute("SELECT current_user")
        outcome = cursor.fetchone()[0], c.info.ssl_in_use
    c.close()
    return outcome


def psycopg3(a):
    import psycopg
    try:
        with psycopg.connect(conninfo(a)) as c:
            return c.execute("SELECT current_user").fetchone()[0], bool(c.pgconn.ssl_in_use)
    except psycopg.OperationalError as e:
        raise Refused("-", str(e)) from e


def asyncpg(a):
    import asyncpg as driver
    query = urllib.parse.urlencode({name: a[name] for name in TLS if name in a})
    url = f"postgresql://{a['user']}:{a['password']}@{a['host']}:{a['port']}/{a['dbname']}?{query}"

    async def login():
        c = await driver.connect(url, timeout=20)
        try:
            return await c.fetchval("SELECT current_user"), c._transport.get_extra_info("ssl_object") is not None
        finally:
            await c.close()
    try:
        return asyncio.run(login())
    except (driver.PostgresError, driver.InterfaceError, OSError) as e:
        raise Refused(getattr(e, "sqlstate", None) or "-", str(e) or type(e).__name__) from e


def main(login):
    for line in sys.stdin:
        try:
            user, tls = login(dict(word.split("=", 1) for word in line.rstrip("\n").split("\t")))
            said = f"in\t{user}\t{'TLS' if tls else 'clear text'}"
        except Refused as e:
            said = f"refused\t{e.args[0]}\t{' '.join(e.args[1].split())}"
        print(said, flush=True)


if __name__ == "__main__":
    main(globals()[sys.argv[1]])
