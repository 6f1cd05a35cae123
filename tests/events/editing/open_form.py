"""Forms of the admin that people have opened, and save later."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from tests.events.admin_forms import posted
from tests.events.unread_pages import unread


class Page:
    """A form that somebody has opened."""

    def __init__(self, name: str, url: str) -> None:
        self.client = Client()
        user, _ = User.objects.get_or_create(username=name, is_staff=True, is_superuser=True)
        self.client.force_login(user)
        self.url = url
        with unread():
            self.answer: Any = self.client.get(url)
        assert self.answer.status_code == 200

    def save(self, **filled_in: Any) -> Any:
        """Save what the page shows; return what follows, which is the same page when it is refused."""
        data = posted(self.answer, {name.replace("__", "-"): value for name, value in filled_in.items()})
        with unread():
            self.answer = self.client.post(self.url, data, follow=True)
        return self.answer

    @property
    def text(self) -> str:
        return " ".join(self.answer.content.decode().split())


def two_pages(url: str) -> tuple[Page, Page]:
    return Page("ada", url), Page("bob", url)


def row(page: Page, **values: Any) -> int:
    """Return the number of a row of the page's inline."""
    forms = page.answer.context["inline_admin_formsets"][0].formset.initial_forms
    (number,) = (n for n, form in enumerate(forms) if all(getattr(form.instance, k) == v for k, v in values.items()))
    assert isinstance(number, int)
    return number
