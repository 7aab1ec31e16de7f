/** Adds copies of events to a dataset, as clients send events again after a lost answer. Pure. */
import { encodeRecords, type Message } from "../../scripts/kafka/encode-records.ts";
import { RecordCursor } from "../../scripts/kafka/record-cursor.ts";
import type { RandomStream } from "../../scripts/produce/synthetic/random.ts";
import type { Dataset } from "./dataset.ts";
import { recordBatchOf } from "./in-memory.ts";

export interface ResentDataset extends Dataset {
  /** For each record of each batch: 1 for a copy, else 0. */
  isCopy: Uint8Array[][];
  /** Copies in all batches together; `events` does not include them. */
  copies: number;
}

/**
 * Puts a copy of any event of the same partition behind each event, with the probability `share`.
 * @param share from 0 to 1
 */
export function withResends(dataset: Dataset, share: number, random: RandomStream): ResentDataset {
  let copies = 0;
  const isCopy: Uint8Array[][] = [];
  const batches = dataset.batches.map((lane) => {
    const messages = lane.map(messagesIn);
    const all = messages.flat();
    const marks: Uint8Array[] = [];
    isCopy.push(marks);
    return messages.map((batch) => {
      const records: Message[] = [];
      const isCopied: number[] = [];
      for (const message of batch) {
        records.push(message);
        isCopied.push(0);
        if (random.fraction() >= share) continue;
        records.push(all[random.below(all.length)] as Message);
        isCopied.push(1);
        copies += 1;
      }
      marks.push(Uint8Array.from(isCopied));
      return { recordCount: records.length, records: encodeRecords(records) };
    });
  });
  return { ...dataset, batches, isCopy, copies };
}

function messagesIn(encoded: Dataset["batches"][number][number]): Message[] {
  const cursor = new RecordCursor();
  const messages: Message[] = [];
  cursor.open(recordBatchOf(encoded));
  while (cursor.next()) {
    const { keyStart, keyLength, valueStart, valueLength } = cursor;
    messages.push({
      key: encoded.records.toString("latin1", keyStart, keyStart + keyLength),
      value: encoded.records.toString("latin1", valueStart, valueStart + valueLength),
    });
  }
  return messages;
}
