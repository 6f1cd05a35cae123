"""The Content-Security-Policy of django-csp, which the library makes anew with each answer: ours is made once."""

from __future__ import annotations

from typing import Any

from csp.constants import HEADER
from csp.middleware import CheckableLazyObject, CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

AS_SET = PolicyParts()  # a view has changed nothing, and a page has used no nonce


class ContentPolicy(CSPMiddleware):
    _made: tuple[dict[str, Any], str] | None = None  # the setting, and what was made of it

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_plain = (
            not settings.DEBUG
            and getattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY", None) is None
            and "EXCLUDE_URL_PREFIXES" not in settings.CONTENT_SECURITY_POLICY
            and not getattr(response, "_csp_exempt", False)
            and self.get_policy_parts(request, response) == AS_SET
        )
        if not is_plain or HEADER in response:
            return super().process_response(request, response)
        response[HEADER] = self._made_of(settings.CONTENT_SECURITY_POLICY)
        # As the library does, now that the policy is written.
        request.csp_nonce = CheckableLazyObject(self._csp_nonce_post_response)  # type: ignore[attr-defined]
        return response

    def _made_of(self, directives: dict[str, Any]) -> str:
        if self._made is None or self._made[0] is not directives:
            self._made = (directives, build_policy())
        return self._made[1]
