# Sequel: its pool, BEGIN and then SET TRANSACTION READ ONLY as a query of its own, prepared statements, savepoints.
require "sequel"
require_relative "contract"

DB = Sequel.connect(URL.sub("postgresql://", "postgres://"), max_connections: 5, sslmode: "disable",
                    after_connect: proc { |c| c.exec("SET my.own = 'sequel'") })

def sure_of_settings
  row = DB["SELECT current_setting('my.own') AS own, public.poison() AS poison"].first
  equal(row, { own: "sequel", poison: "" }, "own setting and the noise's")
end

test("schema") do
  DB.drop_table?(:sequel_rows)
  DB.create_table(:sequel_rows) do
    primary_key :id
    Integer :who
    String :name, unique: true
  end
  equal(DB.schema(:sequel_rows).map(&:first), %i[id who name], "columns")
end

test("transactions_in_threads") do
  together(6) do |who|
    20.times do |i|
      DB.transaction(rollback: i.odd? ? :always : nil) do
        DB[:sequel_rows].insert(who: who, name: "#{who}/#{i}")
        sure_of_settings
      end
      equal(DB[:sequel_rows].where(who: who).count, i / 2 + 1, "rows so far")
    end
  end
end

test("read_only_transactions") do
  20.times do
    DB.transaction(read_only: true) do
      equal(DB.fetch("SHOW transaction_read_only").single_value, "on", "SET TRANSACTION READ ONLY")
      sure_of_settings
    end
    expect_error(Sequel::DatabaseError) do
      DB.transaction(read_only: true) { DB[:sequel_rows].insert(who: 1, name: "no") }
    end
    DB.transaction(isolation: :serializable) do
      equal(DB.fetch("SHOW transaction_isolation").single_value, "serializable", "SET TRANSACTION ISOLATION LEVEL")
    end
    equal(DB.fetch("SHOW transaction_read_only").single_value, "off", "outside of it")
  end
end

test("prepared_statements") do
  find = DB[:sequel_rows].where(who: :$who).prepare(:select, :sequel_find)
  put = DB[:sequel_rows].prepare(:insert, :sequel_put, who: :$who, name: :$name)
  together(4) do |n|
    15.times do |i|
      put.call(who: 100 + n, name: "p#{n}/#{i}")
      equal(find.call(who: 100 + n).length, i + 1, "rows by a prepared statement")
    end
  end
end

test("savepoints") do
  15.times do |i|
    DB.transaction do
      DB[:sequel_rows].insert(who: 200, name: "s#{i}")
      expect_error(Sequel::UniqueConstraintViolation) do
        DB.transaction(savepoint: true) { DB[:sequel_rows].insert(who: 200, name: "s#{i}") }
      end
    end
  end
  equal(DB[:sequel_rows].where(who: 200).count, 15, "rows")
end

test("cursors") do
  got = DB["SELECT generate_series(1, 300) AS i"].use_cursor(rows_per_fetch: 20).map(:i)
  equal(got, (1..300).to_a, "use_cursor")
  got = DB["SELECT generate_series(1, 100) AS i"].use_cursor(rows_per_fetch: 20, hold: true).map(:i)
  equal(got, (1..100).to_a, "use_cursor with hold")
  sure_of_settings
end

test("copy") do
  DB.create_table!(:sequel_copy) { Integer :i }
  DB.copy_into(:sequel_copy, data: (0...1000).map { |i| "#{i}\n" }.join)
  equal(DB.copy_table(DB[:sequel_copy].order(:i)), (0...1000).map { |i| "#{i}\n" }.join, "what COPY brings back")
end

# Where there is a choice.
if PRIMARY > 0
  test("routing") do
    place = -> { DB.fetch(PLACE).single_value }
    DB.disconnect
    offloaded(Array.new(20) { place.call })
    10.times do |i|
      DB.transaction(read_only: true) do # BEGIN, and SET TRANSACTION READ ONLY as a query of its own
        on_standby(place.call, "SET TRANSACTION READ ONLY")
      end
      DB.transaction do
        DB[:sequel_rows].insert(who: 400, name: "r#{i}")
        equal(place.call, PRIMARY, "the port in a transaction that has written")
      end
      equal(DB[:sequel_rows].where(who: 400).count, i + 1, "own rows")
    end
  end
end
