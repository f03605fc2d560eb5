<?php
// What the PHP programs share: how to report.
error_reporting(E_ALL & ~E_DEPRECATED);

function equal($got, $expected, string $what): void
{
    if ($got !== $expected) {
        throw new RuntimeException("$what: expected " . json_encode($expected) . ', got ' . json_encode($got));
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
