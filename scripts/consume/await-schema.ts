/** Before the first record: the database is there, lets the consumer in, and has its tables. */

import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "../lib/config.ts";
import { NeedsPersonError } from "../lib/errors.ts";
import { getLogger } from "../lib/log.ts";
import { explainPostgres, isPostgresRefusal, type Sql } from "../lib/postgres.ts";
import { backoffMs } from "../lib/wait.ts";
import { assertMigrated } from "../migrate/migrations.ts";

import { isOutage } from "./failure.ts";

/**
 * Waits for a database that is away, for as long as it takes or until `signal`.
 * @throws NeedsPersonError when it is refused; Error when the schema is not migrated
 */
export async function awaitSchema(config: Config, sql: Sql, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await assertMigrated(sql, "consume");
    } catch (error) {
      const explanation = explainPostgres(config, "ingest", error);
      if (isPostgresRefusal(error)) throw new NeedsPersonError(explanation);
      if (!isOutage(error)) throw error;
      if (attempt === 0) {
        getLogger(["consume"]).warning("Waiting for PostgreSQL", {
          error: explanation,
        });
      }
      await delay(backoffMs(attempt), undefined, { signal }).catch(() => {});
    }
  }
}
