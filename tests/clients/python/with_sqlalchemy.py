"""SQLAlchemy over psycopg2: engine with a pool that resets, ORM sessions, savepoints, server-side cursors."""
from contract import PLACE, URL, equal, offloaded, on_primary, on_standby, run, together
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, declarative_base

engine = create_engine(URL, pool_size=3, max_overflow=3, future=True)
Base = declarative_base()


@event.listens_for(engine, "connect")
def on_connect(connection, record):
    with connection.cursor() as cur:
        cur.execute("SET my.own = 'sqlalchemy'")
        cur.execute("SET TIME ZONE 'Asia/Tokyo'")
    connection.commit()


class Row(Base):
    __tablename__ = "sqlalchemy_rows"
    id = Column(Integer, primary_key=True)
    who = Column(Integer)
    name = Column(String, unique=True)


def sure_of_settings(connection):
    got = connection.execute(text("SELECT current_setting('my.own'), current_setting('TimeZone'), public.poison()"))
    equal(tuple(got.one()), ("sqlalchemy", "Asia/Tokyo", ""), "own settings and the noise's")


def create_all():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)


def sessions_in_threads():
    def work(who):
        for i in range(20):
            with Session(engine) as session:
                session.add(Row(who=who, name=f"{who}/{i}"))
                session.flush()
                sure_of_settings(session.connection())
                if i % 2:
                    session.rollback()
                else:
                    session.commit()
                equal(session.query(Row).filter_by(who=who).count(), i // 2 + 1, "rows so far")
    together(6, work)


def savepoints():
    with Session(engine) as session:
        for i in range(20):
            session.add(Row(who=100, name=f"s{i}"))
            session.flush()
            try:
                with session.begin_nested():
                    session.add(Row(who=100, name=f"s{i}"))
                raise AssertionError("a unique violation")
            except IntegrityError:
                pass
            session.commit()
        equal(session.query(Row).filter_by(who=100).count(), 20, "rows")


def isolation_levels():
    for level, shown in (("SERIALIZABLE", "serializable"), ("REPEATABLE READ", "repeatable read"),
                         ("AUTOCOMMIT", "read committed")):
        with engine.connect().execution_options(isolation_level=level) as c:
            for _ in range(10):
                equal(c.execute(text("SHOW transaction_isolation")).scalar(), shown, level)
                c.rollback()
    with engine.connect() as c:
        equal(c.execute(text("SHOW transaction_isolation")).scalar(), "read committed", "back in the pool")


def server_side_cursors():
    with engine.connect().execution_options(stream_results=True, max_row_buffer=10) as c:
        got = [r[0] for r in c.execute(text("SELECT generate_series(1, 500)"))]
    equal(got, list(range(1, 501)), "a streamed result")


def reflection():
    table = Table("sqlalchemy_rows", MetaData(), autoload_with=engine)
    equal([c.name for c in table.columns], ["id", "who", "name"], "columns")


def routing():
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        offloaded([c.execute(text(PLACE)).scalar() for _ in range(20)])
    for i in range(10):
        with engine.connect().execution_options(isolation_level="READ COMMITTED", postgresql_readonly=True) as c:
            on_standby(c.execute(text(PLACE)).scalar(), "postgresql_readonly")
            c.rollback()
        with Session(engine) as session:
            session.add(Row(who=400, name=f"r{i}"))
            session.flush()
            on_primary(session.execute(text(PLACE)).scalar(), "a session that has written")
            session.commit()
            equal(session.query(Row).filter_by(who=400).count(), i + 1, "own rows")


run(create_all, sessions_in_threads, savepoints, isolation_levels, server_side_cursors, reflection, routing)
