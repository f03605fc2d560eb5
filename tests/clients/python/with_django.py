"""Django over psycopg2: SET TIME ZONE at connect, atomic(), .iterator() through a WITH HOLD cursor, DDL."""
import datetime

import django
from contract import (HOST, NAME, PASSWORD, PLACE, PORT, USER, clean, equal, offloaded,
                      on_primary, on_standby, run, together)
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "HOST": HOST, "PORT": PORT, "NAME": NAME,
                           "USER": USER, "PASSWORD": PASSWORD, "CONN_MAX_AGE": None,
                           "OPTIONS": {"options": "-c my.own=django"}}},
    USE_TZ=True, TIME_ZONE="Europe/Lisbon", INSTALLED_APPS=[], DEFAULT_AUTO_FIELD="django.db.models.AutoField")
django.setup()

from django.db import IntegrityError, connection, connections, models, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402


class Row(models.Model):
    who = models.IntegerField()
    name = models.CharField(max_length=50, unique=True)
    at = models.DateTimeField(null=True)

    class Meta:
        app_label = "clients"
        db_table = "django_rows"


def sure_of_settings():
    with connection.cursor() as cur:
        cur.execute("SELECT current_setting('TimeZone'), current_setting('my.own'), public.poison()")
        equal(cur.fetchone(), ("UTC", "django", ""), "own settings and the noise's")


def schema_editor():
    with connection.cursor() as cur:
        cur.execute("DROP TABLE IF EXISTS django_rows")
    with connection.schema_editor() as editor:
        editor.create_model(Row)
    equal("django_rows" in connection.introspection.table_names(), True, "the table is there")


def transactions_in_threads():
    def work(who):
        for i in range(20):
            try:
                with transaction.atomic():
                    Row.objects.create(who=who, name=f"{who}/{i}")
                    sure_of_settings()
                    if i % 2:
                        raise KeyError
            except KeyError:
                pass
            equal(Row.objects.filter(who=who).count(), i // 2 + 1, "rows so far")
        connections.close_all()
    together(5, work)


def savepoints():
    for i in range(15):
        with transaction.atomic():
            Row.objects.create(who=100, name=f"s{i}")
            try:
                with transaction.atomic():
                    Row.objects.create(who=100, name=f"s{i}")
                raise AssertionError("a unique violation")
            except IntegrityError:
                pass
    equal(Row.objects.filter(who=100).count(), 15, "rows")


def iterator_over_transactions():
    Row.objects.bulk_create([Row(who=200, name=f"i{i}") for i in range(300)])
    seen = []
    for row in Row.objects.filter(who=200).order_by("id").iterator(chunk_size=20):
        seen.append(row.name)
        if len(seen) % 50 == 0:
            Row.objects.filter(pk=row.pk).update(who=201)  # a transaction of its own between the portions
    equal(seen, [f"i{i}" for i in range(300)], "rows of .iterator()")
    clean_now()


def clean_now():
    with connection.cursor() as cur:
        cur.execute("SELECT public.poison()")
        clean(cur.fetchone()[0])


def time_zones():
    at = datetime.datetime(2024, 7, 1, 12, 0, tzinfo=datetime.timezone.utc)
    row = Row.objects.create(who=300, name="time", at=at)
    for zone in ("Asia/Tokyo", "America/New_York"):
        with timezone.override(zone):
            for _ in range(10):
                equal(Row.objects.get(pk=row.pk).at, at, f"a moment, in {zone}")
                sure_of_settings()
    connection.close()
    equal(Row.objects.filter(at__hour=13).count(), 1, "the hour in TIME_ZONE (Lisbon)")


def select_for_update():
    def work(who):
        for _ in range(10):
            with transaction.atomic():
                row = Row.objects.select_for_update().get(name="time")
                row.who += 1
                row.save()
        connections.close_all()
    together(4, work)
    equal(Row.objects.get(name="time").who, 340, "40 increments under row locks")


def place():
    with connection.cursor() as cur:
        cur.execute(PLACE)
        return cur.fetchone()[0]


def routing():
    connection.close()
    offloaded([place() for _ in range(20)])
    for i in range(10):
        with transaction.atomic():
            with connection.cursor() as cur:
                cur.execute("SET TRANSACTION READ ONLY")
            on_standby(place(), "atomic(), with SET TRANSACTION READ ONLY in front")
            equal(Row.objects.filter(who=400).count(), i, "own rows")
        with transaction.atomic():
            Row.objects.create(who=400, name=f"r{i}")
            on_primary(place(), "atomic() that has written")
        equal(Row.objects.filter(who=400).count(), i + 1, "own rows")


run(schema_editor, transactions_in_threads, savepoints, iterator_over_transactions, time_zones, select_for_update, routing)
