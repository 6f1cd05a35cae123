"""Which origins a secret may be sent to. Not a column of the servers: who edits those may not decide it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from events.mcp.secret import SecretNotBound, SecretUnusable, fixed_origins, name_in
from events.models import RegistryModel
from events.outbound.address import AddressRefused, parse_address
from events.outbound.origin import origin_text
from events.sources import actor
from events.sources.never_raises import try_broadcast

SOURCE = "mcp.registry"

Origins = Mapping[str, frozenset[str]]  # by the name of the secret


class SecretBinding(RegistryModel):
    """A registry row, since the monitor looks again when one changes."""

    secret = models.CharField(max_length=128, help_text="The name of the environment variable: MCP_SECRET_ORACLE.")
    origin = models.CharField(
        max_length=300, help_text="Scheme, host and port of a server that it may be sent to: https://mcp.example.org."
    )
    bound_by = models.CharField(max_length=150, editable=False)
    bound_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("secret", "origin")
        constraints = (models.UniqueConstraint(fields=("secret", "origin"), name="mcp_secret_bound_once"),)
        verbose_name = "secret binding"

    def __str__(self) -> str:
        return f"{self.secret} to {self.origin}"

    def clean(self) -> None:
        errors = {}
        self.secret = self.secret.removeprefix("env:")
        try:
            name_in(f"env:{self.secret}")
            fixed = fixed_origins().get(self.secret)
        except SecretUnusable as error:
            errors["secret"] = str(error)
            fixed = None
        try:
            parse_address(self.origin)
        except AddressRefused as refusal:
            errors["origin"] = str(refusal)
        else:
            self.origin = origin_text(self.origin)
            if fixed is not None and self.origin not in fixed:
                errors["origin"] = str(SecretNotBound(self.secret, self.origin))
        if errors:
            raise ValidationError(errors)

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            before = self._bound()
            self.bound_by = self.bound_by or actor.username()
            super().save(*args, **kwargs)
            self._broadcast_change(before)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            before = self._bound()
            result = super().delete(*args, **kwargs)
            self._broadcast_change(before)
        return result

    def _bound(self) -> list[str]:
        return list(SecretBinding.objects.filter(secret=self.secret).values_list("origin", flat=True))

    def _broadcast_change(self, before: list[str]) -> None:
        def change() -> dict[str, Any]:
            subject = f"secret {self.secret}"
            who = actor.username()
            return {"username": who, "subject": subject, "kind": "destination", "old": before, "new": self._bound()}

        try_broadcast("access_change", change, source=SOURCE)


def bound_origins() -> Origins:
    """Return where each secret may be sent: to where the operator says, or, if the operator says nothing, to where it
    is bound."""
    bound: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for secret, origin in SecretBinding.objects.values_list("secret", "origin"):
        bound[secret] |= {origin}
    return {**bound, **fixed_origins()}
