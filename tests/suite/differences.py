"""differences: what PostgreSQL's tests show otherwise through pgsteer, and why that is as it should be.

A row: the suite, its test, in which runs (a part of the name; "": all), a pattern, and why. The pattern must be found in the
difference, or in the eight lines before it. `sometimes`: it need not be there in each run."""
import collections

Difference = collections.namedtuple("Difference", "suite test run pattern why sometimes", defaults=(False,))

DIFFERENCES = (
    Difference("regress", "guc", "", r"plpgsql\.extra_foo_warnings",
               "the test wants a session that has not loaded PL/pgSQL; a library stays loaded in the server's process, where an "
               "earlier client's session needed it", True),
    Difference("regress", "temp", "", r"twophase_search",
               "the test wants a session without a temporary schema; the server's process has kept that of an earlier client's, "
               "empty, so that using it is nothing that PREPARE TRANSACTION refuses", True),
    Difference("regress", "stats", "", r"SELECT sessions > :db_stat_sessions",
               "the test counts the database's sessions; a new client need not be a new one to the server"),
    Difference("regress", "create_index", "routed", r"QUERY PLAN",
               "plans depend on how many pages VACUUM found visible to all; while pgsteer reads the catalog, which it does each time the "
               "tests have changed it, new rows are not", True),
    Difference("isolation", "temp-schema-cleanup", "routed", r"FATAL:  server \S+ was lost: transaction rolled back; the state of the session",
               "the session ends itself; on a cluster the last word is pgsteer's, with what became of the statement (40001)"),
)


def explanation(suite, test, run, text):
    """The row for a difference, or None."""
    import re
    return next((row for row in DIFFERENCES if (row.suite, row.test) == (suite, test) and row.run in run and
                 re.search(row.pattern, text)), None)
