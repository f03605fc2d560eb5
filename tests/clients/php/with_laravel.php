<?php
// Laravel's database package: its boot (SETs as prepared statements), transactions, savepoints, schema, cursors.
require 'Illuminate/Database/autoload.php';
require __DIR__ . '/contract.php';

use Illuminate\Database\Capsule\Manager as DB;

$db = new DB();
$db->addConnection([
    'driver' => 'pgsql', 'host' => getenv('DB_HOST'), 'port' => getenv('DB_PORT'), 'database' => getenv('DB_NAME'),
    'username' => getenv('DB_USER'), 'password' => getenv('DB_PASSWORD'), 'charset' => 'utf8', 'prefix' => '',
    'schema' => 'public', 'timezone' => 'Asia/Tokyo', 'sslmode' => 'disable', 'application_name' => 'laravel',
]);
$db->setAsGlobal();
$db->bootEloquent();

class Row extends Illuminate\Database\Eloquent\Model
{
    protected $table = 'laravel_rows';
    protected $guarded = [];
    public $timestamps = false;
}

function sure_of_settings(): void
{
    $got = DB::selectOne("SELECT current_setting('TimeZone') AS tz, current_setting('search_path') AS path,
        current_setting('application_name') AS name, public.poison() AS poison");
    equal([$got->tz, trim($got->path, '"'), $got->name, $got->poison], ['Asia/Tokyo', 'public', 'laravel', ''],
        'own settings and the noise\'s');
}

test('boot', function () {
    for ($i = 0; $i < 10; $i++) {
        DB::connection()->reconnect();
        sure_of_settings();
    }
});

test('schema_builder', function () {
    DB::schema()->dropIfExists('laravel_rows');
    DB::schema()->create('laravel_rows', function ($table) {
        $table->increments('id');
        $table->string('name')->unique();
        $table->integer('who');
    });
    equal(DB::schema()->getColumnListing('laravel_rows'), ['id', 'name', 'who'], 'columns');
});

test('transactions', function () {
    for ($i = 0; $i < 60; $i++) {
        try {
            DB::connection()->transaction(function () use ($i) {
                Row::create(['name' => "t$i", 'who' => 1]);
                equal(Row::where('name', "t$i")->count(), 1, 'the row, inside');
                sure_of_settings();
                if ($i % 2) {
                    throw new DomainException();
                }
            });
        } catch (DomainException $e) {
        }
        equal(Row::where('who', 1)->count(), intdiv($i, 2) + 1, 'rows so far');
    }
});

test('savepoints', function () {
    for ($i = 0; $i < 20; $i++) {
        DB::connection()->transaction(function () use ($i) {
            Row::create(['name' => "s$i", 'who' => 2]);
            try {
                DB::connection()->transaction(fn() => Row::create(['name' => "s$i", 'who' => 2]));
                throw new RuntimeException('a unique violation was expected');
            } catch (Illuminate\Database\QueryException $e) {
                equal($e->getCode(), '23505', 'SQLSTATE');
            }
        });
    }
    equal(Row::where('who', 2)->count(), 20, 'rows');
});

test('queries', function () {
    equal(Row::updateOrCreate(['name' => 'u'], ['who' => 3])->wasRecentlyCreated, true, 'created');
    equal(Row::updateOrCreate(['name' => 'u'], ['who' => 4])->wasRecentlyCreated, false, 'updated');
    equal(DB::table('laravel_rows')->upsert([['name' => 'u', 'who' => 5]], ['name'], ['who']), 1, 'upsert');
    equal(Row::firstWhere('name', 'u')->who, 5, 'its value');
    DB::connection()->transaction(function () {
        Row::where('name', 'u')->lockForUpdate()->first()->increment('who');
    });
    equal(Row::firstWhere('name', 'u')->who, 6, 'after lockForUpdate');
    $seen = 0;
    foreach (Row::orderBy('id')->cursor() as $row) {
        $seen++;
    }
    equal($seen, Row::count(), 'cursor()');
    Row::orderBy('id')->chunk(7, function ($rows) use (&$seen) {
        $seen -= count($rows);
    });
    equal($seen, 0, 'chunk()');
    sure_of_settings();
});
