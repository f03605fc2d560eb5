"""Settings follow the client in transaction mode: never lost, never another client's."""
import struct
import threading

import wire
from run import find_program

SETTINGS = {"lazy_begin": 1}


def test_settings_are_not_mixed_up(t):
    s = t.steer(default_pool_size=2)
    clients = [s.client(application_name=f"client {n}") for n in range(20)]
    for n, c in enumerate(clients):
        c.query(f"SET search_path = 'path_{n}'")
        c.query(f"SET statement_timeout = {1000001 + n}")
        c.query(f"SET my.own_setting = 'value {n}'")
    for _ in range(3):
        for n, c in enumerate(clients):
            got = [c.value(f"SHOW {name}") for name in ("search_path", "statement_timeout", "my.own_setting",
                                                         "application_name")]
            t.equal(got, [f"path_{n}", f"{1000001 + n}ms", f"value {n}", f"client {n}"], f"settings of client {n}")


def test_settings_reach_standbys(t):
    s = t.steer()
    with s.client() as c:
        c.query("SET search_path = 'nowhere'")
        for _ in range(10):
            t.equal(c.value("/* pgsteer: standby */ SELECT current_setting('search_path')"), "nowhere",
                    "search_path on a standby")
            t.equal(c.value("/* pgsteer: primary */ SELECT current_setting('search_path')"), "nowhere",
                    "search_path on the primary")
        c.query("RESET search_path")
        t.equal(c.value("SELECT current_setting('search_path')"), '"$user", public', "after RESET")
        c.query("SET TIME ZONE 'Asia/Tokyo'")
        t.equal(c.value("/* pgsteer: standby */ SELECT current_setting('TimeZone')"), "Asia/Tokyo", "SET TIME ZONE")
        c.query("SET NAMES 'LATIN1'")
        t.equal(c.value("/* pgsteer: standby */ SELECT current_setting('client_encoding')"), "LATIN1", "SET NAMES")
        c.query("RESET ALL")
        t.equal(c.value("SELECT current_setting('client_encoding')"), "UTF8", "after RESET ALL")


def test_reset_goes_back_to_the_startup_packet(t):
    """RESET and DISCARD go back to what the client began with, on whatever server, pinned or not."""
    s = t.steer(default_pool_size=2)
    names = {"work_mem": "6MB", "statement_timeout": "50s", "application_name": "begun"}

    def shown(c):
        return {name: c.value(f"SHOW {name}") for name in names}
    with s.client(database="single", work_mem="6MB", statement_timeout="50s", application_name="begun") as c:
        for pin in (None, "LISTEN reset_channel"):
            if pin:
                c.query(pin)
            for reset in ("RESET ALL", "RESET work_mem", "BEGIN; RESET ALL; COMMIT", "DISCARD ALL"):
                c.query("SET work_mem = '9MB'")
                t.equal(c.value("SHOW work_mem"), "9MB", f"SET after {pin}")
                c.send(wire.query(reset), wire.query("SHOW work_mem"))
                c.result()
                t.equal(c.result().rows, [["6MB"]], f"what comes right behind {reset}, after {pin}")
                t.equal(shown(c), names, f"{reset} after {pin}")
                if pin:
                    c.query(pin)  # DISCARD ALL has ended it
        with s.client(database="single") as other:
            other.query("NOTIFY reset_channel, 'x'")
            t.equal([m.type for m in c.until("A")], ["A"], "the session is still listening")
            t.equal(other.value("SHOW work_mem"), "4MB", "another client")


def test_reset_in_session_pooling(t):
    s = t.steer(pool_mode="session", default_pool_size=1)
    with s.client(options="-c work_mem=23MB", DateStyle="Postgres, DMY") as c:
        for sql in ("RESET ALL", "RESET work_mem", "DISCARD ALL", "SET work_mem TO DEFAULT"):
            c.query("SET work_mem = '9MB'")
            c.query(sql)
            t.equal(c.query("SELECT current_setting('work_mem'), current_setting('DateStyle')").rows, [["23MB", "Postgres, DMY"]], sql)
        c.query("CREATE TEMP TABLE kept(i int)")
        c.query("LISTEN x")
        c.query("BEGIN")
        c.query("RESET work_mem")
        t.equal(c.value("SHOW work_mem"), "23MB", "RESET in a transaction")
        c.query("ROLLBACK")
        t.equal(c.value("SELECT count(*) FROM kept"), "0", "all is there still")
        t.equal(s.pins(), [], "a session that keeps its server is not pinned")
    with s.client() as c:
        t.equal(c.query("SELECT current_setting('work_mem'), current_setting('DateStyle'), to_regclass('kept')").rows,
                [["4MB", "ISO, MDY", None]], "the next one on that server")
        c.query("SET work_mem = '9MB'")
    s.settings["server_reset_query"] = "DEALLOCATE ALL"
    s.reload()
    t.wait(lambda: any(row["value"] == "DEALLOCATE ALL" for row in s.show("CONFIG")), "another reset query")
    with s.client() as c:
        c.query("SET work_mem = '8MB'")
    with s.client() as c:
        t.equal(c.value("SHOW work_mem"), "4MB", "the next one's setting, with a reset query that leaves it alone")


