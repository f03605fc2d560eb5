// Grafana's PostgreSQL data source and Telegraf's pgbouncer input, as far as they are a driver and its statements: those of
// Grafana 12 (lib/pq, and pgx with the simple protocol) and of Telegraf 1.30 (pgx/v4/stdlib with the simple protocol). Both are
// not in Debian. The database `single` has one active client, one that waits and one that is idle.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/stdlib"
	_ "github.com/lib/pq"
)

var url = os.Getenv("DATABASE_URL")

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func expect(right bool, got interface{}) {
	if !right {
		panic(fmt.Sprintf("got %v", got))
	}
}

// The text of Grafana's query editor: which tables and columns are in the search path.
const inSearchPath = `
          quote_ident(table_schema) IN (
          SELECT
            CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
          FROM
            generate_series(
              array_lower(string_to_array(current_setting('search_path'),','),1),
              array_upper(string_to_array(current_setting('search_path'),','),1)
            ) as i,
            string_to_array(current_setting('search_path'),',') s
          )`

const showTables = `SELECT
    CASE WHEN ` + inSearchPath + `
      THEN quote_ident(table_name)
      ELSE quote_ident(table_schema) || '.' || quote_ident(table_name)
    END AS "table"
    FROM information_schema.tables
    WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', 'timescaledb_information')
    ORDER BY CASE WHEN ` + inSearchPath + ` THEN 0 ELSE 1 END, 1`

const getSchema = `SELECT quote_ident(column_name) AS "column", data_type AS "type"
    FROM information_schema.columns
    WHERE
      CASE WHEN array_length(parse_ident('pools'),1) = 2
        THEN quote_ident(table_schema) = (parse_ident('pools'))[1]
          AND quote_ident(table_name) = (parse_ident('pools'))[2]
        ELSE quote_ident(table_name) = 'pools'
          AND ` + inSearchPath + `
      END`

// What panels ask, their macros replaced: $__timeEpoch, $__timeGroup, $__unixEpochFilter; the type of each column as the driver sees it.
var panels = []struct {
	sql   string
	types string
}{
	{`SELECT extract(epoch from now()) as "time", database AS metric, SUM(cl_waiting) AS value FROM pools GROUP BY database`, "FLOAT8 TEXT INT8"},
	{`SELECT floor(extract(epoch from now())/60)*60 AS "time", COUNT(*) FROM pgbouncer.clients GROUP BY 1`, "FLOAT8 INT8"},
	{`SELECT lost_ms / 1000 AS "time", gap_ms FROM failovers WHERE lost_ms / 1000 >= 1700000000 AND lost_ms / 1000 <= 1900000000`, ""},
	{`SELECT database, "user", cl_waiting, maxwait FROM pools WHERE database = 'single' ORDER BY maxwait DESC LIMIT 5`, "TEXT TEXT INT4 INT4"},
}

func typesOf(rows *sql.Rows) string {
	types, err := rows.ColumnTypes()
	must(err)
	var names []string
	for _, t := range types {
		names = append(names, t.DatabaseTypeName())
	}
	return strings.Join(names, " ")
}

func texts(db *sql.DB, query string) []string {
	rows, err := db.Query(query)
	must(err)
	defer rows.Close()
	columns, err := rows.Columns()
	must(err)
	var got []string
	for rows.Next() {
		row := make([]interface{}, len(columns))
		for i := range row {
			row[i] = new(sql.NullString)
		}
		must(rows.Scan(row...))
		line := ""
		for _, v := range row {
			line += v.(*sql.NullString).String + " "
		}
		got = append(got, strings.TrimSpace(line))
	}
	must(rows.Err())
	return got
}

func grafana() {
	db, err := sql.Open("postgres", url+"?sslmode=disable")
	must(err)
	defer db.Close()
	must(db.Ping()) // Save & test
	expect(texts(db, "SELECT current_setting('server_version_num')::int/100 as version")[0] == "125", "version")
	expect(len(texts(db, "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")) == 0, "no extension")
	tables := strings.Join(texts(db, showTables), " ")
	for _, name := range []string{"pools", "nodes", "queries", "holds"} {
		expect(strings.Contains(" "+tables+" ", " "+name+" "), tables)
	}
	columns := texts(db, getSchema)
	expect(columns[0] == "database text" && strings.Contains(strings.Join(columns, ";"), "cl_waiting integer"), columns)
	for _, panel := range panels {
		rows, err := db.Query(panel.sql)
		must(err)
		if panel.types != "" {
			expect(typesOf(rows) == panel.types, panel.sql+": "+typesOf(rows))
			expect(rows.Next(), panel.sql)
		}
		rows.Close()
		must(rows.Err())
	}
	expect(strings.HasPrefix(texts(db, panels[3].sql)[0], "single app 1 "), texts(db, panels[3].sql))
}

func grafanaWithPgx() {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, url+"?sslmode=disable")
	must(err)
	defer c.Close(ctx)
	must(c.Ping(ctx))
	for _, panel := range panels {
		results, err := c.PgConn().Exec(ctx, panel.sql).ReadAll()
		must(err)
		expect(len(results) == 1 && (panel.types == "" || len(results[0].FieldDescriptions) == len(strings.Fields(panel.types))), panel.sql)
	}
}

// Its rows as it makes them: database, user and mode are tags, every other column a number.
func telegraf() {
	config, err := pgx.ParseConfig(url + "?sslmode=disable")
	must(err)
	config.PreferSimpleProtocol = true
	config.RuntimeParams["client_encoding"] = "UTF8"
	db := stdlib.OpenDB(*config)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, show := range []string{"SHOW STATS", "SHOW POOLS"} {
		rows, err := db.Query(show)
		must(err)
		columns, err := rows.Columns()
		must(err)
		seen := false
		for rows.Next() {
			values, row := make([]interface{}, len(columns)), make(map[string]interface{})
			for i := range values {
				values[i] = new(interface{})
			}
			must(rows.Scan(values...))
			for i, name := range columns {
				row[name] = *values[i].(*interface{})
			}
			for name, value := range row {
				text, isText := value.(string)
				if _, isNumber := value.(int64); isNumber || value == nil || name == "database" || name == "user" || name == "pool_mode" || name == "load_balance_hosts" {
					continue
				}
				_, err := strconv.ParseInt(text, 10, 64)
				expect(isText && err == nil, fmt.Sprint(show, " ", name, " ", value))
			}
			if row["database"] == "single" && show == "SHOW POOLS" {
				expect(fmt.Sprint(row["cl_waiting"], row["cl_active"], row["sv_active"]) == "1 2 1", row)
				seen = true
			}
			if row["database"] == "single" && show == "SHOW STATS" {
				seen = true
			}
		}
		must(rows.Err())
		rows.Close()
		expect(seen, show)
	}
}

func main() {
	map[string]func(){"grafana": grafana, "grafana_with_pgx": grafanaWithPgx, "telegraf": telegraf}[os.Args[1]]()
}
