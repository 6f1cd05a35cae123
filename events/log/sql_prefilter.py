"""What the database can tell of a filter: which payloads cannot match, without reading their JSON.

The plain predicate decides. This only leaves out what it would refuse, and does so many times faster.
"""

from __future__ import annotations

import re
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Func, IntegerField, Q
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThan

from events.core.filters import Condition, Filter

MOST_NEEDLES = 10  # of a condition; each is looked for in the whole payload
PLAIN = re.compile(r"[ !#-\[\]-~]+")  # in JSON as it is


class OctetLength(Func):
    """Bytes of a text."""

    function = "OCTET_LENGTH"
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return super().as_sql(compiler, connection, template="LENGTH(CAST(%(expressions)s AS BLOB))", **context)


# What is not ASCII may fold to what is: the Kelvin sign to k, ß to ss. Such a payload is left to the predicate.
NOT_ASCII = Q(GreaterThan(OctetLength(F("data")), Length("data")))


def may_match(filter: Filter) -> Q:
    """Return a prefilter: true of the payload of every event that the filter matches."""
    prefilter = Q()
    for condition in filter:
        if has_needles(condition):
            prefilter &= reduce(or_, (Q(data__icontains=value) for value in condition.values)) | NOT_ASCII
    return prefilter


def has_needles(condition: Condition) -> bool:
    """Return whether a payload in which the condition holds contains one of its values, as text and but for case."""
    return (
        not condition.number
        and 0 < len(condition.values) <= MOST_NEEDLES
        and all(isinstance(value, str) and PLAIN.fullmatch(value) for value in condition.values)
    )
