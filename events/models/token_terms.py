"""What knox keeps nowhere: a token's name, what it was made for, and when it was last used."""

from __future__ import annotations

from typing import Any

from django.db import models
from knox.models import AuthToken

READ, EMIT = SCOPES = ("read", "emit")
MAX_NAME = 60  # characters
AT_MCP_ALONE = "at /mcp alone"


class TokenTerms(models.Model):
    """They are never changed: who wants other scopes makes another token. One that knox's own calls have made has none,
    and both scopes."""

    token = models.OneToOneField(AuthToken, models.CASCADE, primary_key=True, related_name="terms")
    name = models.CharField(max_length=MAX_NAME)
    may_read = models.BooleanField(default=True)
    may_emit = models.BooleanField(default=True)
    agents_only = models.BooleanField(default=False, db_default=False)  # it is taken at /mcp, and nowhere else
    last_used = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name = verbose_name_plural = "scopes"  # so calls them the page that asks before a deletion

    def __str__(self) -> str:
        return ", ".join([*self.scopes, *([AT_MCP_ALONE] if self.agents_only else [])])

    @classmethod
    def of(cls, token: Any) -> TokenTerms:
        try:
            terms: TokenTerms = token.terms
        except cls.DoesNotExist:
            return cls(token=token)
        return terms

    @property
    def scopes(self) -> list[str]:
        return [scope for scope, may in ((READ, self.may_read), (EMIT, self.may_emit)) if may]
