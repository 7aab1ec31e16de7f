/** Before the first record: PostgreSQL answers, accepts the consumer, and has its tables. */
import type { Config } from "../lib/config.ts";
import { NeedsPersonError } from "../lib/errors.ts";
import { explainPostgres, isPostgresRefusal, type Sql } from "../lib/postgres.ts";
import { retry } from "../lib/wait.ts";
import { assertMigrated } from "../migrate/migrations.ts";
import { isOutage } from "./failure.ts";
import type { Outages } from "./outage.ts";

/**
 * Waits for a database that is down, as long as it takes or until `signal`.
 * @throws NeedsPersonError when it is refused; Error when the schema is not migrated
 */
export async function awaitSchema(
  config: Config,
  sql: Sql,
  outages: Outages,
  signal: AbortSignal,
): Promise<void> {
  try {
    await retry(() => outages.watch("postgres", () => assertMigrated(sql, "consume")), {
      isRetryable: isOutage,
      signal,
    });
  } catch (error) {
    if (!isPostgresRefusal(error)) throw error;
    throw new NeedsPersonError(explainPostgres(config, "ingest", error));
  }
}
