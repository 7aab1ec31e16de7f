/**
 * Where a record stood that was sent to the home of its user. After a crash it may be sent home twice,
 * and a retraction must not take back what was sent between. Pure.
 */
import type { RecordCursor } from "../kafka/record-cursor.ts";
import { headerOf } from "../kafka/record-headers.ts";

export interface Origin {
  partition: number;
  offset: number;
}

const HEADER = "forwarded-from";

/** The header of a record that is sent home. */
export const originHeader = ({ partition, offset }: Origin) => ({
  [HEADER]: `${partition}:${offset}`,
});

/** Undefined for a record that stands where a client has put it. */
export function originOf(cursor: RecordCursor): Origin | undefined {
  const [, partition, offset] = /^(\d{1,9}):(\d{1,15})$/.exec(headerOf(cursor, HEADER) ?? "") ?? [];
  return partition === undefined
    ? undefined
    : { partition: Number(partition), offset: Number(offset) };
}

/** That place as an id, of which no two places have the same. */
export function originIdOf(cursor: RecordCursor): Int32Array | undefined {
  const origin = originOf(cursor);
  if (!origin) return undefined;
  const { partition, offset } = origin;
  return Int32Array.of(0x6f726967, partition, offset / 2 ** 32, offset);
}
