# ActiveRecord: the boot of Rails (SETs, SHOW search_path), prepared statements, migrations under an advisory lock.
require "active_record"
require_relative "contract"

ActiveRecord::Base.logger = nil
ActiveRecord::Migration.verbose = false
SPEC = { adapter: "postgresql", host: HOST, port: PORT, username: USER, password: PASSWORD, database: NAME, pool: 6,
         sslmode: "disable", variables: { "my.own" => "rails", "statement_timeout" => "50s" }, statement_limit: 8 }.freeze
ActiveRecord::Base.establish_connection(SPEC)

class Row < ActiveRecord::Base
  self.table_name = "activerecord_rows"
end

class CreateRows < ActiveRecord::Migration[6.1]
  def change
    create_table(:activerecord_rows) do |t|
      t.integer :who
      t.string :name
      t.datetime :at
    end
    add_index :activerecord_rows, :name, unique: true
  end
end

def value(sql)
  ActiveRecord::Base.connection.select_value(sql)
end

def sure_of_settings
  got = ActiveRecord::Base.connection.select_rows(
    "SELECT current_setting('my.own'), current_setting('statement_timeout'), current_setting('TimeZone'), " \
    "current_setting('client_min_messages'), public.poison()")[0]
  equal(got, ["rails", "50s", "UTC", "warning", ""], "own settings and the noise's")
end

test("boot") do
  6.times do
    ActiveRecord::Base.establish_connection(SPEC)
    equal(value("SHOW search_path"), '"$user", public', "search_path")
    equal(ActiveRecord::Base.connection.schema_search_path, '"$user", public', "schema_search_path")
    sure_of_settings
  end
end

test("migration_under_an_advisory_lock") do
  c = ActiveRecord::Base.connection
  c.drop_table("activerecord_rows", if_exists: true)
  id = 4_711_222
  equal(c.get_advisory_lock(id), true, "the lock")
  CreateRows.new.migrate(:up)
  sure_of_settings
  equal(c.release_advisory_lock(id), true, "its release")
  equal(c.table_exists?("activerecord_rows"), true, "the table")
  equal(c.indexes("activerecord_rows").map(&:columns), [["name"]], "its index")
end

test("transactions_in_threads") do
  Row.reset_column_information
  together(5) do |who|
    20.times do |i|
      Row.transaction do
        Row.create!(who: who, name: "#{who}/#{i}", at: Time.utc(2024, 7, 1, 12))
        sure_of_settings
        raise ActiveRecord::Rollback if i.odd?
      end
      equal(Row.where(who: who).count, i / 2 + 1, "rows so far")
      equal(Row.where(who: who).first.at, Time.utc(2024, 7, 1, 12), "a moment")
    end
    ActiveRecord::Base.clear_active_connections!
  end
end

test("statements_beyond_the_limit") do
  # statement_limit is 8: the driver deallocates by SQL, inside of transactions too.
  30.times do |i|
    Row.transaction do
      Row.create!(who: 300, name: "l#{i}")
      equal(Row.where(who: 300).limit(1000 + i).select("#{i} AS n").first.n, i, "a statement of its own")
    end
  end
  equal(Row.where(who: 300).count, 30, "rows that were committed")
end

test("savepoints_and_errors") do
  15.times do |i|
    Row.transaction do
      Row.create!(who: 200, name: "s#{i}")
      expect_error(ActiveRecord::RecordNotUnique) do
        Row.transaction(requires_new: true) { Row.create!(who: 200, name: "s#{i}") }
      end
    end
  end
  equal(Row.where(who: 200).count, 15, "rows")
end

test("isolation_and_locks") do
  10.times do
    Row.transaction(isolation: :serializable) do
      equal(value("SHOW transaction_isolation"), "serializable", "the isolation level")
    end
  end
  together(4) do
    5.times { Row.transaction { Row.lock.find_by!(name: "s0").increment!(:who) } }
    ActiveRecord::Base.clear_active_connections!
  end
  equal(Row.find_by!(name: "s0").who, 220, "20 increments under row locks")
end

test("find_each_and_reset") do
  equal(Row.find_each(batch_size: 7).count, Row.count, "find_each")
  5.times do
    ActiveRecord::Base.connection.execute("SET work_mem = '9MB'")
    ActiveRecord::Base.connection.reset!
    equal(value("SHOW work_mem"), "4MB", "work_mem after reset!")
    sure_of_settings
  end
end

# Where there is a choice.
if PRIMARY > 0
  test("routing") do
    place = -> { value(PLACE).to_i }
    ActiveRecord::Base.establish_connection(SPEC)
    offloaded(Array.new(20) { place.call })
    10.times do |i|
      Row.transaction do
        ActiveRecord::Base.connection.execute("SET TRANSACTION READ ONLY")
        on_standby(place.call, "BEGIN, then SET TRANSACTION READ ONLY")
        equal(Row.where(who: 400).count, i, "own rows")
      end
      Row.transaction do
        Row.create!(who: 400, name: "r#{i}")
        equal(place.call, PRIMARY, "the port in a transaction that has written")
      end
      equal(Row.where(who: 400).count, i + 1, "own rows")
    end
  end
end
