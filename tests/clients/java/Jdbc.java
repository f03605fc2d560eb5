// pgJDBC: BEGIN in front of the first statement, COMMIT as a prepared statement, prepareThreshold, fetch size, COPY.
import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

public class Jdbc {
    interface Case {
        void run() throws Exception;
    }

    interface Work {
        void run(int who) throws Exception;
    }

    static void test(String name, Case body) {
        try {
            body.run();
            System.out.println("ok " + name);
        } catch (Throwable e) {
            e.printStackTrace();
            System.out.println("not ok " + name + ": " + e.toString().replaceAll("\\s+", " "));
        }
    }

    static void equal(Object got, Object expected, String what) {
        if (!expected.equals(got)) {
            throw new IllegalStateException(what + ": expected " + expected + ", got " + got);
        }
    }

    static void fails(String state, Case body) throws Exception {
        try {
            body.run();
        } catch (SQLException e) {
            equal(e.getSQLState(), state, "SQLSTATE of " + e.getMessage());
            return;
        }
        throw new IllegalStateException("expected SQLSTATE " + state);
    }

    static void together(int count, Work work) throws Exception {
        AtomicReference<Throwable> wrong = new AtomicReference<>();
        Thread[] threads = new Thread[count];
        for (int i = 0; i < count; i++) {
            int who = i;
            threads[i] = new Thread(() -> {
                try {
                    work.run(who);
                } catch (Throwable e) {
                    wrong.compareAndSet(null, e);
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        if (wrong.get() != null) {
            throw new Exception(wrong.get());
        }
    }

    static Connection connect(String... settings) throws SQLException {
        Properties p = new Properties();
        p.setProperty("user", System.getenv("DB_USER"));
        p.setProperty("password", System.getenv("DB_PASSWORD"));
        p.setProperty("sslmode", "disable");
        for (int i = 0; i < settings.length; i += 2) {
            p.setProperty(settings[i], settings[i + 1]);
        }
        return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("DB_HOST") + ":"
            + System.getenv("DB_PORT") + "/" + System.getenv("DB_NAME"), p);
    }

    static String one(Connection c, String sql, Object... values) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                s.setObject(i + 1, values[i]);
            }
            try (ResultSet r = s.executeQuery()) {
                r.next();
                return r.getString(1);
            }
        }
    }

