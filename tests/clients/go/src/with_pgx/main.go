// pgx: its cache of statements, batches, pool, COPY in binary, and the modes it offers for poolers.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	. "contract"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

var (
	url   = os.Getenv("DATABASE_URL") + "?sslmode=disable"
	every = context.Background()
)

type queryer interface {
	QueryRow(ctx context.Context, query string, args ...interface{}) pgx.Row
}

func text(db queryer, query string, args ...interface{}) string {
	var got string
	Must(db.QueryRow(every, query, args...).Scan(&got))
	return got
}

func number(db queryer, query string, args ...interface{}) int {
	var got int
	Must(db.QueryRow(every, query, args...).Scan(&got))
	return got
}

func pool(more string) *pgxpool.Pool {
	p, err := pgxpool.Connect(every, url+"&pool_max_conns=6"+more)
	Must(err)
	return p
}

func exec(db interface {
	Exec(ctx context.Context, sql string, args ...interface{}) (pgconn.CommandTag, error)
}, query string, args ...interface{}) {
	_, err := db.Exec(every, query, args...)
	Must(err)
}

func transactions(mode string) func() {
	return func() {
		db := pool("&my.own=pgx&statement_cache_mode=" + mode)
		defer db.Close()
		exec(db, "DROP TABLE IF EXISTS pgx_rows")
		exec(db, "CREATE TABLE pgx_rows (who int, i int)")
		Together(6, func(who int) {
			for i := 0; i < 25; i++ {
				tx, err := db.Begin(every)
				Must(err)
				exec(tx, "INSERT INTO pgx_rows VALUES ($1, $2)", who, i)
				Equal(text(tx, "SELECT current_setting('my.own') || public.poison()"), "pgx", "settings")
				if i%2 == 1 {
					Must(tx.Rollback(every))
				} else {
					Must(tx.Commit(every))
				}
				Equal(number(db, "SELECT count(*) FROM pgx_rows WHERE who = $1", who), i/2+1, "rows so far")
			}
		})
	}
}

func statementsBeyondTheCache() {
	c, err := pgx.Connect(every, url+"&statement_cache_capacity=5")
	Must(err)
	defer c.Close(every)
	for round := 0; round < 2; round++ {
		for i := 0; i < 40; i++ {
			Equal(number(c, fmt.Sprintf("SELECT %d + $1::int", i), round), i+round, "a statement")
		}
	}
	for i := 0; i < 20; i++ {
		_, err = c.Prepare(every, "named", fmt.Sprintf("SELECT %d", i))
		Must(err)
		Equal(number(c, "named"), i, "a statement with a name")
		Must(c.Deallocate(every, "named"))
	}
}

func simpleProtocol() {
	config, err := pgx.ParseConfig(url)
	Must(err)
	config.PreferSimpleProtocol = true
	c, err := pgx.ConnectConfig(every, config)
	Must(err)
	defer c.Close(every)
	for i := 0; i < 30; i++ {
		Equal(number(c, "SELECT $1::int + 1", i), i+1, "a parameter in the text")
	}
}

func batches() {
	db := pool("")
	defer db.Close()
	exec(db, "DROP TABLE IF EXISTS pgx_batch")
	exec(db, "CREATE TABLE pgx_batch (i int PRIMARY KEY)")
	for round := 0; round < 10; round++ {
		b := &pgx.Batch{}
		for i := 0; i < 20; i++ {
			b.Queue("INSERT INTO pgx_batch VALUES ($1)", round*20+i)
		}
		b.Queue("SELECT count(*) FROM pgx_batch")
		r := db.SendBatch(every, b)
		for i := 0; i < 20; i++ {
			_, err := r.Exec()
			Must(err)
		}
		Equal(number(rows{r}, ""), round*20+20, "rows, within the batch")
		Must(r.Close())
	}
	b := &pgx.Batch{}
	b.Queue("INSERT INTO pgx_batch VALUES (10000)")
	b.Queue("INSERT INTO pgx_batch VALUES (0)")
	Equal(db.SendBatch(every, b).Close() != nil, true, "a batch that fails")
	Equal(number(db, "SELECT count(*) FROM pgx_batch"), 200, "is one transaction")
}

type rows struct{ r pgx.BatchResults }

func (r rows) QueryRow(context.Context, string, ...interface{}) pgx.Row { return r.r.QueryRow() }

func savepoints() {
	db := pool("")
	defer db.Close()
	exec(db, "DROP TABLE IF EXISTS pgx_keys")
	exec(db, "CREATE TABLE pgx_keys (i int PRIMARY KEY)")
	for i := 0; i < 15; i++ {
		tx, err := db.BeginTx(every, pgx.TxOptions{IsoLevel: pgx.Serializable})
		Must(err)
		exec(tx, "INSERT INTO pgx_keys VALUES ($1)", i)
		inner, err := tx.Begin(every)
		Must(err)
		_, err = inner.Exec(every, "INSERT INTO pgx_keys VALUES ($1)", i)
		Equal(err.(*pgconn.PgError).Code, "23505", "SQLSTATE")
		Must(inner.Rollback(every))
		Equal(text(tx, "SHOW transaction_isolation"), "serializable", "isolation")
		Must(tx.Commit(every))
	}
	Equal(number(db, "SELECT count(*) FROM pgx_keys"), 15, "rows")
}

