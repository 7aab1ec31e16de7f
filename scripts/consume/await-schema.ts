/** Before the first record: PostgreSQL answers, accepts the consumer, and has its tables. */
import type { Config } from "../lib/config.ts";
import type { Dependency } from "../lib/dependency.ts";
import { NeedsPersonError } from "../lib/errors.ts";
import { explainPostgres, isPostgresRefusal, type Sql } from "../lib/postgres.ts";
import { retry } from "../lib/wait.ts";
import { assertMigrated } from "../migrate/migrations.ts";

/**
 * Waits for a database that is down, as long as it takes or until `signal`.
 * @throws NeedsPersonError when it is refused; Error when the schema is not migrated
 */
export async function awaitSchema(
  config: Config,
  sql: Sql,
  postgres: Dependency,
  signal: AbortSignal,
): Promise<void> {
  try {
    await retry(() => postgres.watch(() => assertMigrated(sql, "consume")), {
      isRetryable: (error) => postgres.isOutage(error),
      signal,
    });
  } catch (error) {
    if (!isPostgresRefusal(error)) throw error;
    throw new NeedsPersonError(explainPostgres(config, "ingest", error));
  }
}
