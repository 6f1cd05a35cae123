"""The MCP servers of the fleet, as admins register them. Long because there are thirty columns, each with its help."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, transaction

from events.core.event_types import Option
from events.mcp.breaker import Config
from events.mcp.models.state import McpServerState
from events.mcp.models.words import WordsField
from events.mcp.secret import SecretUnusable, name_in
from events.models import RegistryModel
from events.outbound.address import AddressRefused, check_address
from events.outbound.origin import host_of, origin_of
from events.sources import actor
from events.sources.never_raises import try_broadcast

SERVER_NAME = RegexValidator(
    r"^[a-z0-9][a-z0-9_-]{0,63}\Z", "Use up to 64 lower-case letters, digits, underscores and hyphens."
)
HEADER_NAME = RegexValidator(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z", "That is not the name of an HTTP header.")

PUBLIC_NAME = RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9_.-]*\Z", "Use letters, digits, underscores, points and hyphens.")

DAY = 86_400
SOURCE = "mcp.registry"


def within(lowest: float, highest: float) -> list[Any]:
    return [MinValueValidator(lowest), MaxValueValidator(highest)]


class McpServer(RegistryModel):
    """A registry row, since its name is an option of every `mcp_names` filter."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        INACTIVE = "inactive", "Inactive"

    class DisabledBy(models.TextChoices):
        ADMIN = "admin", "an admin"
        AUTO = "auto", "the monitor"

    class OnToolsChanged(models.TextChoices):
        TELL = "tell", "tell"
        DEGRADE = "degrade", "tell, and call it degraded until they are approved"
        DISABLE = "disable", "tell, and disable it until they are approved"

    class Auth(models.TextChoices):
        NONE = "none", "None"
        BEARER = "bearer", "Bearer token"
        HEADER = "header", "A header of its own"

    name = models.CharField(
        max_length=64,
        unique=True,
        validators=[SERVER_NAME],
        help_text="What events and filters call it: oracle_mcp. Fixed once saved.",
    )
    title = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True, max_length=500)
    # Judged by `clean`: a URLField refuses names of one word, such as those of containers, http://oracle-mcp/.
    url = models.CharField("URL", max_length=500, help_text="Its streamable HTTP endpoint.")
    status = models.CharField(
        max_length=8, choices=Status, default=Status.ACTIVE, help_text="Inactive servers are not checked."
    )
    disabled_by = models.CharField(max_length=5, choices=DisabledBy, blank=True, editable=False)
    status_reason = models.CharField(max_length=300, blank=True, editable=False)
    auth = models.CharField("authentication", max_length=6, choices=Auth, default=Auth.NONE)
    auth_header = models.CharField(
        "header", max_length=64, blank=True, validators=[HEADER_NAME], help_text="For a header of its own: X-Api-Key."
    )
    secret_ref = models.CharField(
        "secret",
        max_length=200,
        blank=True,
        help_text="Where the secret is, not the secret: env:MCP_SECRET_ORACLE is the environment variable of that name "
        "of the monitor and of the web server. It is sent only to a scheme, host and port that it is bound to. Cleared "
        "when the URL gets another one.",
    )
    check_interval_s = models.PositiveIntegerField(
        "check every", default=30, validators=within(1, DAY), help_text="Seconds between two checks."
    )
    timeout_s = models.FloatField(
        "timeout", default=10, validators=within(0.1, 120), help_text="Seconds for a whole check."
    )
    degraded_latency_ms = models.PositiveIntegerField(
        "slow from", default=2000, validators=within(1, 120_000), help_text="Milliseconds; a slower answer: degraded."
    )
    expected_tools = WordsField(
        default=list, blank=True, help_text="Tools that it must offer, one per line; empty: any. Never called."
    )
    on_tools_changed = models.CharField(
        "if its tools change",
        max_length=7,
        choices=OnToolsChanged,
        default=OnToolsChanged.TELL,
        help_text="What happens when its tools are not those that were approved.",
    )
    trusts_first_tools = models.BooleanField(
        "approve the first tools", default=True, help_text="What is seen first is approved; else it waits for somebody."
    )
    fall = models.PositiveSmallIntegerField(
        default=3, validators=within(1, 100), help_text="Failures in a row that make it unhealthy."
    )
    rise = models.PositiveSmallIntegerField(
        default=2, validators=within(1, 100), help_text="Successes in a row that make it healthy again."
    )
    failure_threshold = models.PositiveSmallIntegerField(
        default=5, validators=within(1, 100), help_text="Failures in a row that open its circuit."
    )
    open_base_s = models.PositiveIntegerField(
        "open for", default=60, validators=within(1, DAY), help_text="Seconds until an open circuit is tried."
    )
    open_max_s = models.PositiveIntegerField(
        "at most", default=900, validators=within(1, DAY), help_text="Seconds; the time doubles with each failed trial."
    )
    half_open_successes = models.PositiveSmallIntegerField(
        default=2, validators=within(1, 100), help_text="Successes in a row that close the circuit."
    )
    max_failure_cycles = models.PositiveSmallIntegerField(
        default=3, validators=within(1, 100), help_text="Failed trials after which it is disabled."
    )
    auto_disable = models.BooleanField(default=True, help_text="Disable it after that many failed trials …")
    min_down_s = models.PositiveIntegerField(
        "and down for", default=300, validators=within(0, DAY), help_text="… if it has been down for so many seconds."
    )
    auto_reenable = models.BooleanField(
        default=True, help_text="Enable it again, at most twice a day, when it has recovered from being auto-disabled."
    )
    recovery_interval_s = models.PositiveIntegerField(
        "look after it every", default=300, validators=within(1, DAY), help_text="Seconds, while it is auto-disabled."
    )
    tags = WordsField(default=list, blank=True, help_text="Words to find it by, one per line.")

    public_name = models.CharField(
        max_length=40,
        blank=True,
        validators=[PUBLIC_NAME],
        help_text="What /status calls it, which everybody may read, if that is switched on. Empty: it is not there.",
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("public_name",), condition=~models.Q(public_name=""), name="mcp_public_name_once"
            ),
        )
        ordering = ("name",)
        verbose_name = "MCP server"
        permissions = (("approve_tools", "Can approve the tools of MCP servers"),)

    def __str__(self) -> str:
        return self.title or self.name

    @property
    def breaker(self) -> Config:
        return Config(
            **{name: getattr(self, name) for name in Config.__struct_fields__ if hasattr(self, name)},
        )

    def clean(self) -> None:
        errors = self._address_errors() | self._secret_errors()
        if self.timeout_s and self.check_interval_s and self.timeout_s > self.check_interval_s:
            errors["timeout_s"] = "A check must end before the next begins: at most “check every”."
        if self.open_base_s and self.open_max_s and self.open_max_s < self.open_base_s:
            errors["open_max_s"] = "It must be at least “open for”."
        if errors:
            raise ValidationError(errors)

    def _address_errors(self) -> dict[str, str]:
        if not self.url:  # of which the field itself has told
            return {}
        try:
            check_address(self.url)
        except AddressRefused as refusal:
            return {"url": str(refusal)}
        return {}

    def _secret_errors(self) -> dict[str, str]:
        if self.auth == self.Auth.HEADER and not self.auth_header:
            return {"auth_header": "Name the header that carries the secret."}
        if not self.secret_ref:
            return {}
        if self.auth == self.Auth.NONE:
            return {"secret_ref": "It would be sent to nobody: choose an authentication, or leave this empty."}
        try:
            name_in(self.secret_ref)
        except SecretUnusable as error:
            return {"secret_ref": str(error)}
        return {}

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.status == self.Status.ACTIVE:
            self.disabled_by = ""
        elif not self.disabled_by:
            self.disabled_by = self.DisabledBy.ADMIN
        with transaction.atomic():
            moved_from = self._moved_from()
            if moved_from:
                self.secret_ref = ""  # else whoever edits a URL could have the secret sent to a place of their own
            if (names := kwargs.get("update_fields")) is not None:
                with_them = {"status": "disabled_by", "url": "secret_ref"}
                kwargs["update_fields"] = {*names, *(with_them[name] for name in names if name in with_them)}
            super().save(*args, **kwargs)
            McpServerState.objects.get_or_create(server=self)
            if moved_from:
                try_broadcast("endpoint_changed", lambda: self._endpoint_changed(moved_from), source=SOURCE)

    def _moved_from(self) -> str:
        """Return the URL that is saved, if this one has another scheme, host or port."""
        saved = (
            None if self._state.adding else McpServer.objects.filter(pk=self.pk).values_list("url", flat=True).first()
        )
        return saved if saved and origin_of(saved) != origin_of(self.url) else ""

    def _endpoint_changed(self, old_url: str) -> dict[str, Any]:
        return {
            "mcp_name": self.name,
            "old_host": host_of(old_url),
            "new_host": host_of(self.url),
            "username": actor.username(),
            "severity": "warning",
        }


def server_names() -> list[Option]:
    """Return the options of every `mcp_names` filter, inactive servers included."""
    return [Option(name, name) for name in McpServer.objects.values_list("name", flat=True)]
