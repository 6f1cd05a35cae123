/** Stands in for WebSocket: the test plays the server. */
export class FakeSocket {
  static made = [];

  sent = [];
  closed = false;
  onopen = (_) => {};
  onmessage = (_) => {};
  onclose = (_) => {};

  constructor(url) {
    this.url = url;
    FakeSocket.made.push(this);
  }

  static get last() {
    return FakeSocket.made.at(-1);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  // --- what the server does ---

  accept() {
    this.onopen({});
  }

  push(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  end(code, reason = "") {
    this.onclose({ code, reason });
  }

  command(action) {
    return this.sent.findLast((message) => message.action === action);
  }

  answer(action, message) {
    this.push({ ...message, request_id: this.command(action).request_id });
  }
}
