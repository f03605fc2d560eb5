// lib/pq: the unnamed statement parsed, a Sync, and bound in the next round trip; database/sql's pool.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"time"

	. "contract"

	"github.com/lib/pq"
)

var url = os.Getenv("DATABASE_URL") + "?sslmode=disable"

func open(more string) *sql.DB {
	db, err := sql.Open("postgres", url+more)
	Must(err)
	db.SetMaxOpenConns(6)
	db.SetMaxIdleConns(6)
	return db
}

type queryer interface {
	QueryRow(query string, args ...interface{}) *sql.Row
}

func text(db queryer, query string, args ...interface{}) string {
	var got string
	Must(db.QueryRow(query, args...).Scan(&got))
	return got
}

func number(db queryer, query string, args ...interface{}) int {
	var got int
	Must(db.QueryRow(query, args...).Scan(&got))
	return got
}

func exec(db *sql.DB, query string) {
	_, err := db.Exec(query)
	Must(err)
}

func unnamedStatements() {
	db := open("&my.own=lib_pq")
	defer db.Close()
	Together(8, func(who int) {
		for i := 0; i < 50; i++ {
			Equal(number(db, "SELECT $1::int * 1000 + $2::int", who, i), who*1000+i, "a query")
			Equal(text(db, "SELECT current_setting('my.own') || public.poison() || $1::text", "x"), "lib_pqx", "settings")
		}
	})
}

func transactions() {
	db := open("")
	defer db.Close()
	exec(db, "DROP TABLE IF EXISTS lib_pq_rows; CREATE TABLE lib_pq_rows (who int, i int)")
	Together(6, func(who int) {
		for i := 0; i < 30; i++ {
			tx, err := db.Begin()
			Must(err)
			_, err = tx.Exec("INSERT INTO lib_pq_rows VALUES ($1, $2)", who, i)
			Must(err)
			Equal(text(tx, "SELECT public.poison()"), "", "the noise's settings")
			if i%2 == 1 {
				Must(tx.Rollback())
			} else {
				Must(tx.Commit())
			}
			Equal(number(db, "SELECT count(*) FROM lib_pq_rows WHERE who = $1", who), i/2+1, "rows so far")
		}
	})
}

func preparedStatements() {
	db := open("")
	defer db.Close()
	statement, err := db.Prepare("SELECT $1::int + 1")
	Must(err)
	defer statement.Close()
	Together(6, func(who int) {
		for i := 0; i < 30; i++ {
			var got int
			Must(statement.QueryRow(i).Scan(&got))
			Equal(got, i+1, "a prepared statement over many connections")
		}
	})
	for i := 0; i < 30; i++ {
		short, err := db.Prepare(fmt.Sprintf("SELECT %d + $1::int", i))
		Must(err)
		var got int
		Must(short.QueryRow(1).Scan(&got))
		Equal(got, i+1, "one that is closed at once")
		Must(short.Close())
	}
}

func isolation() {
	db := open("")
	defer db.Close()
	for i := 0; i < 15; i++ {
		tx, err := db.BeginTx(context.Background(), &sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true})
		Must(err)
		Equal(text(tx, "SHOW transaction_isolation"), "serializable", "isolation")
		Equal(text(tx, "SHOW transaction_read_only"), "on", "read only")
		Must(tx.Commit())
		Equal(text(db, "SHOW transaction_read_only"), "off", "outside of it")
	}
}

func errors() {
	db := open("")
	defer db.Close()
	for i := 0; i < 20; i++ {
		var got int
		err := db.QueryRow("SELECT 1 / $1::int", 0).Scan(&got)
		Equal(string(err.(*pq.Error).Code), "22012", "SQLSTATE")
		Equal(number(db, "SELECT $1::int", i), i, "afterwards")
	}
}

func copyIn() {
	db := open("")
	defer db.Close()
	exec(db, "DROP TABLE IF EXISTS lib_pq_copy; CREATE TABLE lib_pq_copy (i int, t text)")
	tx, err := db.Begin()
	Must(err)
	s, err := tx.Prepare(pq.CopyIn("lib_pq_copy", "i", "t"))
	Must(err)
	for i := 0; i < 2000; i++ {
		_, err = s.Exec(i, fmt.Sprint("row ", i))
		Must(err)
	}
	_, err = s.Exec()
	Must(err)
	Must(s.Close())
	Must(tx.Commit())
	Equal(number(db, "SELECT sum(i) FROM lib_pq_copy"), 1999000, "rows after COPY")
}

func notifications() {
	db := open("")
	defer db.Close()
	listener := pq.NewListener(url, time.Second, time.Second, nil)
	defer listener.Close()
	Must(listener.Listen("lib_pq_channel"))
	for i := 0; i < 5; i++ {
		_, err := db.Exec("SELECT pg_notify('lib_pq_channel', $1)", fmt.Sprint(i))
		Must(err)
		select {
		case n := <-listener.Notify:
			Equal(n.Extra, fmt.Sprint(i), "payload")
		case <-time.After(20 * time.Second):
			panic("no notification in 20 s")
		}
	}
	Must(listener.Ping())
}

func contexts() {
	db := open("")
	defer db.Close()
	for i := 0; i < 3; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		_, err := db.ExecContext(ctx, "SELECT pg_sleep(30)")
		cancel()
		Equal(err != nil, true, "a statement that is cancelled")
		Equal(number(db, "SELECT 1"), 1, "afterwards")
	}
}

func binaryParameters() {
	db := open("&binary_parameters=yes")
	defer db.Close()
	Together(4, func(who int) {
		for i := 0; i < 20; i++ {
			Equal(number(db, "SELECT $1::int + $2::int", who, i), who+i, "one round trip")
		}
	})
}

func routing() {
	setup := open("")
	exec(setup, "DROP TABLE IF EXISTS lib_pq_routed; CREATE TABLE lib_pq_routed (i int)")
	setup.Close()
	db := open("")
	db.SetMaxOpenConns(1)
	defer db.Close()
	Offloaded(func() int { return number(db, Place) })
	Offloaded(func() int { return number(db, Place+" + 0 * $1::int", 1) }) // Parse, Sync, and then Bind
	for i := 0; i < 10; i++ {
		tx, err := db.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true})
		Must(err)
		Equal(number(tx, Place) == Primary(), false, "a read only transaction on the primary")
		Must(tx.Commit())
		tx, err = db.Begin()
		Must(err)
		_, err = tx.Exec("INSERT INTO lib_pq_routed VALUES ($1)", i)
		Must(err)
		Equal(number(tx, Place), Primary(), "the port in a transaction that has written")
		Must(tx.Commit())
		Equal(number(db, "SELECT count(*) FROM lib_pq_routed"), i+1, "own rows")
	}
}

func main() {
	Test("unnamed_statements", unnamedStatements)
	Test("transactions", transactions)
	Test("prepared_statements", preparedStatements)
	Test("isolation", isolation)
	Test("errors", errors)
	Test("copy_in", copyIn)
	Test("notifications", notifications)
	Test("contexts_cancel", contexts)
	Test("binary_parameters", binaryParameters)
	if Primary() > 0 {
		Test("routing", routing)
	}
}
