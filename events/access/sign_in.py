"""Signing in with a password, on the page and in the admin: guessing is slow, and costs others nothing."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase

from events.access import attempts
from events.database.pool import let_go_of_database

# A password is hashed for 0.3 s, by design, and anybody may ask for that.
HASHES_AT_ONCE = 1  # of a process; delivery wants the other cores
MAX_WAITING = 10  # of a process, for their turn
MAX_WAITING_OF_ADDRESS = 5
BUSY_S = 2  # after which it is worth trying again
# Before an answer that refuses: who tries again at once would keep the process busy with that alone. So many at once:
# each holds one of the 64 threads that answer everybody (`eventhub.http.handler`).
PAUSE_S = 1.0
MAX_PAUSING = 16


class SignInRefused(Exception):
    def __init__(self, status: int, wait: int, sentence: str) -> None:
        self.status = status
        self.wait = wait
        super().__init__(sentence)


class HashingTurns:
    """For those who want a password hashed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Counter[str] = Counter()
        self._turn = threading.BoundedSemaphore(HASHES_AT_ONCE)

    @contextmanager
    def of(self, address: str) -> Iterator[None]:
        """Wait for one's turn. Raises SignInRefused."""
        with self._lock:
            if self._waiting.total() >= MAX_WAITING or self._waiting[address] >= MAX_WAITING_OF_ADDRESS:
                sentence = "Many are signing in at this moment. Please try again in a few seconds."
                raise SignInRefused(503, BUSY_S, sentence)
            self._waiting[address] += 1
        try:
            let_go_of_database()
            with self._turn:
                yield
        finally:
            with self._lock:
                self._waiting[address] -= 1
                self._waiting += Counter()  # drops who does not wait any more


turns = HashingTurns()
_pausing = threading.BoundedSemaphore(MAX_PAUSING)


def pause() -> None:
    if _pausing.acquire(blocking=False):
        try:
            let_go_of_database()
            time.sleep(PAUSE_S)
        finally:
            _pausing.release()


if TYPE_CHECKING:
    Form = AuthenticationForm
else:
    Form = object


@contextmanager
def patiently(request: HttpRequest, username: str) -> Iterator[list[attempts.Key]]:
    """Let a password be tried in the block, when its turn has come. Raises ValidationError for who has to wait."""
    address = request.META.get("REMOTE_ADDR", "")
    keys = attempts.keys_of_password(username, address)
    try:
        refuse_who_must_wait(keys)  # before there is a queue to stand in
        with turns.of(attempts.network_of(address)):
            refuse_who_must_wait(keys)  # others have tried meanwhile
            yield keys
    except SignInRefused as refused:
        pause()
        request.sign_in_refused = refused  # type: ignore[attr-defined]
        raise ValidationError(str(refused), code="refused") from refused


class Patient(Form):
    """For a form that signs in: failures are counted, and who has too many waits."""

    def clean(self) -> dict[str, Any]:
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not username or not password:
            return super().clean()
        assert self.request is not None
        with patiently(self.request, username) as keys:
            return self._clean(keys)

    def _clean(self, keys: list[attempts.Key]) -> dict[str, Any]:
        try:
            return super().clean()
        finally:
            if self.user_cache is None:
                attempts.failed(keys)
            else:
                attempts.succeeded(keys)


def refuse_who_must_wait(keys: list[attempts.Key]) -> None:
    if wait := attempts.wait(keys):
        sentence = f"Too many attempts to sign in have failed from your address. Please try again in {in_words(wait)}."
        raise SignInRefused(429, wait, sentence)


def in_words(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} second{'s' * (seconds != 1)}"
    return f"{-(-seconds // 60)} minutes"


class SignInForm(Patient, AuthenticationForm):
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": (
            "This user name and password do not belong together. Both distinguish capital and small letters; an admin "
            "can set a forgotten password anew."
        ),
    }


class AdminSignInForm(Patient, AdminAuthenticationForm):
    pass


class PasswordForm(PasswordChangeForm):
    """Who has a session of somebody else guesses no faster here than where one signs in."""

    def __init__(self, user: Any, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        self.request = request
        super().__init__(user, *args, **kwargs)

    def clean_old_password(self) -> str:
        with patiently(self.request, self.user.get_username()) as keys:
            try:
                old: str = super().clean_old_password()
            except ValidationError:
                attempts.failed(keys)
                raise
            attempts.succeeded(keys)
            return old

    def save(self, commit: bool = True) -> Any:
        """Write the password alone: Django's form would also undo what somebody has changed of the user meanwhile."""
        user = super().save(commit=False)
        user.save(update_fields=["password"])
        return user


def with_status_of_refusal(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Give a page that signs in the status of a refusal, where there was one."""

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        refused: SignInRefused | None = getattr(request, "sign_in_refused", None)
        if refused is not None:
            response.status_code = refused.status
            response.headers["Retry-After"] = str(refused.wait)
        return response

    return answer
