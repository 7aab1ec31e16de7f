/**
 * The way into the containers of compose.yaml. All services listen on 127.0.0.1 of the network that
 * they share, where Docker hands nothing on; this takes what reaches that network's own address and
 * passes it on to them, byte by byte.
 */
import { createServer, connect as openSocket, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { pipeline } from "node:stream";
import { readConfig } from "../lib/config.ts";
import { clientPorts } from "./services.ts";

function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4");
  if (!found) throw new Error("Cannot open the gate: this network has no address of its own");
  return found.address;
}

/** Either side may close its half first; a service that does not run yet just ends the connection. */
function passOn(client: Socket, port: number): void {
  const service = openSocket({ host: "127.0.0.1", port, allowHalfOpen: true });
  pipeline(client, service, () => {});
  pipeline(service, client, () => {});
}

const config = readConfig();
const host = ownAddress();
for (const setting of clientPorts) {
  const port = config[setting];
  createServer({ allowHalfOpen: true }, (client) => passOn(client, port)).listen(port, host);
}
console.log(`Handing on from ${host}: ${clientPorts.map((setting) => config[setting]).join(", ")}`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));
