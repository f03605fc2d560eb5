# What the Ruby programs share: where to connect, how to report.
require "timeout"

HOST, PORT = ENV["DB_HOST"], ENV["DB_PORT"].to_i
USER, PASSWORD, NAME = ENV["DB_USER"], ENV["DB_PASSWORD"], ENV["DB_NAME"]
URL = ENV["DATABASE_URL"]
PRIMARY = ENV["PRIMARY_PORT"].to_i # 0: all runs on one server
PLACE = "SELECT inet_server_port()"

# Reads of a session that has written nothing: at most one in four on the primary.
def offloaded(ports)
  there = ports.count(PRIMARY)
  raise "#{there} of #{ports.length} reads on the primary" if there * 4 > ports.length
end

def on_standby(port, what)
  raise "#{what}: on the primary" if port == PRIMARY
end

def equal(got, expected, what)
  raise "#{what}: expected #{expected.inspect}, got #{got.inspect}" unless got == expected
end

def expect_error(kind)
  begin
    yield
  rescue kind
    return
  end
  raise "expected #{kind}"
end

def together(count, &work)
  threads = (0...count).map { |n| Thread.new { Thread.current.report_on_exception = false; work.call(n) } }
  threads.each(&:join)
end

def test(name)
  Timeout.timeout(60) { yield }
  puts "ok #{name}"
rescue StandardError => e
  warn e.full_message
  puts "not ok #{name}: #{e.class}: #{e.message.split.join(' ')}"
ensure
  $stdout.flush
end
