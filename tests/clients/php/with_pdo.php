<?php
// PDO with real prepared statements: it closes them by SQL, DEALLOCATE pdo_stmt_N, inside of transactions too.
require __DIR__ . '/contract.php';

function connect(array $options = []): PDO
{
    $dsn = sprintf('pgsql:host=%s;port=%s;dbname=%s;sslmode=disable', getenv('DB_HOST'), getenv('DB_PORT'),
        getenv('DB_NAME'));
    return new PDO($dsn, getenv('DB_USER'), getenv('DB_PASSWORD'), $options + [
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => false,
    ]);
}

function one(PDO $c, string $sql, array $values = [])
{
    $s = $c->prepare($sql);
    $s->execute($values);
    return $s->fetchColumn();
}

function sure_of_settings(PDO $c, string $own): void
{
    equal(one($c, "SELECT current_setting('my.own') || ' / ' || public.poison()"), "$own / ", 'settings');
}

$setup = connect();
$setup->exec('DROP TABLE IF EXISTS pdo_rows, pdo_seen');
$setup->exec('CREATE TABLE pdo_rows (who text, i int)');
$setup->exec('CREATE TABLE pdo_seen (i int)');

test('rows_really_committed', function () {
    $crowd = $kept = [];
    for ($n = 0; $n < 4; $n++) {
        $crowd[$n] = connect();
        $crowd[$n]->exec("SET my.own = 'pdo $n'");
    }
    for ($i = 0; $i < 40; $i++) {
        foreach ($crowd as $n => $c) {
            $kept[$n][] = $c->prepare("SELECT $i + ?::int"); // prepared here, never run
            $c->beginTransaction();
            $s = $c->prepare('INSERT INTO pdo_rows VALUES (?, ?)');
            $s->execute(["pdo $n", $i]);
            if (count($kept[$n]) > 3) {
                array_shift($kept[$n]); // DEALLOCATE of one that this server may never have had
            }
            $s = $c->prepare('SELECT count(*) FROM pdo_rows WHERE who = ?');
            $s->execute(["pdo $n"]);
            equal((int)$s->fetchColumn(), $i + 1, 'rows, inside');
            $s = null; // DEALLOCATE inside of the transaction
            sure_of_settings($c, "pdo $n");
            equal($c->commit(), true, 'commit()');
        }
    }
    $kept = [];
    equal((int)one(connect(), 'SELECT count(*) FROM pdo_rows'), 160, 'rows that were committed');
});

test('rollback_and_failed_transactions', function () {
    $c = connect();
    for ($i = 0; $i < 20; $i++) {
        $before = $c->prepare("SELECT $i * ?::int");
        $before->execute([2]);
        equal((int)$before->fetchColumn(), $i * 2, 'a statement kept over transactions');
        $c->beginTransaction();
        one($c, 'INSERT INTO pdo_rows VALUES (?, ?) RETURNING i', ['rolled back', $i]);
        if ($i % 2) {
            expect_error('22012', fn() => one($c, 'SELECT 1 / ?::int', [0]));
            $before = null; // DEALLOCATE in a failed transaction
        }
        $c->rollBack();
        equal((int)one($c, "SELECT count(*) FROM pdo_rows WHERE who = 'rolled back'"), 0, 'rows of a rollback');
    }
});

test('statement_of_a_dropped_table', function () {
    $c = connect();
    $s = $c->prepare('SELECT i FROM pdo_seen WHERE i = ?');
    $s->execute([1]);
    connect()->exec('DROP TABLE pdo_seen');
    for ($i = 0; $i < 10; $i++) {
        $c->beginTransaction();
        one($c, 'INSERT INTO pdo_rows VALUES (?, ?) RETURNING i', ['dropped', $i]);
        $s = null;
        equal($c->commit(), true, 'commit()');
    }
    equal((int)one($c, "SELECT count(*) FROM pdo_rows WHERE who = 'dropped'"), 10, 'rows that were committed');
});

