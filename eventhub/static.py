"""Static files: collected under hashed names, compressed, and served by the web process."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import Response, StaticFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

from eventhub import bundles


class HashedModulesStorage(CompressedManifestStaticFilesStorage):
    """Hashed names also in the `import` statements of JavaScript modules, and bundles under those of what they hold."""

    support_js_module_import_aggregation = True

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        bundled = FileSystemStorage(bundles.FOLDER)
        for name, path in bundles.fresh().items():
            paths[name] = bundled, path.name
        yield from super().post_process(paths, dry_run, **options)


class LateFile:
    """A static file whose headers are made when somebody asks for it: for all at once, a worker's start took half as
    long again."""

    def __init__(self, make: Callable[[], StaticFile]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> StaticFile:
        return self._make()

    def get_response(self, method: str, request_headers: Mapping[str, Any]) -> Response:
        return self._made.get_response(method, request_headers)


class StaticMiddleware(WhiteNoiseMiddleware):
    """Lists the files when the first is asked for, not when the server starts."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._unlisted: list[tuple[str, str]] = []  # folders, each with what its addresses begin with
        self._listing = Lock()
        super().__init__(*args, **options)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if any(request.path_info.startswith(prefix) for _, prefix in self._unlisted):
            self._list()
        answer: HttpResponse = super().__call__(request)
        return answer

    def update_files_dictionary(self, root: str, prefix: str) -> None:
        self._unlisted.append((root, prefix))

    def _list(self) -> None:
        with self._listing:
            for root, prefix in self._unlisted:
                super().update_files_dictionary(root, prefix)
            self._unlisted = []

    def get_static_file(self, path: str, url: str, stat_cache: Any = None) -> LateFile | StaticFile:
        make = partial(super().get_static_file, path, url)
        return make() if stat_cache is None else LateFile(make)

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        # Whole, not streamed: under ASGI Django would read a file response through a thread, and warn.
        answer = static_file.get_response(request.method, request.META)
        content = b""
        if answer.file is not None:
            with answer.file:
                content = answer.file.read()
        response = HttpResponse(content, status=int(answer.status))
        del response["content-type"]
        for name, value in answer.headers:
            response[name] = value
        return response


def collect_static() -> bool:
    """Collect the static files if a source changed since the last time; return whether that was so."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    fingerprint = _fingerprint()
    if stamp.exists() and stamp.read_text() == fingerprint:
        return False
    call_command("collectstatic", interactive=False, verbosity=0, clear=stamp.exists())
    stamp.write_text(fingerprint)
    return True


def _fingerprint() -> str:
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    # Not by `storage.path` and Path, which take longer than to look at the file.
    listed = (os.path.join(storage.location, name) for finder in get_finders() for name, storage in finder.list([]))
    for path in (*listed, *sorted(map(str, bundles.FOLDER.glob("*")))):
        stat = os.stat(path)
        digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
