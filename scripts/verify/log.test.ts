import { expect, test } from "bun:test";
import type { PartitionLedger } from "../ledger/ledger.ts";
import { verifyLog } from "./log.ts";

const TOPIC_ID = "00000000-0000-4000-8000-000000000001";
const ledger = (change: Partial<PartitionLedger> = {}): PartitionLedger => ({
  partition: 2,
  topicId: TOPIC_ID,
  firstOffset: 0,
  nextOffset: 40,
  stored: 40,
  duplicates: 0,
  rejected: 0,
  absent: 0,
  lost: 0,
  retractions: 0,
  retracted: 0,
  removed: 0,
  forwarded: 0,
  rules: [{ from: 0, horizonMs: 1 }],
  standstill: null,
  ...change,
});
const log = new Map([[2, { topicId: TOPIC_ID, logStart: 0, logEnd: 50, appendEnd: 50 }]]);

test("verifyLog() holds when records wait and counting goes on", () => {
  expect(verifyLog(log, [ledger()], false)).toMatchObject({
    holds: true,
    remarks: ["10 wait in the log"],
  });
});

test("verifyLog() does not hold and names the command when counting stands", () => {
  const standstill = { from: 40, to: 44, why: "its checksum is wrong" };
  expect(verifyLog(log, [ledger({ standstill })], false)).toMatchObject({
    holds: false,
    remarks: [
      "partition 2 stands at offset 40: its record batch up to offset 44 cannot be read, its checksum is wrong; `bun run dead-letters skip 2:40` passes over it",
      "10 wait in the log",
    ],
  });
});
