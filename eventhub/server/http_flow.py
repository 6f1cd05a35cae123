"""Whether a connection is read from: for two reasons it is not, each of which must end by itself."""

from __future__ import annotations

from uvicorn.protocols.http.flow_control import FlowControl


class HttpFlow(FlowControl):
    """uvicorn stops reading while the application has enough of a body, and goes on when it asks for more. The server
    lane holds it while something that has come is not parsed yet, whatever the application asks for."""

    held = False

    def hold(self) -> None:
        if not self.held:
            self.held = True
            self._transport.pause_reading()

    def release(self) -> None:
        if self.held:
            self.held = False
            if not self.read_paused:
                self._transport.resume_reading()

    def resume_reading(self) -> None:
        if self.held:
            self.read_paused = False
        else:
            super().resume_reading()
