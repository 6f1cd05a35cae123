"""The rows of the migrations, which tests with real transactions change: kept in tables beside, and put back.

To read and save them as models took 0.15 s on SQLite and 0.5 s on PostgreSQL; the database copies them in hundredths.
"""

from __future__ import annotations

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

PREFIX = "seed_of_"
FUNCTION = f"{PREFIX}all"
AS_FUNCTION = """
CREATE FUNCTION {name}() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    SET LOCAL session_replication_role = replica;
    {statements}
END $$
"""


class SeedRows:
    def __init__(self) -> None:
        """Copy each table that has rows."""
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        with connection.cursor() as cursor:
            filled = [table for table in tables if _has_rows(cursor, table)]
            for table in filled:
                cursor.execute(f"CREATE TABLE {PREFIX}{table} AS SELECT * FROM {table}")  # noqa: S608
            # To empty small tables by DELETE takes a tenth of what Django's flush takes, whose TRUNCATE makes new files
            # for each table and index.
            self._statements = [
                *(f"DELETE FROM {table}" for table in tables),  # noqa: S608
                *(f"INSERT INTO {table} SELECT * FROM {PREFIX}{table}" for table in filled),  # noqa: S608
                # PostgreSQL: new rows get keys after those of the migrations.
                *(each.rstrip("; ") for each in connection.ops.sequence_reset_sql(no_style(), apps.get_models())),
            ]
            if connection.vendor == "postgresql":
                self._statements = [_make_function(cursor, self._statements)]

    def put_back(self) -> None:
        """Let all tables hold what was kept of them, and nothing else."""
        with transaction.atomic(), connection.cursor() as cursor:  # foreign keys are looked at when it ends
            for statement in self._statements:
                cursor.execute(statement)


def _has_rows(cursor: CursorWrapper, table: str) -> bool:
    cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608
    return cursor.fetchone() is not None


def _make_function(cursor: CursorWrapper, statements: list[str]) -> str:
    """Let PostgreSQL keep them, planned, so that one call runs all; return that call. By themselves they took four
    times as much CPU. It looks at no foreign key: the rows were there together."""
    performed = [each.replace("SELECT", "PERFORM", 1) if each.startswith("SELECT") else each for each in statements]
    cursor.execute(AS_FUNCTION.format(name=FUNCTION, statements="".join(f"{each};\n" for each in performed)))
    return f"SELECT {FUNCTION}()"
