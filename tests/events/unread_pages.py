"""Pages of the admin that are rendered when a test reads them. Most tests look at what a form holds and says alone.

To render a form takes two thirds of its request. That each page can be rendered is tested in `tests/page/admin`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.template.backends.django import Template
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.test.signals import template_rendered


class Unread(TemplateResponse):
    """One whose content is there once somebody asks for it."""

    @property
    def content(self) -> Any:
        if not self.is_rendered:
            SimpleTemplateResponse.render(self)  # its own may be `put_off`
        return TemplateResponse.content.fget(self)

    @content.setter
    def content(self, value: Any) -> None:
        TemplateResponse.content.fset(self, value)


def put_off(response: TemplateResponse) -> TemplateResponse:
    """Do, in place of rendering it, what tests and the next page notice of it."""
    template, request = response.resolve_template(response.template_name), response._request
    assert isinstance(template, Template)
    context: dict[str, Any] = {}
    for processor in template.backend.engine.template_context_processors:
        context |= processor(request)
    context |= response.resolve_context(response.context_data) or {}
    list(context["messages"])  # those that are shown are not kept for the next page
    template_rendered.send(sender=None, template=None, context=context)  # the test's client looks for it there
    response.headers["Content-Length"] = "0"  # else it would be counted
    response.__class__ = Unread
    return response


@contextmanager
def unread() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TemplateResponse, "render", put_off)
        yield
