/**
 * Record batches that cannot be read. The row of a partition says where counting stands, and
 * `skipped_batches` which batches a person has passed over.
 */
import { z } from "zod";
import type { Skip } from "../kafka/unpack.ts";
import type { Queryable } from "../lib/postgres.ts";

/** Why a partition stands, and at which batch: its first and last offset. */
export const standstill = z.object({
  from: z.number().int(),
  to: z.number().int(),
  why: z.string(),
});

export type Standstill = z.infer<typeof standstill>;

/** In words, with the command that lets counting go on. */
export const describeStandstill = (partition: number, { from, to, why }: Standstill) =>
  `partition ${partition} stands at offset ${from}: its record batch up to offset ${to} cannot be read, ${why}; \`bun run dead-letters skip ${partition}:${from}\` passes over it`;

/** What was passed over, by partition. */
export async function readSkips(sql: Queryable, topic: string): Promise<Map<number, Skip[]>> {
  const rows = await sql<(Skip & { partition: number })[]>`
    select partition, first_offset as "from", last_offset as "to"
    from streaming.skipped_batches where topic = ${topic} order by partition, first_offset`;
  return Map.groupBy(rows, ({ partition }) => partition);
}
