"""The Content-Security-Policy of django-csp, which the library makes anew with each answer: ours is made once."""

from __future__ import annotations

from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

OWN_POLICY = {"_csp_config", "_csp_update", "_csp_replace", "_csp_exempt"}  # what the library notes in a response


class ContentPolicy(CSPMiddleware):
    _made: tuple[dict[str, Any], str] | None = None  # the setting, and what was made of it

    def process_request(self, request: HttpRequest) -> None:
        """Make no nonce, as the library does: no page of ours has scripts in its text."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        directives = settings.CONTENT_SECURITY_POLICY
        is_plain = (
            not settings.DEBUG
            and getattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY", None) is None
            and "EXCLUDE_URL_PREFIXES" not in directives
            and OWN_POLICY.isdisjoint(vars(response))
        )
        if not is_plain or HEADER in response:
            return super().process_response(request, response)
        response.headers[HEADER] = self._made_of(directives)
        return response

    def _made_of(self, directives: dict[str, Any]) -> str:
        if self._made is None or self._made[0] is not directives:
            self._made = (directives, build_policy())
        return self._made[1]
