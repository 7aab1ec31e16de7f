/**
 * Gives the events of encoded records other ids, so that the same dataset can be appended again and is
 * counted again. The records' lengths stay.
 */
import type { EncodedRecords } from "../../scripts/kafka/encode-records.ts";
import { RecordCursor } from "../../scripts/kafka/record-cursor.ts";
import { recordBatchOf } from "./in-memory.ts";

const cursor = new RecordCursor();
/** Our producer's layout begins with it. */
const BEFORE_ID = '{"event_id":"'.length;

/** The first eight digits of an id, by round. */
const digits: Buffer[] = [];

/** Writes a round into the first eight digits of each id; `roundOf` gives it by the record's place. */
export function renewIds(encoded: EncodedRecords, roundOf: (place: number) => number): void {
  cursor.open(recordBatchOf(encoded));
  for (let place = 0; cursor.next(); place++) {
    const round = roundOf(place);
    digits[round] ??= Buffer.from(round.toString(16).padStart(8, "0"));
    encoded.records.set(digits[round], cursor.valueStart + BEFORE_ID);
  }
}
