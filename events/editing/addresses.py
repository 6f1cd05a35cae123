"""What an address of the admin may ask: nothing that the database takes long for, or that ends in an error of ours."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.db import DataError, NotSupportedError
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse

# The lookups that links and filters are made of, and the cheap ones for text. A regular expression may take for ever,
# and SQLite's is Python's, which holds the interpreter's lock meanwhile: one stood a whole web process still.
LOOKUPS = {
    *("exact", "iexact", "in", "isnull", "gt", "gte", "lt", "lte"),
    *("contains", "icontains", "startswith", "istartswith", "endswith", "iendswith"),
}
MAX_PARAMETERS = 50  # conditions in an address; SQLite takes no expression that is 1,000 deep
MAX_VALUE = 1_000  # characters of one; SQLite takes no pattern of more than 50,000 bytes
MAX_WORDS = 32  # in a search: each is looked for in every column
# What becomes of odd values on their way to the database, and there.
ODD_VALUES = (ValueError, TypeError, OverflowError, ValidationError, DataError, NotSupportedError)


class BoundedAddresses(ModelAdmin):  # type: ignore[type-arg]
    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return is_cheap(self.model, lookup) and super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        values = [value for _, listed in request.GET.lists() for value in listed]
        if len(values) > MAX_PARAMETERS or any(is_odd(value) for value in values):
            raise IncorrectLookupParameters
        try:
            return super().get_changelist_instance(request)
        except ODD_VALUES as error:
            if not values:
                raise
            raise IncorrectLookupParameters(error) from error

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if len(search_term.split()) > MAX_WORDS or is_odd(search_term):
            text = f"Nothing was looked for: a search may have at most {MAX_WORDS} words and {MAX_VALUE:,} characters."
            self.message_user(request, text, messages.ERROR)
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *more: Any) -> HttpResponse | None:
        key = self.opts.pk
        for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                if is_odd(chosen):
                    raise ValueError
                key.run_validators(key.to_python(chosen))
            except ODD_VALUES as error:
                raise BadRequest(f"{chosen[:100]!r} is not the key of a {self.opts.verbose_name}.") from error
        return super().response_action(request, queryset, *more)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        try:
            return None if is_odd(object_id) else super().get_object(request, object_id, from_field)
        except (OverflowError, DataError):
            return None


def is_odd(value: str) -> bool:
    return len(value) > MAX_VALUE or "\0" in value


def is_cheap(model: type[Model], lookup: str) -> bool:
    """Return whether what follows the path of fields is one of LOOKUPS or nothing. What is no field at all is judged
    elsewhere: a filter of the list's own, or nothing."""
    field: Any = None
    rest = lookup.split(LOOKUP_SEP)
    while rest:
        try:
            field = model._meta.pk if rest[0] == "pk" else model._meta.get_field(rest[0])
        except FieldDoesNotExist:
            break
        rest = rest[1:]
        if not getattr(field, "path_infos", None):
            break
        model = field.path_infos[-1].to_opts.model
    return field is None or not rest or (len(rest) == 1 and rest[0] in LOOKUPS)