    static void run(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(sql);
        }
    }

    static void sureOfSettings(Connection c, String own) throws SQLException {
        equal(one(c, "SELECT current_setting('my.own') || '/' || public.poison()"), own + "/", "settings");
    }

    static void threads(String threshold) throws Exception {
        try (Connection c = connect()) {
            run(c, "DROP TABLE IF EXISTS jdbc_rows");
            run(c, "CREATE TABLE jdbc_rows (who int, i int)");
        }
        together(5, who -> {
            try (Connection c = connect("prepareThreshold", threshold, "options", "-c my.own=jdbc_" + who)) {
                c.setAutoCommit(false);
                PreparedStatement put = c.prepareStatement("INSERT INTO jdbc_rows VALUES (?, ?)");
                for (int i = 0; i < 30; i++) {
                    put.setInt(1, who);
                    put.setInt(2, i);
                    equal(put.executeUpdate(), 1, "a row");
                    sureOfSettings(c, "jdbc_" + who);
                    if (i % 2 == 1) {
                        c.rollback();
                    } else {
                        c.commit();
                    }
                    equal(one(c, "SELECT count(*) FROM jdbc_rows WHERE who = ?", who), "" + (i / 2 + 1), "rows so far");
                    c.commit();
                }
            }
        });
    }

    static void statementsBeyondTheCache() throws Exception {
        try (Connection c = connect("prepareThreshold", "1", "preparedStatementCacheQueries", "5")) {
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < 40; i++) {
                    equal(one(c, "SELECT " + i + " + ?", round), "" + (i + round), "a statement");
                }
            }
            try (PreparedStatement kept = c.prepareStatement("SELECT ?::text || 'x'")) {
                for (int i = 0; i < 40; i++) {
                    kept.setString(1, "k" + i);
                    try (ResultSet r = kept.executeQuery()) {
                        r.next();
                        equal(r.getString(1), "k" + i + "x", "a statement kept open");
                    }
                }
            }
        }
    }

    static void sessionCharacteristics() throws Exception {
        try (Connection c = connect(); Connection other = connect()) {
            c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE); // SET SESSION CHARACTERISTICS
            for (int i = 0; i < 15; i++) {
                equal(one(c, "SHOW transaction_isolation"), "serializable", "isolation");
                equal(one(other, "SHOW transaction_isolation"), "read committed", "another client's");
            }
            c.setReadOnly(true);
            c.setAutoCommit(false);
            for (int i = 0; i < 15; i++) {
                equal(one(c, "SHOW transaction_read_only"), "on", "read only");
                equal(one(other, "SHOW transaction_read_only"), "off", "another client's");
                c.commit();
            }
            fails("25006", () -> run(c, "CREATE TABLE jdbc_never (i int)"));
            c.rollback();
            c.setReadOnly(false);
            run(c, "CREATE TEMP TABLE jdbc_temp (i int)");
            c.rollback();
        }
    }

    static void savepointsAndErrors() throws Exception {
        try (Connection c = connect("autosave", "always", "prepareThreshold", "1")) {
            run(c, "DROP TABLE IF EXISTS jdbc_keys");
            run(c, "CREATE TABLE jdbc_keys (i int PRIMARY KEY)");
            c.setAutoCommit(false);
            for (int i = 0; i < 15; i++) {
                String sql = "INSERT INTO jdbc_keys VALUES (" + i + ")";
                run(c, sql);
                Savepoint s = c.setSavepoint();
                fails("23505", () -> run(c, sql));
                c.rollback(s);
                c.commit();
            }
            equal(one(c, "SELECT count(*) FROM jdbc_keys"), "15", "rows");
            c.commit();
        }
    }

    static void portalsAndBatches() throws Exception {
        try (Connection c = connect("reWriteBatchedInserts", "true")) {
            run(c, "DROP TABLE IF EXISTS jdbc_batch");
            run(c, "CREATE TABLE jdbc_batch (i int, t text)");
            c.setAutoCommit(false);
            try (PreparedStatement s = c.prepareStatement("INSERT INTO jdbc_batch VALUES (?, ?)")) {
                for (int i = 0; i < 500; i++) {
                    s.setInt(1, i);
                    s.setString(2, "t" + i);
                    s.addBatch();
                }
                equal(s.executeBatch().length, 500, "a batch");
            }
            c.commit();
            try (PreparedStatement s = c.prepareStatement("SELECT i FROM jdbc_batch ORDER BY i")) {
                s.setFetchSize(20);
                try (ResultSet r = s.executeQuery()) {
                    for (int i = 0; i < 500; i++) {
                        equal(r.next(), true, "a row");
                        equal(r.getInt(1), i, "in portions of 20");
                    }
                }
            }
            c.commit();
        }
    }

    static void copyBothWays() throws Exception {
        try (Connection c = connect()) {
            run(c, "DROP TABLE IF EXISTS jdbc_copy");
            run(c, "CREATE TABLE jdbc_copy (i int, t text)");
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 2000; i++) {
                text.append(i).append("\trow ").append(i).append('\n');
            }
            var copy = c.unwrap(PGConnection.class).getCopyAPI();
            equal(copy.copyIn("COPY jdbc_copy FROM STDIN", new StringReader(text.toString())), 2000L, "rows in");
            StringWriter back = new StringWriter();
            copy.copyOut("COPY (SELECT * FROM jdbc_copy ORDER BY i) TO STDOUT", back);
            equal(back.toString(), text.toString(), "what COPY brings back");
        }
    }

    static void largeObjects() throws Exception {
        byte[] data = new byte[200000];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) i;
        }
        try (Connection c = connect()) {
            c.setAutoCommit(false);
            LargeObjectManager all = c.unwrap(PGConnection.class).getLargeObjectAPI(); // by function calls
            long oid = all.createLO();
            LargeObject object = all.open(oid, LargeObjectManager.WRITE);
            object.write(data);
            object.close();
            c.commit();
            object = all.open(oid, LargeObjectManager.READ);
            equal(Arrays.equals(object.read(data.length), data), true, "a large object that comes back");
            object.close();
            all.delete(oid);
            c.commit();
        }
    }

    static void notifications() throws Exception {
        try (Connection c = connect(); Connection other = connect()) {
            run(c, "LISTEN jdbc_channel");
            for (int i = 0; i < 5; i++) {
                one(other, "SELECT pg_notify('jdbc_channel', ?)", "p" + i);
                PGNotification[] got = c.unwrap(PGConnection.class).getNotifications(20000);
                equal(got == null ? 0 : got.length, 1, "notifications");
                equal(got[0].getParameter(), "p" + i, "payload");
            }
            run(c, "UNLISTEN *");
        }
    }

    static void timeoutsCancel() throws Exception {
        try (Connection c = connect(); Statement s = c.createStatement()) {
            s.setQueryTimeout(1);
            fails("57014", () -> s.execute("SELECT pg_sleep(30)"));
            equal(one(c, "SELECT 1"), "1", "afterwards");
        }
    }

    static final int PRIMARY = Integer.parseInt(System.getenv().getOrDefault("PRIMARY_PORT", "0"));

    static boolean onPrimary(Connection c) throws SQLException {
        return one(c, "SELECT inet_server_port()").equals("" + PRIMARY);
    }

    // setReadOnly puts BEGIN READ ONLY in front of the first statement; COMMIT becomes a prepared statement, S_n.
    static void routing() throws Exception {
        try (Connection setup = connect()) {
            run(setup, "DROP TABLE IF EXISTS jdbc_routed");
            run(setup, "CREATE TABLE jdbc_routed (i int)");
        }
        try (Connection c = connect("prepareThreshold", "1")) {
            int here = 0;
            for (int i = 0; i < 20; i++) {
                here += onPrimary(c) ? 1 : 0;
            }
            equal(here <= 5, true, here + " of 20 reads on the primary; at most 5");
            for (int i = 0; i < 10; i++) {
                c.setReadOnly(true);
                c.setAutoCommit(false);
                equal(onPrimary(c), false, "a read only transaction on the primary");
                equal(one(c, "SELECT count(*) FROM jdbc_routed"), "" + i, "own rows, read only");
                equal(onPrimary(c), false, "its last statement on the primary");
                c.commit();
                c.setReadOnly(false);
                run(c, "INSERT INTO jdbc_routed VALUES (" + i + ")");
                equal(onPrimary(c), true, "a transaction that has written on the primary");
                c.commit();
                c.setAutoCommit(true);
                equal(one(c, "SELECT count(*) FROM jdbc_routed"), "" + (i + 1), "own rows");
            }
        }
        try (Connection c = connect("readOnlyMode", "always")) { // SET SESSION CHARACTERISTICS, in autocommit too
            c.setReadOnly(true);
            for (int i = 0; i < 10; i++) {
                equal(onPrimary(c), false, "a read only session on the primary");
            }
            c.setReadOnly(false);
            equal(one(c, "SHOW transaction_read_only"), "off", "afterwards");
        }
    }

    static void metadataAndSchema() throws Exception {
        try (Connection c = connect("currentSchema", "pg_catalog,public", "ApplicationName", "jdbc")) {
            for (int i = 0; i < 10; i++) {
                equal(one(c, "SHOW search_path").replace(" ", ""), "pg_catalog,public", "currentSchema");
                equal(one(c, "SHOW application_name"), "jdbc", "ApplicationName");
            }
            c.setSchema("public");
            try (ResultSet r = c.getMetaData().getColumns(null, "public", "jdbc_rows", null)) {
                equal(r.next(), true, "metadata");
                equal(r.getString("COLUMN_NAME"), "who", "a column");
            }
            equal(one(c, "SELECT public.poison()"), "", "the noise's settings");
        }
    }

    public static void main(String[] args) {
        test("threads_prepare_threshold_5", () -> threads("5"));
        test("threads_prepare_threshold_1", () -> threads("1"));
        test("threads_never_prepared", () -> threads("0"));
        test("statements_beyond_the_cache", Jdbc::statementsBeyondTheCache);
        test("session_characteristics", Jdbc::sessionCharacteristics);
        test("savepoints_and_errors", Jdbc::savepointsAndErrors);
        test("portals_and_batches", Jdbc::portalsAndBatches);
        test("copy_both_ways", Jdbc::copyBothWays);
        test("large_objects", Jdbc::largeObjects);
        test("notifications", Jdbc::notifications);
        test("timeouts_cancel", Jdbc::timeoutsCancel);
        test("metadata_and_schema", Jdbc::metadataAndSchema);
        if (PRIMARY > 0) {
            test("routing", Jdbc::routing);
        }
    }
}