def test_date_styles_by_halves(t):
    """SET DateStyle TO dmy leaves how dates are written as it was, whichever server comes next and whoever had that."""
    s = t.steer(default_pool_size=1)
    day = "SELECT '2001-12-27'::date"
    with s.client(DateStyle="Postgres, MDY") as a, s.client() as b:
        a.query("SET DateStyle TO dmy")
        b.query("SET DateStyle = ymd")
        c = s.client(DateStyle="German")
        c.query("SELECT set_config('datestyle', 'ymd', false)")
        for node in ("primary", "standby", "primary", "standby"):
            hint = f"/* pgsteer: {node} */ "
            t.equal(a.value(hint + day), "27-12-2001", f"Postgres and DMY on the {node}")
            t.equal(b.value(hint + day), "2001-12-27", f"ISO and YMD on the {node}")
            t.equal(c.value(hint + day), "27.12.2001", f"German on the {node}")
            t.equal(b.value(hint + "SHOW DateStyle"), "ISO, YMD", f"the server's style, the own order on the {node}")
            t.equal(c.value(hint + "SHOW DateStyle"), "German, YMD", f"the own style and order on the {node}")
        c.close()


def test_reset_is_reported(t):
    """What a client is told its settings are is what they are, before anything behind it is read or written."""
    line = t.cluster.line("app")
    s = t.steer({"app": line, "session": line + " pool_mode=session"}, default_pool_size=1)
    mine = {"application_name": "begun", "client_encoding": "LATIN1", "DateStyle": "German, DMY", "TimeZone": "Asia/Tokyo",
            "standard_conforming_strings": "off"}
    others = {"application_name": "not mine", "client_encoding": "UTF8", "DateStyle": "ISO, YMD", "TimeZone": "UTC",
              "standard_conforming_strings": "on"}
    written = dict(mine, client_encoding="latin1", DateStyle="german, dmy", TimeZone="asia/tokyo")

    def told(c):
        return {name: c.parameters[name] for name in mine}
    for database, pin in (("app", None), ("app", "LISTEN told_channel"), ("session", None)):
        with s.client(database=database, **written) as c:
            t.equal(told(c), mine, "what is reported at the login")
            for reset in ("RESET ALL", "DISCARD ALL", "BEGIN; RESET ALL; COMMIT", "SET TimeZone TO DEFAULT"):
                if pin:
                    c.query(pin)
                for name in ("TimeZone",) if "TimeZone" in reset else mine:
                    c.query(f"SET {name} TO '{others[name]}'")
                c.query(reset)
                t.equal(told(c), mine, f"what is reported after {reset}, {database}, {pin}")
                t.equal({name: c.value(f"SHOW {name}") for name in mine}, mine, f"what is true after {reset}, {database}, {pin}")
            for end, then in (("COMMIT", "Asia/Tokyo"), ("ROLLBACK", "UTC")):
                c.query("SET TimeZone TO 'UTC'")
                c.query("BEGIN")
                c.query("RESET TimeZone")
                t.equal(c.parameters["TimeZone"], "Asia/Tokyo", "reported inside the transaction")
                c.query(end)
                t.equal((c.parameters["TimeZone"], c.value("SHOW TimeZone")), (then, then), f"after {end}")


def test_reset_of_another_is_not_reported(t):
    s = t.steer()
    with s.client(TimeZone="Asia/Tokyo") as c:
        c.query("BEGIN")
        c.query("SET LOCAL TimeZone TO 'UTC'")
        c.query("RESET work_mem")
        t.equal((c.parameters["TimeZone"], c.value("SHOW TimeZone")), ("UTC", "UTC"), "what is in force, and told")
        c.query("COMMIT")
        t.equal((c.parameters["TimeZone"], c.value("SHOW TimeZone")), ("Asia/Tokyo", "Asia/Tokyo"), "and after it")


