/** Asks the Trino nodes for their state. */
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { Config } from "../scripts/lib/config.ts";
import { queryRows, TrinoQueryError } from "../scripts/lib/trino.ts";
import { isElsewhere } from "../scripts/lib/web-address.ts";
import { isWatched, nodeIsStarting } from "./nodes.ts";

/** The kind of a node. */
export type TrinoRole = "coordinator" | "worker";

/** The id of this stack's node in its cluster, where no two nodes may share one. */
export function nodeId({ STATE_DIR }: Config, role: TrinoRole): string {
  const hash = createHash("sha256").update(`${hostname()}\n${STATE_DIR}`).digest("hex");
  return `${role}-${hash.slice(0, 12)}`;
}

const CATALOG_MS_MAX = 5_000;

/**
 * The coordinator has started and has a node that runs a query. It answers "No nodes available"
 * until it has discovered itself, a moment later. Its catalogs need another moment.
 */
export async function answersTrino(config: Config): Promise<void> {
  const isHere = !isElsewhere(config.TRINO_URL, config.TRINO_PORT);
  if (isHere && (await nodeIsStarting(config, config.TRINO_PORT))) {
    throw new Error("it is still starting");
  }
  const active = await queryRows(
    config,
    "select node_id from system.runtime.nodes where state = 'active'",
  );
  if (active.length === 0) throw new Error("it has no node yet");
  await canGiveOutWork(config);
}

/** Any other failure belongs to the table or to PostgreSQL, which has its own probe. */
async function canGiveOutWork(config: Config): Promise<void> {
  const signal = AbortSignal.timeout(CATALOG_MS_MAX);
  try {
    await queryRows(config, "select 1 from postgresql.streaming.user_events limit 1", { signal });
  } catch (error) {
    if (error instanceof TrinoQueryError && error.code === "NO_NODES_AVAILABLE") throw error;
  }
}

/** The coordinator gives work to the worker, some time after the worker has started, and keeps to it. */
export async function answersTrinoWorker(config: Config): Promise<void> {
  if (await nodeIsStarting(config, config.TRINO_WORKER_PORT)) {
    throw new Error("it is still starting");
  }
  const [node] = await queryRows<{ state: string; uri: string }>(
    config,
    `select state, http_uri as uri from system.runtime.nodes
    where node_id = '${nodeId(config, "worker")}'`,
  );
  if (node?.state !== "active") {
    throw new Error(`for the coordinator it is ${node?.state ?? "not there yet"}`);
  }
  if (!(await isWatched(config, node.uri))) throw new Error("the coordinator still tries it out");
}
