# DBD::Pg: server-side prepared statements, AutoCommit off, COPY, notifications, large objects.
use strict;
use warnings;
use DBI;
use DBD::Pg qw(:async);

$| = 1;

sub connected {
    my (%more) = @_;
    my $c = DBI->connect("dbi:Pg:host=$ENV{DB_HOST};port=$ENV{DB_PORT};dbname=$ENV{DB_NAME};sslmode=disable",
        $ENV{DB_USER}, $ENV{DB_PASSWORD}, { RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1, %more });
    return $c;
}

sub equal {
    my ($got, $expected, $what) = @_;
    $got = 'undef' unless defined $got;
    die "$what: expected $expected, got $got\n" unless $got eq $expected;
}

sub fails {
    my ($state, $action) = @_;
    die "expected SQLSTATE $state\n" if eval { $action->(); 1 };
    equal($DBI::state, $state, "SQLSTATE");
}

sub test {
    my ($name, $case) = @_;
    if (eval { $case->(); 1 }) {
        print "ok $name\n";
    } else {
        my $why = join ' ', split ' ', $@;
        print "not ok $name: $why\n";
    }
}

sub sure_of_settings {
    my ($c, $own) = @_;
    my ($got, $poison) = $c->selectrow_array("SELECT current_setting('my.own'), public.poison()");
    equal($got, $own, 'own setting');
    equal($poison, '', "the noise's settings");
}

my $setup = connected();
$setup->do("DROP TABLE IF EXISTS dbd_rows");
$setup->do("CREATE TABLE dbd_rows (who int, i int)");
$setup->disconnect;

test('transactions_of_several', sub {
    my @crowd = map { connected(AutoCommit => 0) } 0 .. 3;
    my (@put, @count);
    for my $n (0 .. 3) {
        $crowd[$n]->do("SET my.own = 'dbd $n'");
        $crowd[$n]->commit;
        $put[$n] = $crowd[$n]->prepare("INSERT INTO dbd_rows VALUES (?, ?)");
        $count[$n] = $crowd[$n]->prepare("SELECT count(*) FROM dbd_rows WHERE who = ?");
    }
    for my $i (0 .. 29) {
        for my $n (0 .. 3) {
            $put[$n]->execute($n, $i);
            sure_of_settings($crowd[$n], "dbd $n");
            $i % 2 ? $crowd[$n]->rollback : $crowd[$n]->commit;
            $count[$n]->execute($n);
            equal(($count[$n]->fetchrow_array)[0], int($i / 2) + 1, 'rows so far');
            $count[$n]->finish;
            $crowd[$n]->commit;
        }
    }
    $_->disconnect for @crowd;
});

test('statements_come_and_go', sub {
    my $c = connected();
    for my $i (0 .. 39) {
        my $s = $c->prepare("SELECT $i + ?::int", { pg_prepare_now => 1 });
        for my $k (0 .. 2) {
            $s->execute($k);
            equal(($s->fetchrow_array)[0], $i + $k, 'a prepared statement');
            $s->finish;
        }
        $c->begin_work;
        undef $s; # DEALLOCATE inside of the transaction
        equal($c->do("INSERT INTO dbd_rows VALUES (100, $i)"), 1, 'a row');
        $c->commit;
    }
    equal(($c->selectrow_array("SELECT count(*) FROM dbd_rows WHERE who = 100"))[0], 40, 'rows that were committed');
    $c->disconnect;
});

test('errors_and_savepoints', sub {
    my $c = connected(AutoCommit => 0);
    for my $i (0 .. 14) {
        $c->do("INSERT INTO dbd_rows VALUES (200, ?)", undef, $i);
        $c->pg_savepoint('a');
        fails('22012', sub { $c->selectrow_array("SELECT 1 / ?::int", undef, 0) });
        $c->pg_rollback_to('a');
        $c->pg_release('a');
        $c->commit;
    }
    equal(($c->selectrow_array("SELECT count(*) FROM dbd_rows WHERE who = 200"))[0], 15, 'rows');
    $c->rollback;
    $c->disconnect;
});

test('copy_both_ways', sub {
    my $c = connected();
    $c->do("DROP TABLE IF EXISTS dbd_copy");
    $c->do("CREATE TABLE dbd_copy (i int, t text)");
    $c->do("COPY dbd_copy FROM STDIN");
    $c->pg_putcopydata("$_\trow $_\n") for 0 .. 999;
    $c->pg_putcopyend();
    $c->do("COPY (SELECT * FROM dbd_copy ORDER BY i) TO STDOUT");
    my ($n, $line) = (0);
    while ($c->pg_getcopydata($line) >= 0) {
        equal($line, "$n\trow $n\n", 'a line');
        $n++;
    }
    equal($n, 1000, 'lines');
    equal(($c->selectrow_array("SELECT count(*) FROM dbd_copy"))[0], 1000, 'rows');
    $c->disconnect;
});

test('notifications', sub {
    my ($c, $other) = (connected(), connected());
    $c->do("LISTEN dbd_channel");
    for my $i (0 .. 4) {
        $other->do("NOTIFY dbd_channel, 'p$i'");
        my $got;
        for (1 .. 400) {
            last if $got = $c->pg_notifies;
            select undef, undef, undef, 0.05;
        }
        equal($got ? $got->[2] : undef, "p$i", 'a notification');
    }
    $c->do("UNLISTEN *");
    $_->disconnect for $c, $other;
});

test('large_objects', sub {
    my $c = connected(AutoCommit => 0);
    my $data = join '', map { chr($_ % 256) } 0 .. 99999;
    my $oid = $c->pg_lo_creat($c->{pg_INV_READ} | $c->{pg_INV_WRITE});
    my $fd = $c->pg_lo_open($oid, $c->{pg_INV_WRITE});
    equal($c->pg_lo_write($fd, $data, length $data), length $data, 'written');
    $c->pg_lo_close($fd);
    $c->commit;
    $fd = $c->pg_lo_open($oid, $c->{pg_INV_READ});
    my $back = '';
    $c->pg_lo_read($fd, $back, length $data);
    equal($back eq $data ? 'yes' : 'no', 'yes', 'a large object that comes back');
    $c->pg_lo_unlink($oid);
    $c->commit;
    $c->disconnect;
});

test('asynchronous_and_cancel', sub {
    my $c = connected();
    for my $i (1 .. 5) {
        $c->do("SELECT pg_sleep(30)", { pg_async => PG_ASYNC });
        select undef, undef, undef, 0.2;
        $c->pg_cancel;
        equal(($c->selectrow_array("SELECT $i"))[0], $i, 'afterwards');
    }
    $c->disconnect;
});