def test_settings_of_a_lost_transaction_are_reported(t):
    """What it had set is gone with it: the client is told, before anything else is answered."""
    s = t.steer()
    with s.client(TimeZone="Asia/Tokyo") as c:
        c.query("SET DateStyle TO 'German, DMY'")
        c.query("BEGIN")
        c.query("SET TimeZone TO 'UTC'")
        c.query("SET DateStyle TO 'ISO, YMD'")
        pid = c.value("SELECT pg_backend_pid()")
        t.cluster.primary.query(f"SELECT pg_terminate_backend({pid}, 5000)")
        t.equal([e.sqlstate for e in c.query("SELECT 1", check=False).errors], ["40001"], "the transaction is lost")
        c.query("ROLLBACK")
        got = c.query("SELECT current_setting('TimeZone'), current_setting('DateStyle')")
        t.equal(got.rows, [["Asia/Tokyo", "German, DMY"]], "the settings from before it")
        t.equal([c.parameters["TimeZone"], c.parameters["DateStyle"]], got.rows[0], "what the client was told")
        told = [m.type for m in got.messages]
        t.true("S" in told and "S" not in told[told.index("D"):], f"it was told in front of the row ({told})")


def test_set_inside_transactions(t):
    s = t.steer(default_pool_size=1)
    with s.client() as a, s.client() as b:
        a.query("BEGIN")
        a.query("SET work_mem = '11MB'")
        a.query("ROLLBACK")
        t.equal(a.value("SHOW work_mem"), "4MB", "SET in a transaction that is rolled back")
        a.query("BEGIN")
        a.query("SET work_mem = '12MB'")
        a.query("COMMIT")
        t.equal(b.value("SHOW work_mem"), "4MB", "another client")
        t.equal(a.value("SHOW work_mem"), "12MB", "SET in a transaction that is committed")
        a.query("BEGIN")
        a.query("SET LOCAL work_mem = '13MB'")
        t.equal(a.value("SHOW work_mem"), "13MB", "SET LOCAL inside")
        a.query("COMMIT")
        t.equal(a.value("SHOW work_mem"), "12MB", "SET LOCAL after the transaction")
        got = a.query("SET work_mem = 'nonsense'", check=False)
        t.equal([e.sqlstate for e in got.errors], ["22023"], "a value that is refused")
        t.equal(a.value("SHOW work_mem"), "12MB", "after a refused value")
        t.equal(b.value("SHOW work_mem"), "4MB", "another client at the end")


def test_set_config_and_pg_dump_do_not_poison(t):
    pg_dump = t.tool("pg_dump")
    s = t.steer(default_pool_size=1)
    with s.client() as a, s.client() as b:
        a.query("SELECT pg_catalog.set_config('search_path', '', false)")
        t.equal(a.value("SHOW search_path"), "", "search_path of who emptied it")
        t.equal(b.value("SHOW search_path"), '"$user", public', "search_path of another client")
        t.equal(a.value("SHOW search_path"), "", "it stays with its client")
    t.run.call([pg_dump, "-s", "-d", s.dsn("app")])
    with s.client() as c:
        for _ in range(5):
            t.equal(c.value("SHOW search_path"), '"$user", public', "search_path after pg_dump")


def test_settings_through_the_extended_protocol(t):
    s = t.steer(default_pool_size=1)
    with s.client() as a, s.client() as b:
        a.extended("SET search_path = 'ext'")
        t.equal(b.extended("SHOW search_path").rows, [['"$user", public']], "another client")
        t.equal(a.extended("SHOW search_path").rows, [["ext"]], "SET through Parse follows its client")
        a.extended("SELECT set_config('search_path', 'configured', false)")
        t.equal(b.extended("SHOW search_path").rows, [['"$user", public']], "another client after set_config")
        t.equal(a.extended("SHOW search_path").rows, [["configured"]], "set_config through Parse")


