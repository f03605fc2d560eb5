// pgJDBC on the console: typed columns by simple and extended protocol, text and binary, parameters, and what tools ask it of
// tables and columns. Arguments: the URL. Prints what is wrong and ends with status 1.
import java.math.BigDecimal;
import java.sql.*;
import java.util.*;

public class Console {
    static void expect(Object got, Object expected, String what) {
        if (!Objects.equals(String.valueOf(got), String.valueOf(expected)))
            throw new AssertionError(what + ": expected " + expected + ", got " + got);
    }

    static void types(Connection c) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("SELECT name, port, pool_size, total_xact_count, port * 1.5 AS f FROM databases d "
                + "JOIN stats s ON s.database = d.name WHERE name = ? AND port > ?")) {
            for (int round = 0; round < 8; round++) { // from the fifth on by name and in binary
                s.setString(1, "single");
                s.setInt(2, round);
                try (ResultSet r = s.executeQuery()) {
                    ResultSetMetaData m = r.getMetaData();
                    expect(m.getColumnTypeName(1) + " " + m.getColumnTypeName(2) + " " + m.getColumnTypeName(4) + " " + m.getColumnTypeName(5),
                            "text int4 numeric float8", "types");
                    expect(r.next(), true, "a row");
                    expect(r.getString(1), "single", "a text");
                    expect(r.getInt(2) > 0 && r.getObject(2) instanceof Integer, true, "an int4");
                    expect(r.getBigDecimal(4).compareTo(BigDecimal.ZERO) >= 0, true, "a numeric");
                    expect(r.getDouble(5), r.getInt(2) * 1.5, "a float8");
                    expect(r.next(), false, "one row");
                }
            }
        }
    }

    static void catalog(Connection c) throws SQLException {
        Set<String> tables = new TreeSet<>();
        try (ResultSet r = c.getMetaData().getTables(null, null, "%", new String[] {"TABLE"})) {
            while (r.next())
                tables.add(r.getString("TABLE_NAME"));
        }
        expect(tables.containsAll(List.of("pools", "holds", "prepared_statements")), true, "tables " + tables);
        Map<String, Integer> columns = new TreeMap<>();
        try (ResultSet r = c.getMetaData().getColumns(null, null, "pools", "%")) {
            while (r.next())
                columns.put(r.getString("COLUMN_NAME"), r.getInt("DATA_TYPE"));
        }
        expect(columns.get("cl_waiting"), Types.INTEGER, "columns " + columns);
    }

    public static void main(String[] arguments) throws Exception {
        for (String mode : List.of("extended", "simple", "extendedForPrepared")) {
            try (Connection c = DriverManager.getConnection(arguments[0] + "&preferQueryMode=" + mode)) {
                expect(c.isValid(5), true, "isValid");
                types(c);
                try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT SUM(cl_waiting) FROM pools")) {
                    expect(r.next() && r.getInt(1) >= 1, true, "the sum");
                }
                try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SHOW POOLS")) {
                    expect(r.getMetaData().getColumnCount(), 17, "SHOW POOLS");
                }
                catalog(c);
            }
        }
    }
}
