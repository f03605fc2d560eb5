// pgJDBC logs in as the lines of its input say; README.md has the contract.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Field;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import javax.net.ssl.SSLSocket;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.PGStream;
import org.postgresql.core.QueryExecutorBase;
import org.postgresql.util.PSQLException;

public class Login {
    // The driver tells nobody; its own stream does.
    static boolean encrypted(Connection c) throws Exception {
        Field stream = QueryExecutorBase.class.getDeclaredField("pgStream");
        stream.setAccessible(true);
        Object executor = c.unwrap(BaseConnection.class).getQueryExecutor();
        return ((PGStream) stream.get(executor)).getSocket() instanceof SSLSocket;
    }

    static String login(Map<String, String> a) throws Exception {
        Properties p = new Properties();
        for (String name : new String[] {"user", "password", "sslmode", "sslrootcert", "sslcert"}) {
            if (a.containsKey(name)) {
                p.setProperty(name, a.get(name));
            }
        }
        if (a.containsKey("sslkey")) {
            p.setProperty("sslkey", a.get("sslkey").replace(".key", ".pk8")); // its own format
        }
        p.setProperty("connectTimeout", "20");
        String url = "jdbc:postgresql://" + a.get("host") + ":" + a.get("port") + "/" + a.get("dbname");
        try (Connection c = DriverManager.getConnection(url, p);
             ResultSet r = c.createStatement().executeQuery("SELECT current_user")) {
            r.next();
            return "in\t" + r.getString(1) + "\t" + (encrypted(c) ? "TLS" : "clear text");
        } catch (SQLException e) {
            boolean told = e instanceof PSQLException && ((PSQLException) e).getServerErrorMessage() != null;
            StringBuilder text = new StringBuilder();
            for (Throwable why = e; why != null; why = why.getCause()) {
                text.append(why.getMessage()).append(' ');
            }
            return "refused\t" + (told ? e.getSQLState() : "-") + "\t" + text.toString().replaceAll("\\s+", " ");
        }
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Map<String, String> a = new HashMap<>();
            for (String word : line.split("\t")) {
                String[] parts = word.split("=", 2);
                a.put(parts[0], parts[1]);
            }
            System.out.println(login(a));
            System.out.flush();
        }
    }
}
