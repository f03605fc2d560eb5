# ruby-pg: libpq from Ruby: exec_params, prepared statements, COPY, LISTEN, pipelines.
require "pg"
require_relative "contract"

def connect(**more)
  PG.connect(host: HOST, port: PORT, user: USER, password: PASSWORD, dbname: NAME, sslmode: "disable", **more)
end

test("prepared_in_threads") do
  setup = connect
  setup.exec("DROP TABLE IF EXISTS ruby_pg_rows; CREATE TABLE ruby_pg_rows (who int, i int)")
  setup.close
  together(5) do |who|
    c = connect(options: "-c my.own=ruby_#{who}")
    c.prepare("put", "INSERT INTO ruby_pg_rows VALUES ($1, $2)")
    c.prepare("count", "SELECT count(*) FROM ruby_pg_rows WHERE who = $1")
    30.times do |i|
      begin
        c.transaction do
          c.exec_prepared("put", [who, i])
          got = c.exec("SELECT current_setting('my.own'), public.poison()").values[0]
          equal(got, ["ruby_#{who}", ""], "own setting and the noise's")
          raise IndexError if i.odd? # rolls back
        end
      rescue IndexError
        nil
      end
      equal(c.exec_prepared("count", [who]).getvalue(0, 0).to_i, i / 2 + 1, "rows so far")
    end
    c.close
  end
end

test("parameters_and_errors") do
  c = connect
  40.times do |i|
    equal(c.exec_params("SELECT $1::int * 2", [i]).getvalue(0, 0).to_i, i * 2, "a parameter")
    expect_error(PG::DivisionByZero) { c.exec_params("SELECT 1 / $1::int", [0]) } if i % 10 == 0
  end
  equal(c.exec("SELECT public.poison()").getvalue(0, 0), "", "settings of the noise")
  c.close
end

test("deallocate") do
  c = connect
  20.times do |i|
    c.prepare("find", "SELECT #{i} + $1::int")
    c.transaction do
      equal(c.exec_prepared("find", [1]).getvalue(0, 0).to_i, i + 1, "a statement")
      c.exec("DEALLOCATE find")
    end
  end
  c.close
end

test("copy_both_ways") do
  c = connect
  c.exec("DROP TABLE IF EXISTS ruby_pg_copy; CREATE TABLE ruby_pg_copy (i int, t text)")
  c.copy_data("COPY ruby_pg_copy FROM STDIN") { 2000.times { |i| c.put_copy_data("#{i}\trow #{i}\n") } }
  lines = []
  c.copy_data("COPY (SELECT * FROM ruby_pg_copy ORDER BY i) TO STDOUT") do
    while (line = c.get_copy_data)
      lines << line
    end
  end
  equal(lines, (0...2000).map { |i| "#{i}\trow #{i}\n" }, "what COPY brings back")
  c.close
end

test("notifications") do
  c = connect
  other = connect
  c.exec("LISTEN ruby_pg")
  5.times do |i|
    other.exec_params("SELECT pg_notify('ruby_pg', $1)", [i.to_s])
    equal(c.wait_for_notify(20) { |_, _, payload| equal(payload, i.to_s, "payload") }, "ruby_pg", "a notification")
  end
  c.exec("UNLISTEN *")
  c.close
  other.close
end

test("pipeline_mode") do
  c = connect
  5.times do
    c.enter_pipeline_mode
    10.times { |i| c.send_query_params("SELECT $1::int + 1", [i]) }
    c.pipeline_sync
    10.times do |i|
      equal(c.get_result.getvalue(0, 0).to_i, i + 1, "a result of the pipeline")
      c.get_result
    end
    equal(c.get_result.result_status, PG::PGRES_PIPELINE_SYNC, "its end")
    c.exit_pipeline_mode
  end
  c.close
end

test("cancel_and_reset") do
  c = connect
  c.send_query("SELECT pg_sleep(30)")
  sleep 0.3
  c.cancel
  expect_error(PG::QueryCanceled) { c.get_last_result }
  equal(c.exec("SELECT 1").getvalue(0, 0), "1", "afterwards")
  c.reset
  equal(c.exec("SELECT 1").getvalue(0, 0), "1", "after a new connection")
  c.close
end
