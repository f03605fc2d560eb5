<?php
// What the PHP programs share: how to report.
error_reporting(E_ALL & ~E_DEPRECATED);

function equal($got, $expected, string $what): void
{
    if ($got !== $expected) {
        throw new RuntimeException("$what: expected " . json_encode($expected) . ', got ' . json_encode($got));
    }
}

const PLACE = 'SELECT inet_server_port()';

// 0: all runs on one server.
function primary_port(): int
{
    return (int)getenv('PRIMARY_PORT');
}

// Reads of a session that has written nothing: at most one in four on the primary.
function offloaded(array $ports): void
{
    $there = count(array_filter($ports, fn ($port) => $port === primary_port()));
    if ($there * 4 > count($ports)) {
        throw new RuntimeException("$there of " . count($ports) . ' reads on the primary');
    }
}

function expect_error(string $sqlstate, callable $action): void
{
    try {
        $action();
    } catch (PDOException $e) {
        equal((string)$e->getCode(), $sqlstate, 'SQLSTATE of ' . $e->getMessage());
        return;
    }
    throw new RuntimeException("expected SQLSTATE $sqlstate");
}

function test(string $name, callable $case): void
{
    try {
        $case();
        echo "ok $name\n";
    } catch (Throwable $e) {
        fwrite(STDERR, "$e\n");
        echo "not ok $name: ", get_class($e), ': ', preg_replace('/\s+/', ' ', $e->getMessage()), "\n";
    }
}