def test_set_config_with_parameters(t):
    """Understood by the values of its Bind, in text and in binary, as without parameters: carried, and not pinned."""
    s = t.steer(default_pool_size=2)
    binary = wire.message("B", wire.text("") + wire.text("") + struct.pack("!HHHH", 3, 0, 1, 1) + struct.pack("!H", 3)
                          + struct.pack("!i", 8) + b"work_mem" + struct.pack("!i", 5) + b"71 MB"
                          + struct.pack("!i", 1) + b"\0" + struct.pack("!HH", 1, 0))
    with s.client() as c, s.client() as other:
        def shown(name, who=c):
            return {who.value(f"SELECT current_setting('{name}', true) FROM (SELECT {n}) x") for n in range(6)}
        c.extended("SELECT set_config('my.one', $1, false)", ["it's"])
        c.extended("SELECT pg_catalog.set_config($1, $2, $3) AS set", ["my.two", "2", "off"])
        c.segment(wire.parse("set", "SELECT set_config($1, $2::text, $3)"))
        c.segment(wire.bind("", "set", ["my.three", "3", "false"]), wire.execute())
        c.segment(wire.parse("", "SELECT set_config($1, $2, $3)"), binary, wire.execute())
        t.equal([shown(f"my.{name}") for name in ("one", "two", "three")], [{"it's"}, {"2"}, {"3"}], "what was set")
        t.equal(shown("work_mem"), {"71MB"}, "set by values in binary")
        t.true(not shown("my.one", other) & {"it's"}, "another client's setting")
        t.equal(shown("work_mem", other), {"4MB"}, "another client's work_mem")
        t.equal(s.pins(), [], "pins")
        c.query("BEGIN")
        c.segment(wire.bind("", "set", ["my.three", "33", "false"]), wire.execute())
        c.query("ROLLBACK")
        t.equal(shown("my.three"), {"3"}, "after a rollback")
        c.query("BEGIN")
        c.segment(wire.bind("", "set", ["my.three", "33", "true"]), wire.execute())
        t.equal(c.value("SHOW my.three"), "33", "one that is local")
        c.query("COMMIT")
        t.equal(shown("my.three"), {"3"}, "after its transaction")
        # What PostgREST sends in front of each request.
        c.query("BEGIN")
        got = c.extended("SELECT set_config('search_path', $1, true), set_config('role', $2, true), "
                         "set_config('request.jwt.claims', $3, true)", ["public, pg_catalog", "app", '{"a": 1}'])
        t.equal(got.rows, [["public, pg_catalog", "app", '{"a": 1}']], "several at once, for the transaction")
        c.query("COMMIT")
        t.equal(s.pins(), [], "pins")
        # Ours are weighed before they are sent.
        c.extended("SELECT set_config($1, $2, false)", ["pgsteer.route", "primary"])
        t.equal({c.value("SELECT inet_server_port()") for _ in range(6)}, {str(t.cluster.primary.port)}, "pgsteer.route")
        e = t.error("22023", lambda: c.extended("SELECT set_config('pgsteer.route', $1, false)", ["nowhere"]), "a wrong word")
        t.contains(e.message, '"pgsteer.route"', "its message")
        e = t.error("22023", lambda: c.extended("SELECT set_config('pgsteer.min_lsn', $1, false)", ["1/2"]), "no position")
        t.contains(e.message, '"pgsteer.min_lsn"', "its message")
        lsn = c.value("SHOW pgsteer.lsn")
        c.extended("SELECT set_config('pgsteer.min_lsn', $1, false)", [lsn])
        c.extended("SELECT set_config('pgsteer.route', $1, false)", ["auto"])
        t.wait(lambda: c.value("SELECT inet_server_port()") != str(t.cluster.primary.port), "standbys to have the floor")
        t.equal(s.pins(), [], "pins")
        for sql, values in (("SELECT set_config('work_mem', NULL, false)", []), ("SELECT set_config($1, $2, $3)", ["work_mem", None, "off"])):
            c.query("SET work_mem = '72MB'")
            c.query("BEGIN")
            c.extended(sql, values)
            c.query("ROLLBACK")
            t.equal(shown("work_mem"), {"72MB"}, f"{sql} that is rolled back")
            c.extended(sql, values)
            t.equal(shown("work_mem"), {"4MB"}, f"{sql}, which resets")
            t.equal(s.pins(), [], f"pins after {sql}")
        for sql, values in (("SELECT set_config($1, $2, $3)", ["my.one", "1", None]), ("SELECT set_config($1, $2, false)", ["my.one", "a\\b"]),
                            ("SELECT set_config('my.one', $1 || 'x', false)", ["a"])):
            with s.client() as pinned:
                pinned.extended(sql, values)
                t.equal(s.pins(), ["setting"], f"the pin of {sql} with {values}")
            t.wait(lambda: s.pins() == [], "the pin to end")


def test_startup_settings(t):
    s = t.steer(default_pool_size=1)
    with s.client(search_path="from_startup", options="-c work_mem=17MB --statement_timeout=31s") as a, \
            s.client(extra_float_digits="3", application_name="node") as b:
        for _ in range(3):
            t.equal([a.value("SHOW search_path"), a.value("SHOW work_mem"), a.value("SHOW statement_timeout")],
                    ["from_startup", "17MB", "31s"], "settings in the startup packet and its options")
            t.equal([b.value("SHOW search_path"), b.value("SHOW work_mem"), b.value("SHOW extra_float_digits"),
                     b.value("SHOW application_name")],
                    ['"$user", public', "4MB", "3", "node"], "another client's")
        a.query("SET work_mem = '1MB'")
        a.query("RESET work_mem")
        t.equal(a.value("SHOW work_mem"), "17MB", "RESET returns to the startup packet's value")


def test_discard_all(t):
    s = t.steer(default_pool_size=1)
    with s.client() as a, s.client() as b:
        b.query("SET search_path = 'b'")
        a.query("SET search_path = 'a'")
        a.query("DISCARD ALL")
        t.equal(a.value("SHOW search_path"), '"$user", public', "after DISCARD ALL")
        t.equal(b.value("SHOW search_path"), "b", "another client's setting survives it")


