/** Reads the tables as a stranger would, and waits until they hold what a test expects. */
import type { LedgerCounts } from "../../schema/ledger.ts";
import type { Sql } from "../../scripts/lib/postgres.ts";
import { until } from "../../scripts/lib/wait.ts";

/** `user_events` in the form of the expected counts. */
export async function readCounts(sql: Sql): Promise<Map<string, number>> {
  const rows = await sql`select user_id, event_type, event_count from streaming.user_events`;
  return new Map(rows.map((row) => [`${row.user_id} ${row.event_type}`, row.event_count]));
}

/** `user_active_days` in the form of the expected days. */
export async function readDays(sql: Sql): Promise<Set<string>> {
  const rows = await sql`select user_id, day::text from streaming.user_active_days`;
  return new Set(rows.map(({ user_id, day }) => `${user_id} ${day}`));
}

/** Keys whose counts differ, with both counts; empty when the two are equal. */
export function differences(
  expected: ReadonlyMap<string, number>,
  actual: ReadonlyMap<string, number>,
): string[] {
  return [...new Set([...expected.keys(), ...actual.keys()])]
    .filter((key) => expected.get(key) !== actual.get(key))
    .map((key) => `${key}: expected ${expected.get(key) ?? 0}, found ${actual.get(key) ?? 0}`);
}

type Ledger = Pick<LedgerCounts, "read" | "stored" | "duplicates" | "rejected">;

export async function readLedger(sql: Sql): Promise<Ledger> {
  const [row] = await sql<Ledger[]>`
    select coalesce(sum(next_offset - first_offset), 0)::bigint as read,
      coalesce(sum(stored), 0)::bigint as stored,
      coalesce(sum(duplicates), 0)::bigint as duplicates,
      coalesce(sum(rejected), 0)::bigint as rejected
    from streaming.consumer_offsets`;
  return row as Ledger;
}

/** Waits until this number of records of the log has been processed. */
export function untilRead(sql: Sql, records: number, msMax = 120_000): Promise<Ledger> {
  return until(`${records} records are read`, msMax, async () => {
    const ledger = await readLedger(sql);
    if (ledger.read < records) throw new Error(`${ledger.read} are`);
    return ledger;
  });
}
