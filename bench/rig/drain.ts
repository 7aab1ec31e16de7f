/**
 * Processes that drain a topic, and the moments at which they were through. A rung reports it on
 * its output; for the product, only events in PostgreSQL count.
 */

import { setTimeout as delay } from "node:timers/promises";
import { freePorts } from "../../scripts/host/free-ports.ts";
import { bunCommand } from "../../scripts/host/start.ts";
import { sum } from "../../scripts/lib/sum.ts";
import type { Bench } from "./bench.ts";
import { type Client, startClient } from "./clients.ts";
import { storedEvents } from "./tables.ts";

const POLL_MS = 10;
const PATIENCE_MS = 300_000;

export interface Drain {
  clients: Client[];
  groupId: string;
  /** Resolves when this many events in all were drained, with the time since the epoch in ms. */
  reached(events: number): Promise<number>;
  end(): Promise<void>;
}

/** `rung` is one of the rungs in bench/rung.ts. */
export function drainWithRung(
  { stack }: Bench,
  rung: string,
  topic: string,
  processes: number,
): Drain {
  const groupId = `${topic}-${rung}`;
  const seen: { events: number; atMs: number }[] = [];
  const clients = Array.from({ length: processes }, (_, index) => {
    seen.push({ events: 0, atMs: 0 });
    return startClient(
      stack,
      bunCommand("bench/rung.ts", rung),
      { KAFKA_TOPIC: topic, KAFKA_GROUP_ID: groupId },
      (line) => {
        const [events = 0, atMs = 0] = line.split(" ").map(Number);
        seen[index] = { events, atMs };
      },
    );
  });
  return drain(clients, groupId, async () => ({
    events: sum(seen.map(({ events }) => events)),
    atMs: Math.max(...seen.map(({ atMs }) => atMs)),
  }));
}

/** The consumer of the platform. */
export async function drainWithConsumer(
  { stack, owner }: Bench,
  topic: string,
  processes: number,
): Promise<Drain> {
  const groupId = `${topic}-consumer`;
  const ports = await freePorts(processes);
  const clients = ports.map((port) =>
    startClient(stack, bunCommand("scripts/consume.ts"), {
      KAFKA_TOPIC: topic,
      KAFKA_GROUP_ID: groupId,
      CONSUMER_METRICS_PORT: String(port),
    }),
  );
  return drain(clients, groupId, async () => ({
    events: await storedEvents(owner),
    atMs: Date.now(),
  }));
}

/** `progress` returns how many events were drained, and when that was. */
export function drain(
  clients: Client[],
  groupId: string,
  progress: () => Promise<{ events: number; atMs: number }>,
  pollMs = POLL_MS,
): Drain {
  return {
    clients,
    groupId,
    async reached(events) {
      const deadlineMs = performance.now() + PATIENCE_MS;
      for (;;) {
        const now = await progress();
        if (now.events >= events) return now.atMs;
        for (const client of clients) client.assertAlive();
        if (performance.now() > deadlineMs) {
          throw new Error(`Cannot drain the topic: only ${now.events} of ${events} events so far`);
        }
        await delay(pollMs);
      }
    },
    async end() {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
}