test('prepared_set', function () {
    $c = connect();
    $other = connect();
    foreach (['search_path TO public, pg_catalog', "TIME ZONE 'Asia/Tokyo'", "my.own TO 'prepared'"] as $set) {
        $c->prepare("SET $set")->execute();
    }
    for ($i = 0; $i < 20; $i++) {
        equal(one($c, 'SHOW search_path'), 'public, pg_catalog', 'search_path');
        equal(one($c, 'SHOW TIME ZONE'), 'Asia/Tokyo', 'TimeZone');
        equal(one($other, 'SHOW search_path'), '"$user", public', "another client's search_path");
        sure_of_settings($c, 'prepared');
    }
});

test('emulated_and_persistent', function () {
    for ($n = 0; $n < 10; $n++) {
        $c = connect([PDO::ATTR_EMULATE_PREPARES => true, PDO::ATTR_PERSISTENT => true]);
        for ($i = 0; $i < 10; $i++) {
            equal((int)one($c, 'SELECT ?::int + 1', [$i]), $i + 1, 'an emulated statement');
        }
        equal(one($c, 'SELECT public.poison()'), '', "the noise's settings");
        $c = null;
    }
    $c = connect([PDO::PGSQL_ATTR_DISABLE_PREPARES => true]);
    for ($i = 0; $i < 10; $i++) {
        equal((int)one($c, 'SELECT ?::int + 1', [$i]), $i + 1, 'PQexecParams');
    }
});

test('copy_and_notify', function () {
    $c = connect();
    $c->exec('DROP TABLE IF EXISTS pdo_copy');
    $c->exec('CREATE TABLE pdo_copy (i int, t text)');
    $rows = array_map(fn($i) => "$i\trow $i", range(0, 999));
    equal($c->pgsqlCopyFromArray('pdo_copy', $rows), true, 'COPY FROM');
    equal(array_map('trim', $c->pgsqlCopyToArray('pdo_copy')), $rows, 'COPY TO');
    $c->exec('LISTEN pdo_channel');
    $other = connect();
    for ($i = 0; $i < 5; $i++) {
        $other->exec("NOTIFY pdo_channel, 'p$i'");
        $got = $c->pgsqlGetNotify(PDO::FETCH_ASSOC, 20000);
        equal($got['payload'], "p$i", 'a notification');
    }
    $c->exec('UNLISTEN *');
});

test('large_objects', function () {
    $c = connect();
    $data = random_bytes(200000);
    $c->beginTransaction();
    $oid = $c->pgsqlLOBCreate();
    $stream = $c->pgsqlLOBOpen($oid, 'w');
    fwrite($stream, $data);
    $stream = null;
    $c->commit();
    $c->beginTransaction();
    $stream = $c->pgsqlLOBOpen($oid, 'r');
    equal(stream_get_contents($stream) === $data, true, 'a large object that comes back');
    $stream = null;
    $c->pgsqlLOBUnlink($oid);
    $c->commit();
});

test('scrollable_cursor', function () {
    $c = connect();
    $c->beginTransaction();
    $s = $c->prepare('SELECT generate_series(1, 50)', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
    $s->execute();
    equal((int)$s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_ABS, 40)[0], 40, 'row 40');
    equal((int)$s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_PRIOR)[0], 39, 'the row before');
    $s = null;
    $c->commit();
});

if (primary_port() > 0) {
    test('routing', function () {
        $setup = connect();
        $setup->exec('DROP TABLE IF EXISTS pdo_routed');
        $setup->exec('CREATE TABLE pdo_routed (i int)');
        $c = connect();
        offloaded(array_map(fn () => (int)one($c, PLACE), range(1, 20)));
        for ($i = 0; $i < 10; $i++) {
            $c->beginTransaction();
            $c->exec('SET TRANSACTION READ ONLY');
            equal((int)one($c, PLACE) !== primary_port(), true, 'a read only transaction on a standby');
            $c->commit();
            $c->beginTransaction();
            $c->prepare('INSERT INTO pdo_routed VALUES (?)')->execute([$i]);
            equal((int)one($c, PLACE), primary_port(), 'the port in a transaction that has written');
            equal($c->commit(), true, 'commit()');
            equal((int)one($c, 'SELECT count(*) FROM pdo_routed'), $i + 1, 'own rows');
        }
    });
}
