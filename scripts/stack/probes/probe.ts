/**
 * Tells whether a service does its work, by asking it. Each probe throws with the reason while it
 * does not, and answers within seconds; `up` waits on them, `status` shows them.
 */
import { once } from "node:events";
import { connect as openSocket } from "node:net";
import { commandLine } from "../../host/process-tree.ts";
import { createKafka } from "../../kafka/kafkajs.ts";
import type { Config } from "../../lib/config.ts";
import { connect } from "../../lib/postgres.ts";

const PROBE_MS_MAX = 5_000;

/** A broker answers a client and is registered in its cluster. */
export async function answersKafka(config: Config): Promise<void> {
  await Promise.any(config.KAFKA_BROKERS.map(listens)).catch((error: AggregateError) => {
    throw error.errors[0];
  });
  const admin = createKafka(config, { clientId: "probe" }).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    if (brokers.length === 0) throw new Error("no broker is registered yet");
  } finally {
    await admin.disconnect();
  }
}

/** The owner can log in to the database and run a query. */
export async function answersPostgres(config: Config): Promise<void> {
  const sql = connect(config, "owner", { applicationName: "probe" });
  try {
    await sql`select 1`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** The service says of itself that it is healthy. */
export async function answersHealthCheck(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, {
    signal: AbortSignal.timeout(PROBE_MS_MAX),
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`/healthz answers ${response.status} ${body.trim()}`.trim());
}

/** The program itself runs: its `start` is past the wait for what it needs. */
export async function runsProgram(processId: number, program: string): Promise<void> {
  if (!commandLine(processId).includes(program)) throw new Error("waits for what it needs");
}

/**
 * Somebody listens at `host:port`. Asked first, because it fails at once where a client of Kafka would
 * go on trying for seconds.
 */
export async function listens(address: string): Promise<void> {
  const colon = address.lastIndexOf(":");
  const [host, port] = [address.slice(0, colon), Number(address.slice(colon + 1))];
  const socket = openSocket({ host, port });
  socket.setTimeout(PROBE_MS_MAX, () => socket.destroy(new Error(`${address} does not answer`)));
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
