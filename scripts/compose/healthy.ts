/**
 * The health check of a container. Ends with status 0 when the named program works, else prints the
 * reason and ends with status 1. A container without a network is ended: its programs still reach
 * each other, so all would seem well. Only a restart puts it into the new network.
 */

import { ageMs, processTree } from "../host/process-tree.ts";
import { programNames } from "../host/service.ts";
import { type Config, readConfig } from "../lib/config.ts";
import { noProxyForLoopback } from "../lib/loopback.ts";
import { listens } from "../lib/probe.ts";
import { clientPorts } from "../stack/ports.ts";
import { services } from "../stack/services.ts";
import { ownAddress } from "./own-address.ts";

/** The container's first process only waits for its first child, which is the program. */
const FIRST = 1;

function mainProcess(): number {
  const [first = FIRST, program = first] = processTree(FIRST);
  return program;
}

/** The gate is open on all ports, whether or not a service stands behind them. */
async function answersGate(config: Config, host: string): Promise<void> {
  await Promise.all(clientPorts(services).map((setting) => listens(`${host}:${config[setting]}`)));
}

async function answersProgram(config: Config, name: string): Promise<void> {
  const service = services.find((candidate) => programNames(candidate).includes(name));
  if (!service) throw new Error(`Cannot find program ${name}: no service has it`);
  const processId = mainProcess();
  await service.probe(config, [
    {
      name,
      group: service.name,
      state: "RUNNING",
      processId,
      startedAtSeconds: Math.floor((Date.now() - ageMs(processId)) / 1_000),
      reason: "",
    },
  ]);
}

const [, , name = ""] = process.argv;
try {
  const host = ownAddress();
  if (!host) {
    // The container passes the signal on to the program as Ctrl-C; for PostgreSQL, too, a quick
    // end.
    process.kill(FIRST, "SIGINT");
    throw new Error("Its network has ended: it ends, to be started again in the new one");
  }
  const config = readConfig();
  Object.assign(process.env, noProxyForLoopback(process.env));
  await (name === "gate" ? answersGate(config, host) : answersProgram(config, name));
  process.exit(0);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
