/** Consumers as processes of their own, which a test may kill, freeze and start again. */
import { freePorts } from "../../scripts/host/free-ports.ts";
import { until } from "../../scripts/lib/wait.ts";
import type { Place } from "./platform.ts";
import { start } from "./script.ts";

export type ConsumerProcess = ReturnType<typeof start> & { metricsPort: number };

/** Starts a consumer on the place; `script` may be a variant of the product's consumer. */
export async function startConsumer(
  place: Place,
  settings: Record<string, string> = {},
  script = "scripts/consume.ts",
): Promise<ConsumerProcess> {
  const [port] = await freePorts(1);
  const environment = { ...place.environment, CONSUMER_METRICS_PORT: String(port), ...settings };
  return Object.assign(start(environment, script), { metricsPort: port as number });
}

/** The answer of `/healthz`, of any program that has one. */
export const askHealth = ({ metricsPort }: Pick<ConsumerProcess, "metricsPort">) =>
  fetch(`http://127.0.0.1:${metricsPort}/healthz`);

/** What it says. */
export interface Health {
  ok: boolean;
  waitingFor?: string;
  since?: string;
  warnings: string[];
}

export const readHealth = async (metricsPort: number): Promise<Health> =>
  (await askHealth({ metricsPort })).json() as Promise<Health>;

/** Waits until the consumer is a member of the group with this number of partitions. */
export async function untilJoined(consumer: ConsumerProcess): Promise<void> {
  await until("the consumer works", 60_000, async () => {
    const response = await askHealth(consumer);
    if (!response.ok) throw new Error(await response.text());
  });
}

/** Stops a consumer as an operator does, and returns its exit code. */
export function stopConsumer(consumer: ConsumerProcess): Promise<number> {
  consumer.kill("SIGTERM");
  return consumer.exited;
}