def test_set_role(t):
    s = t.steer(default_pool_size=1)
    t.cluster.primary.query("GRANT md5_user TO app")
    with s.client() as a, s.client() as b:
        a.query("SET ROLE md5_user")
        t.equal(b.value("SELECT current_user"), "app", "another client's role")
        t.equal(a.value("SELECT current_user"), "md5_user", "the role follows its client")
        a.query("RESET ROLE")
        t.equal(a.value("SELECT current_user"), "app", "RESET ROLE")


def test_cursors_with_hold_and_sql_prepare_pin(t):
    s = t.steer(default_pool_size=3)
    with s.client() as a, s.client() as b:
        a.query("PREPARE plan AS SELECT 'a'")
        b.query("PREPARE plan AS SELECT 'b'")
        for _ in range(3):
            t.equal((a.value("EXECUTE plan"), b.value("EXECUTE plan")), ("a", "b"), "SQL PREPARE of the same name")
        a.query("DECLARE held CURSOR WITH HOLD FOR SELECT generate_series(1, 10)")
        b.query("SELECT 1")
        t.equal(a.query("FETCH 3 FROM held").rows, [["1"], ["2"], ["3"]], "a cursor WITH HOLD")
        t.equal(a.query("FETCH 2 FROM held").rows, [["4"], ["5"]], "and the next rows")
        a.query("CLOSE held; DEALLOCATE plan")


def test_mixed_load_of_settings(t):
    s = t.steer(default_pool_size=3)
    wrong = []

    def work(n):
        try:
            with s.client(application_name=f"w{n}") as c:
                for i in range(40):
                    c.query(f"SET my.value = '{n}-{i}'")
                    got = c.value("SELECT current_setting('my.value') || ' ' || current_setting('application_name')")
                    if got != f"{n}-{i} w{n}":
                        wrong.append(f"client {n}, round {i}: got {got!r}")
        except Exception as e:
            wrong.append(f"client {n}: {e!r}")
    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.equal(wrong, [], "settings of 16 clients over 3 servers a node")


def test_psql_variables_in_the_environment(t):
    s = t.steer()
    done = t.run.call([find_program("psql"), "-X", "-A", "-t", "-q", s.dsn(), "-c", "SHOW work_mem"],
                      env={"PGOPTIONS": "-c work_mem=23MB"})
    t.equal(done.stdout.strip(), "23MB", "PGOPTIONS of psql")


def test_reset_all_keeps_the_role(t):
    t.cluster.primary.query("CREATE ROLE st_kept; GRANT st_kept TO app")
    t.cluster.wait_replayed()
    s = t.steer()
    with s.client() as c:
        c.query("SET ROLE st_kept")
        c.query("SET work_mem = '9MB'")
        c.query("RESET ALL")
        for node in ("primary", "standby"):
            t.equal(c.query(f"/* pgsteer: {node} */ SELECT current_user, current_setting('work_mem')").rows,
                    [["st_kept", "4MB"]], f"role and setting after RESET ALL on the {node}")


def test_settings_of_transactions_in_one_query(t):
    for before, text, expected in (
            ((), "BEGIN; SET work_mem = '9MB'; COMMIT; SELECT 1/0", "9MB"),
            ((), "BEGIN; SET work_mem = '9MB'; ROLLBACK; SELECT 1", "4MB"),
            ((), "BEGIN; SET work_mem = '9MB'; COMMIT; BEGIN; SELECT 1; ROLLBACK", "9MB"),
            (("BEGIN", "SET work_mem = '9MB'"), "ROLLBACK; SELECT 1", "4MB"),
            (("BEGIN", "SET work_mem = '9MB'"), "COMMIT; SELECT 1", "9MB"),
            (("BEGIN", "SET work_mem = '9MB'"), "COMMIT; SELECT 1/0", "9MB"),
            (("BEGIN", "SAVEPOINT a", "SET work_mem = '9MB'", "ROLLBACK TO a; SELECT 1"), "COMMIT", "4MB"),
            (("BEGIN", "SAVEPOINT a", "SET work_mem = '9MB'", "ROLLBACK TO a"), "COMMIT", "4MB"),
            (("BEGIN", "SET work_mem = '9MB'", "SAVEPOINT a", "SET work_mem = '8MB'", "RELEASE a"), "COMMIT", "8MB")):
        s = t.steer(default_pool_size=1)
        with s.client() as c:
            for sql in before:
                c.query(sql)
            c.query(text, check=False)
            t.equal(c.value("SHOW work_mem"), expected, f"the own setting after {before} {text!r}")
        with s.client() as other:
            t.equal(other.value("SHOW work_mem"), "4MB", f"another client's after {before} {text!r}")
        s.stop()


