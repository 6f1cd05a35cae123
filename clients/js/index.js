/** Events of an eventhub, live. */
export { EventClient } from "./client/client.js";
export { ConnectionLost, ConnectionRefused, ProtocolError } from "./client/connection.js";
export { StreamSocket } from "./client/stream_socket.js";
