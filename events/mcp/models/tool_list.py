"""The tools of a server: what was approved apart from what was last seen, so that slow changes add up."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from django.db import models

from events.mcp.tools.changes import Changes, changes_between
from events.mcp.tools.definitions import FORM, Definitions, read

if TYPE_CHECKING:
    from events.mcp.models.server import McpServer

MAX_TOLD = 50  # fingerprints of lists of a server that were told; who shows more is told of again
MAX_LISTS = 20  # of a server; one for each credential and era it was ever asked with


class ToolLists(models.QuerySet["ToolList"]):
    def light(self) -> ToolLists:
        """Leave the definitions in the database until somebody asks for them."""
        return self.defer("approved", "seen")


class ToolList(models.Model):
    """What one server shows to one credential in one era: only such lists are compared. Written by the monitor."""

    server = models.ForeignKey("mcp.McpServer", on_delete=models.CASCADE, related_name="tool_lists")
    era = models.CharField(max_length=10)
    credential = models.CharField(max_length=300, blank=True)  # how it is sent and its reference, never the secret
    form = models.PositiveSmallIntegerField(default=FORM)
    approved_fingerprint = models.CharField(max_length=64, blank=True)  # empty: nothing is approved yet
    approved = models.BinaryField(default=b"")  # compressed
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True)
    seen_fingerprint = models.CharField(max_length=64)
    seen = models.BinaryField(default=b"")  # compressed; empty: as approved
    seen_at = models.DateTimeField()  # for the first time as it is now
    is_first = models.BooleanField(default=False)  # beside other lists of its server, and it was not told yet
    told = models.JSONField(default=list)  # fingerprints that were told since the last approval

    objects = ToolLists.as_manager()

    class Meta:
        ordering = ("-seen_at", "-pk")
        constraints = (models.UniqueConstraint(fields=("server", "era", "credential"), name="mcp_tools_once"),)

    def __str__(self) -> str:
        return f"{self.era}, {self.credential or 'no credential'}"

    @property
    def is_approved(self) -> bool:
        return self.approved_fingerprint == self.seen_fingerprint

    def see(self, fingerprint: str, text: bytes) -> None:
        """Take over what was seen. Do not save."""
        self.seen_fingerprint = fingerprint
        self.seen = b"" if self.is_approved else zlib.compress(text, 1)

    def approve(self, by: str, at: Any) -> None:
        """Approve what was last seen. Do not save."""
        if not self.is_approved:
            self.approved, self.seen = self.seen, b""
        self.approved_fingerprint = self.seen_fingerprint
        self.approved_by, self.approved_at, self.told = by, at, []

    @property
    def approved_tools(self) -> Definitions:
        return read(zlib.decompress(self.approved) if self.approved else b"")

    @property
    def seen_tools(self) -> Definitions:
        return read(zlib.decompress(self.seen)) if self.seen else self.approved_tools

    def changes(self) -> Changes:
        """Return how what was last seen differs from what was approved."""
        return Changes() if self.is_approved else changes_between(self.approved_tools, self.seen_tools)

    def tell(self) -> bool:
        """Say whether what was last seen has not been told of since the last approval, and note that it is now."""
        if self.seen_fingerprint in self.told:
            return False
        self.told = [*self.told, self.seen_fingerprint][-MAX_TOLD:]
        return True


def credential_of(server: McpServer) -> str:
    """Return what tells apart whom a server takes us for. The reference, not the secret."""
    return "" if server.auth == "none" else " ".join(filter(None, [server.auth, server.auth_header, server.secret_ref]))