def test_savepoints_bring_settings_back(t):
    """ROLLBACK TO undoes SET, in whatever packing, and the session is not pinned for it."""
    tries = [
        (["SET work_mem = '5MB'", "SAVEPOINT a", "SET work_mem = '6MB'", "ROLLBACK TO a"], "5MB"),
        (["SET work_mem = '5MB'", "SAVEPOINT a", "SET work_mem = '6MB'", "RELEASE a"], "6MB"),
        (["SAVEPOINT a", "SET work_mem = '5MB'", "SAVEPOINT A", "SET work_mem = '6MB'", "ROLLBACK TO a"], "5MB"),
        (["SAVEPOINT a", "SET work_mem = '5MB'", "SAVEPOINT a", "RELEASE a", "ROLLBACK TO a"], "4MB"),
        (["SAVEPOINT \"A\"", "SET work_mem = '5MB'", "SAVEPOINT a", "SET work_mem = '6MB'",
          "ROLLBACK TO SAVEPOINT \"A\""], "4MB"),
        (["SAVEPOINT a", "SET work_mem = '5MB'", "SAVEPOINT b", "SET work_mem = '6MB'", "RELEASE SAVEPOINT b",
          "ROLLBACK TO a"], "4MB"),
        (["SAVEPOINT a", "SET work_mem = '5MB'", "SELECT 1/0", "ROLLBACK TO a"], "4MB"),
        (["SAVEPOINT a", "SET work_mem = '5MB'", "SET work_mem = 'x'", "ROLLBACK TO a", "SET work_mem = '7MB'"], "7MB"),
        (["SAVEPOINT a; SET work_mem = '5MB'; ROLLBACK TO a; SAVEPOINT b; SET work_mem = '8MB'; SELECT 1/0",
          "ROLLBACK TO a"], "4MB"),
        (["SET work_mem = '5MB'", "SAVEPOINT a", "RESET work_mem", "ROLLBACK TO a"], "5MB"),
        (["SAVEPOINT a", "SELECT set_config('work_mem', '5MB', false)", "ROLLBACK TO a"], "4MB"),
        (["SET work_mem = '5MB'", "SAVEPOINT a"] * 300 + ["SET work_mem = '6MB'", "ROLLBACK TO a"], "5MB"),
    ]
    s = t.steer(default_pool_size=1)
    for statements, expected in tries:
        for extended in (False, True):
            with s.client(database="single") as c:
                c.query("BEGIN")
                for sql in statements:
                    if extended and ";" not in sql:
                        c.extended(sql, check=False)
                    else:
                        c.query(sql, check=False)
                t.equal(c.value("SHOW work_mem"), expected, f"inside, after {statements[:6]}")
                c.query("COMMIT")
                t.equal(s.pins(), [], f"pins after {statements[:6]}")
                with s.client(database="single") as other:
                    t.equal(other.value("SHOW work_mem"), "4MB", f"another client's, after {statements[:6]}")
                t.equal(c.value("SHOW work_mem"), expected, f"the own, after {statements[:6]}")


def test_reset_inside_a_transaction(t):
    """It goes back to what the client began with, there and then."""
    s = t.steer(default_pool_size=1)
    with s.client(database="single", work_mem="6MB", application_name="begun") as c:
        for end in ("COMMIT", "ROLLBACK"):
            for reset in ("RESET work_mem", "RESET ALL", "SET work_mem TO DEFAULT"):
                c.query("SET work_mem = '9MB'")
                c.query("BEGIN")
                c.query(reset)
                t.equal(c.value("SHOW work_mem"), "6MB", f"behind {reset}")
                t.equal(c.value("SHOW application_name"), "begun", f"application_name behind {reset}")
                c.query("SAVEPOINT a")
                c.query("SET work_mem = '7MB'")
                c.query("ROLLBACK TO a")
                t.equal(c.value("SHOW work_mem"), "6MB", f"behind {reset} and ROLLBACK TO")
                c.query(end)
                t.equal(c.value("SHOW work_mem"), "6MB" if end == "COMMIT" else "9MB", f"{reset}, {end}")
                with s.client(database="single") as other:
                    t.equal(other.value("SHOW work_mem"), "4MB", "another client's")


