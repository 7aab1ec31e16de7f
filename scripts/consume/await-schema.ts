/** Before the first record: the database is there, lets the consumer in, and has its tables. */
import { setTimeout as delay } from "node:timers/promises";
import { getLogger } from "../lib/log.ts";
import type { Sql } from "../lib/postgres.ts";
import { assertMigrated } from "../migrate/migrations.ts";
import { NeedsPersonError } from "./claim.ts";
import { backoffMs, isOutage } from "./failure.ts";

/** SQLSTATE class 28: the role is unknown or its password is another one. */
const REFUSED = /^28/;

/**
 * Waits for a database that is away, for as long as it takes or until `signal`.
 * @throws NeedsPersonError when the role is refused; Error when the schema is not migrated
 */
export async function awaitSchema(sql: Sql, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await assertMigrated(sql, "consume");
    } catch (error) {
      if (REFUSED.test(String((error as { code?: unknown }).code))) {
        throw new NeedsPersonError(
          `Cannot consume: PostgreSQL refused the role, ${(error as Error).message}; \`bun run migrate\` sets the password that POSTGRES_INGEST_PASSWORD holds`,
        );
      }
      if (!isOutage(error)) throw error;
      if (attempt === 0) {
        getLogger(["consume"]).warning("Waiting for PostgreSQL", {
          error: (error as Error).message,
        });
      }
      await delay(backoffMs(attempt), undefined, { signal }).catch(() => {});
    }
  }
}
