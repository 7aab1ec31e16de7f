/**
 * Gives the events of encoded records other ids, so that the same dataset can be appended again and is
 * counted again. The records' lengths stay.
 */
import type { EncodedRecords } from "../../scripts/kafka/encode-records.ts";
import { RecordCursor } from "../../scripts/kafka/record-cursor.ts";

const cursor = new RecordCursor();
/** Our producer's layout begins with it. */
const BEFORE_ID = '{"event_id":"'.length;

/** Writes `round` into the first eight digits of each id. */
export function renewIds({ recordCount, records }: EncodedRecords, round: number): void {
  const digits = Buffer.from(round.toString(16).padStart(8, "0"));
  cursor.open({
    baseOffset: 0,
    lastOffset: recordCount - 1,
    baseTimestampMs: 0,
    appendTimestampMs: undefined,
    recordCount,
    records,
  });
  while (cursor.next()) records.set(digits, cursor.valueStart + BEFORE_ID);
}