def test_what_pins_and_what_ends_it(t):
    t.sql("CREATE TABLE st_pin(i int)", "INSERT INTO st_pin VALUES (1)")
    pins = [("LISTEN st_a", "LISTEN", "UNLISTEN *"),
            ("CREATE TEMP TABLE st_temp(i int)", "temporary table", "DISCARD TEMP"),
            ("CREATE FUNCTION pg_temp.st_f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "temporary table", "DISCARD ALL"),
            ("SELECT i INTO TEMP st_into FROM st_pin", "temporary table", "DISCARD TEMP"),
            ("PREPARE st_p AS SELECT 1", "PREPARE", "DEALLOCATE ALL"),
            ("DECLARE st_c CURSOR WITH HOLD FOR SELECT 1", "WITH HOLD cursor", "CLOSE ALL"),
            ("SELECT pg_advisory_lock(7)", "advisory lock", "SELECT pg_advisory_unlock_all()"),
            ("SELECT pg_try_advisory_lock(8)", "advisory lock", "DISCARD ALL"),
            ("LOAD 'plpgsql'", "LOAD", "DISCARD ALL"),
            ("SET TIME ZONE INTERVAL '1' HOUR", "setting", "DISCARD ALL"),
            ("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE, DEFERRABLE", "setting", "DISCARD ALL"),
            ("UPDATE pg_settings SET setting = '5MB' WHERE name = 'work_mem'", "setting", "DISCARD ALL"),
            ("update only pg_catalog . \"pg_settings\" SET setting = '5MB' WHERE name = 'work_mem'", "setting", "DISCARD ALL"),
            ("SELECT set_config('work_' || 'mem', '5MB', false)", "setting", "DISCARD ALL")]
    s = t.steer(default_pool_size=2)
    for sql, why, end in pins:
        for extended in (False, True):
            with s.client() as c:
                run = c.extended if extended else c.query
                run(sql, check=not sql.startswith("LOAD"))  # which only a superuser may, but pins all the same
                t.equal(s.pins(), [why], f"pin after {sql}")
                if "ALL" in end:
                    c.query("BEGIN")
                    c.query(end, check=False)
                    c.query("ROLLBACK")
                    t.equal(s.pins(), [why], f"{end} that is rolled back")
                run(end)
                t.wait(lambda: s.pins() == [], f"the pin to end with {end}")
    with s.client() as c:
        c.query("LISTEN st_a")
    t.wait(lambda: s.pins() == [], "the pin to end with its client")


def test_pins_end_with_the_last_name(t):
    """CLOSE of the last cursor WITH HOLD, UNLISTEN of the last channel, unless that was rolled back or did not run."""
    names = ("Cursor", '"Cursor"', "c3")
    kinds = (("WITH HOLD cursor", "DECLARE {} CURSOR WITH HOLD FOR SELECT generate_series(1, 9)", "CLOSE {}"),
             ("LISTEN", "LISTEN {}", "UNLISTEN {}"))
    s = t.steer(default_pool_size=2)
    for why, begin, end in kinds:
        for extended in (False, True):
            with s.client() as c:
                run = c.extended if extended else c.query
                for name in names:
                    run(begin.format(name))
                for name in (names[1], names[2], '"not there"'):
                    run(end.format(name), check=False)
                t.equal(s.pins(), [why], f"{end} of all but one")
                run("BEGIN")
                run("SAVEPOINT a")
                run(end.format('"not there"'), check=False)
                run(end.format(names[0]), check=False)
                run("ROLLBACK TO a")
                run("COMMIT")
                t.equal(s.pins(), [why], f"{end} that has not run")
                run("BEGIN")
                run(end.format(names[0]))
                t.equal(s.pins(), [why], f"{end} in a transaction")
                run("COMMIT")
                t.wait(lambda: s.pins() == [], f"the pin to end with {end} of the last")
                run(begin.format("again"))
                t.equal(s.pins(), [why], f"pin after {begin}, again")
                run(end.format("AGAIN"))
                t.wait(lambda: s.pins() == [], "the second pin to end")
        with s.client() as c:
            for n in range(20):  # more than are counted
                c.query(begin.format(f"n{n}"))
            for n in range(19):
                c.query(end.format(f"n{n}"))
            t.equal(s.pins(), [why], f"{end} of many, but of one")


def test_pins_of_texts_that_break_off(t):
    """What has run of a text stays, and what has not run ends no pin."""
    s = t.steer(default_pool_size=2)
    for sql, why in (("SELECT pg_advisory_lock(9); SELECT 1 / 0; SELECT pg_advisory_unlock_all()", "advisory lock"),
                     ("BEGIN; LISTEN st_a; COMMIT; SELECT 1 / 0; UNLISTEN *", "LISTEN"),
                     ("BEGIN; LISTEN st_a; COMMIT; SELECT 1 / 0; UNLISTEN st_a", "LISTEN")):
        with s.client() as c:
            t.equal([e.sqlstate for e in c.query(sql, check=False).errors], ["22012"], sql)
            t.equal(s.pins(), [why], f"pins after {sql}")
        t.wait(lambda: s.pins() == [], "the pin to end with its client")
    with s.client() as c:
        c.query("DECLARE st_c CURSOR WITH HOLD FOR SELECT 1; CLOSE st_c")
        c.query("LISTEN st_a; UNLISTEN *")
        t.wait(lambda: s.pins() == [], "what a text has ended itself")


def test_pin_session_state_off(t):
    """PgBouncer's behaviour: what cannot follow is lost; but no setting reaches another client."""
    s = t.steer(default_pool_size=1, pin_session_state=0)
    with s.client(database="single") as a, s.client(database="single") as b:
        a.query("PREPARE st_p AS SELECT 1")
        a.query("LISTEN st_a")
        t.equal(s.pins(), [], "pins")
        t.equal(b.value("EXECUTE st_p"), "1", "the one server serves both")
        a.query("SELECT set_config('work_' || 'mem', '5MB', false)")
        t.equal(b.value("SHOW work_mem"), "4MB", "another client's setting")


def test_backslashes_in_plain_strings(t):
    """With standard_conforming_strings off a string ends elsewhere, and what is behind it is something else."""
    t.sql("CREATE TABLE st_bs(t text)")
    s = t.steer()
    hidden = "INSERT INTO st_bs SELECT 'a\\'; SELECT '''"  # off: one INSERT; on: it and a SELECT
    for how in (lambda c: c.query("SET standard_conforming_strings = off"),
                lambda c: c.query("SELECT set_config('standard_conforming_strings', 'off', false)")):
        with s.client() as c:
            how(c)
            for _ in range(3):
                c.query(hidden)
                got = c.query("SELECT 'x\\'; SET work_mem = ''9MB'' --'")
                t.equal(got.rows, [["x'; SET work_mem = '9MB' --"]], "a string with a quote in it")
                t.equal(c.value("SHOW work_mem"), "4MB", "the setting that stands in a string")
            t.equal(c.value("SELECT count(*) FROM st_bs"), "3", "rows")
            c.query("TRUNCATE st_bs")
    with s.client(options="-c standard_conforming_strings=off") as c:
        c.query("SELECT 'x\\'; SET work_mem = ''9MB'' --'")
        t.equal(c.value("SHOW work_mem"), "4MB", "the setting that stands in a string, by the startup packet")


def test_settings_in_pipelines(t):
    """What is sent behind segments that are not answered yet is carried as if it had been sent alone, whatever becomes of those."""
    def run(c, first, last, extended):
        if not extended:
            c.send(*(wire.query(sql) for sql in (*first, last)))
        else:
            c.send(*(m for sql in (*first, last) for m in (wire.parse("", sql), wire.bind(), wire.execute(), wire.sync())))
        for _ in (*first, last):
            c.result(check=False)
    s = t.steer(default_pool_size=1)
    for first in (["SELECT 1"], ["SELECT 1/0"], ["COMMIT AND CHAIN"], ["SELECT 1", "SELECT 1/0", "SET LOCAL work_mem = '1MB'"], ["SELECT 1/0", "SELECT 1"]):
        for last, mine in (("SET work_mem = '9MB'", "9MB"), ("SELECT set_config('work_mem', '9MB', false)", "9MB"), ("RESET work_mem", "6MB"),
                           ("SET work_mem = 'none'", "7MB")):
            for extended in (False, True):
                with s.client(database="single", work_mem="6MB") as c, s.client(database="single") as other:
                    c.query("SET work_mem = '7MB'")
                    run(c, first, last, extended)
                    t.equal(other.value("SHOW work_mem"), "4MB", f"another client's after {first} and {last}")
                    t.equal(c.value("SHOW work_mem"), mine, f"the own after {first} and {last}")
                    t.equal(s.pins(), [], f"pins after {first} and {last}")
    with s.client(database="single") as c:
        c.query("LISTEN pipelined")
        run(c, ["SELECT 1"], "BEGIN; UNLISTEN *; ROLLBACK", False)
        t.equal(s.pins(), ["LISTEN"], "pins after UNLISTEN is rolled back")
        run(c, ["SELECT 1"], "UNLISTEN *", False)
        t.equal(s.pins(), [], "pins after UNLISTEN")


def test_names_of_settings(t):
    """Quoted or not, in parts, with blanks: the same parameter, on each server."""
    s = t.steer(default_pool_size=1)
    with s.client(options="-c st.Value=begun") as c:
        for name in ('st.value', '"st"."value"', 'ST."Value"', '"sT".VALUE', 'st . value', 'st/* */.value', '"st.value"', "\"st\" .\n value"):
            c.query(f"SET {name} = 'mine'")
            for node in ("primary", "standby"):
                t.equal(c.value(f"/* pgsteer: {node} */ SELECT current_setting('st.value')"), "mine", f"{name} on the {node}")
            c.query("DISCARD ALL")
            c.query("SET st.value = 'other'")
            c.query(f"RESET {name}")
            if "/*" not in name:
                t.equal(s.pins(), [], f"pins after {name}")
                for node in ("primary", "standby"):
                    t.equal(c.value(f"/* pgsteer: {node} */ SELECT current_setting('st.value')"), "begun", f"RESET {name} on the {node}")
            c.query("DISCARD ALL")
        e = t.error("42601", lambda: c.query('SET "st"x = 1'), "no name")
        t.contains(e.message, "syntax error", "its message")