func copyFrom() {
	db := pool("")
	defer db.Close()
	exec(db, "DROP TABLE IF EXISTS pgx_copy")
	exec(db, "CREATE TABLE pgx_copy (i int, t text)")
	data := make([][]interface{}, 2000)
	for i := range data {
		data[i] = []interface{}{int32(i), fmt.Sprint("row ", i)}
	}
	n, err := db.CopyFrom(every, pgx.Identifier{"pgx_copy"}, []string{"i", "t"}, pgx.CopyFromRows(data))
	Must(err)
	Equal(n, int64(2000), "rows in")
	Equal(number(db, "SELECT sum(i) FROM pgx_copy"), 1999000, "rows after COPY")
}

func notifications() {
	c, err := pgx.Connect(every, url)
	Must(err)
	defer c.Close(every)
	db := pool("")
	defer db.Close()
	exec(c, "LISTEN pgx_channel")
	for i := 0; i < 5; i++ {
		exec(db, "SELECT pg_notify('pgx_channel', $1)", fmt.Sprint(i))
		ctx, cancel := context.WithTimeout(every, 20*time.Second)
		n, err := c.WaitForNotification(ctx)
		cancel()
		Must(err)
		Equal(n.Payload, fmt.Sprint(i), "payload")
	}
}

func largeObjects() {
	db := pool("")
	defer db.Close()
	tx, err := db.Begin(every)
	Must(err)
	all := tx.LargeObjects()
	oid, err := all.Create(every, 0)
	Must(err)
	object, err := all.Open(every, oid, pgx.LargeObjectModeRead|pgx.LargeObjectModeWrite)
	Must(err)
	data := make([]byte, 100000)
	for i := range data {
		data[i] = byte(i)
	}
	_, err = object.Write(data)
	Must(err)
	_, err = object.Seek(0, 0)
	Must(err)
	back := make([]byte, len(data))
	_, err = object.Read(back)
	Must(err)
	Equal(string(back) == string(data), true, "a large object that comes back")
	Must(all.Unlink(every, oid))
	Must(tx.Commit(every))
}

func readWriteOnly() {
	for i := 0; i < 5; i++ {
		c, err := pgx.Connect(every, url+"&target_session_attrs=read-write") // asks show transaction_read_only
		Must(err)
		Equal(text(c, "SELECT public.poison()"), "", "the noise's settings")
		Must(c.Close(every))
	}
}

func routing() {
	setup := pool("")
	exec(setup, "DROP TABLE IF EXISTS pgx_routed")
	exec(setup, "CREATE TABLE pgx_routed (i int)")
	setup.Close()
	for _, attrs := range []string{"", "&target_session_attrs=read-write"} {
		c, err := pgx.Connect(every, url+attrs)
		Must(err)
		Offloaded(func() int { return number(c, Place) })
		for i := 0; i < 10; i++ {
			tx, err := c.BeginTx(every, pgx.TxOptions{AccessMode: pgx.ReadOnly})
			Must(err)
			Equal(number(tx, Place) == Primary(), false, "a read only transaction on the primary")
			Must(tx.Commit(every))
			tx, err = c.Begin(every)
			Must(err)
			exec(tx, "INSERT INTO pgx_routed VALUES ($1)", i)
			Equal(number(tx, Place), Primary(), "the port in a transaction that has written")
			Must(tx.Commit(every))
			Equal(number(c, "SELECT count(*) FROM pgx_routed WHERE i = $1", i) > 0, true, "the own row")
			batch := &pgx.Batch{} // what is asked of the node is the primary's to say, in a batch too
			batch.Queue("SELECT pg_is_in_recovery()")
			batch.Queue(Place)
			results := c.SendBatch(every, batch)
			var standby bool
			Must(results.QueryRow().Scan(&standby))
			Equal(standby, false, "pg_is_in_recovery() in a batch")
			Must(results.Close())
		}
		c.Close(every)
	}
}

func main() {
	Test("transactions_prepared", transactions("prepare"))
	Test("transactions_described", transactions("describe"))
	Test("statements_beyond_the_cache", statementsBeyondTheCache)
	Test("simple_protocol", simpleProtocol)
	Test("batches", batches)
	Test("savepoints", savepoints)
	Test("copy_from", copyFrom)
	Test("notifications", notifications)
	Test("large_objects", largeObjects)
	Test("read_write_only", readWriteOnly)
	if Primary() > 0 {
		Test("routing", routing)
	}
}
