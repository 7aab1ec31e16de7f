/**
 * Forwards connections into the containers of compose.yaml. All services listen on 127.0.0.1 of
 * their shared network, where Docker forwards nothing. This program listens on the network's own
 * address.
 */
import { readConfig } from "../lib/config.ts";
import { clientPorts } from "../stack/ports.ts";
import { services } from "../stack/services.ts";
import { forward } from "./forward.ts";
import { ownAddress } from "./own-address.ts";

const config = readConfig();
const host = ownAddress();
if (!host) throw new Error("Cannot open the gate: this network has no address of its own");
const ports = clientPorts(services).map((setting) => config[setting]);
for (const port of ports) forward(port, host);
console.log(`Handing on from ${host}: ${ports.join(", ")}`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));
