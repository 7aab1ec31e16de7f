/**
 * Forwards connections from a port of one address of this machine to the same port of 127.0.0.1.
 */
import { createServer, connect as openSocket, type Server } from "node:net";

/** Either side may close its half first; where no service runs, the connection just ends. */
export function forward(port: number, host: string): Server {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const service = openSocket({ host: "127.0.0.1", port, allowHalfOpen: true });
    client.pipe(service).pipe(client);
    client.on("error", () => service.destroy());
    service.on("error", () => client.destroy());
    client.on("close", () => service.destroy());
    service.on("close", () => client.destroy());
  });
  return server.listen(port, host);
}
