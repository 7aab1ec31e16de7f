/**
 * Opens a client's connections to brokers, and says so before anything is asked over one. Whatever
 * answers at an address may be another Kafka than before: wiped, or with an older copy of its data.
 */
import { isIP, connect as openPlain, type Socket } from "node:net";
import { type ConnectionOptions, connect as openTls } from "node:tls";

const KEEP_ALIVE_MS = 60_000;

export interface SocketRequest {
  host: string;
  port: number;
  ssl?: ConnectionOptions | null;
  onConnect(): void;
}

/**
 * Makes a function that opens sockets. Each is in use only once `admit` has returned or resolved; an
 * error from there closes it.
 */
export function admittedSockets(
  admit: () => void | Promise<void>,
): (request: SocketRequest) => Socket {
  return ({ host, port, ssl, onConnect }) => {
    const connected = async () => {
      try {
        await admit();
        // The client may have given it up meanwhile.
        if (socket.writable) onConnect();
      } catch (error) {
        socket.destroy(error as Error);
      }
    };
    const socket: Socket = ssl
      ? openTls({ host, port, ...(isIP(host) === 0 && { servername: host }), ...ssl }, connected)
      : openPlain({ host, port }, connected);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return socket;
  };
}
