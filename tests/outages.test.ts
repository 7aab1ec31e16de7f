/** The consumer names a service that stands still but still accepts connections. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { processTree } from "../scripts/host/process-tree.ts";
import { until } from "../scripts/lib/wait.ts";
import {
  askHealth,
  type ConsumerProcess,
  startConsumer,
  stopConsumer,
  untilJoined,
} from "./harness/consumers.ts";
import { makeEvents } from "./harness/events.ts";
import { Platform, writeLines } from "./harness/platform.ts";
import { start } from "./harness/script.ts";
import { untilRead } from "./harness/tables.ts";

setDefaultTimeout(300_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.stop());

/** The time limit that the documents promise. */
const NOTICED_MS_MAX = 15_000;

/** The answer of `/healthz`, with its status. */
async function health(consumer: ConsumerProcess): Promise<[number, string | undefined]> {
  const response = await askHealth(consumer);
  const { waitingFor } = (await response.json()) as { waitingFor?: string };
  return [response.status, waitingFor];
}

/** Stops the service during `work`. */
async function whileFrozen(service: "kafka" | "postgres", work: () => Promise<void>) {
  const ids = processTree(await platform.processId(service));
  for (const id of ids) process.kill(id, "SIGSTOP");
  try {
    await work();
  } finally {
    for (const id of ids) process.kill(id, "SIGCONT");
  }
}

const untilWaitingFor = (consumer: ConsumerProcess, name: string) =>
  until(`the consumer waits for ${name}`, NOTICED_MS_MAX, async () =>
    expect(await health(consumer)).toEqual([503, name]),
  );

const NAMES = { kafka: "Kafka", postgres: "PostgreSQL" } as const;

for (const service of ["postgres", "kafka"] as const) {
  const name = NAMES[service];

  test(`/healthz names ${name} within 15 s when it stands still and no events arrive`, async () => {
    const place = await platform.place(`idle_${service}`);
    const consumer = await startConsumer(place);
    await untilJoined(consumer);
    await whileFrozen(service, () => untilWaitingFor(consumer, name));
    await untilJoined(consumer);
    expect(await stopConsumer(consumer)).toBe(0);
    const said = await new Response(consumer.stderr).text();
    expect(said.split(`${name} is away`)).toHaveLength(2);
    expect(said.split(`${name} is back`)).toHaveLength(2);
  });

  test(`/healthz names ${name} within 15 s when it stands still under load`, async () => {
    const place = await platform.place(`busy_${service}`);
    const { lines } = makeEvents(20_000);
    const consumer = await startConsumer(place);
    await untilJoined(consumer);
    const load = start(place.environment, "scripts/produce.ts", [
      ...["--from", writeLines(place, lines), "--rate", "2000"],
    ]);
    await untilRead(place.sql, 2_000);
    await whileFrozen(service, () => untilWaitingFor(consumer, name));
    expect(await load.exited).toBe(0);
    expect(await untilRead(place.sql, 20_000)).toMatchObject({ stored: 20_000, duplicates: 0 });
    await untilJoined(consumer);
    expect(await stopConsumer(consumer)).toBe(0);
  });

  test(`/healthz names ${name} when it stands still as a consumer starts`, async () => {
    const place = await platform.place(`starting_${service}`);
    let consumer: ConsumerProcess | undefined;
    await whileFrozen(service, async () => {
      consumer = await startConsumer(place);
      // The program itself takes a while to start.
      await until("it serves its health", 30_000, () => health(consumer as ConsumerProcess));
      await untilWaitingFor(consumer, name);
    });
    await untilJoined(consumer as ConsumerProcess);
    expect(await stopConsumer(consumer as ConsumerProcess)).toBe(0);
  });
}
