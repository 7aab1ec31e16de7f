/**
 * `bun run replay`: rebuilds the tables from the log into shadow tables, compares, and takes over
 * what differs in one transaction, while consumers and readers go on.
 */
import { eventsToRemove } from "../schema/ledger.ts";
import { isCompacted } from "./kafka/compaction.ts";
import type { Kafka } from "./kafka/log.ts";
import { openKafka } from "./kafka/open.ts";
import { inScope, type PartitionLedger, readLedgers, totalsOf } from "./ledger/ledger.ts";
import { ADVISORY_LOCKS } from "./lib/advisory-locks.ts";
import { defineCommand, printJson, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { count, flag, json, toggle } from "./lib/flags.ts";
import { startLogging } from "./lib/log.ts";
import { connect, type Sql, type Transaction } from "./lib/postgres.ts";
import { sum } from "./lib/sum.ts";
import { table } from "./lib/table.ts";
import {
  compareTables,
  type Differences,
  eventsToDelete,
  type Removals,
  removalsOf,
  takeOver,
} from "./replay/compare.ts";
import { Shadow } from "./replay/shadow.ts";
import { findTakenBack } from "./replay/taken-back.ts";

/** With at most this many records left, the consumers wait for the last step. */
const REST_RECORDS_MAX = 50_000;
/** Bounds the chase, however fast events arrive. */
const ROUNDS_MAX = 20;

const command = defineCommand({
  name: "replay",
  description: `Reads every counted record again into shadow tables, compares them with the real ones, and changes
the rows that differ in one transaction: readers see the state before or after. Consumers may run;
they wait for a moment at the end. Events that are taken back (\`produce --retract\`) leave the
tables. Needs the whole log: refuses when retention has deleted records.
It deletes no event that was counted and that the log has forgotten, unless you accept the number.`,
  flags: {
    check: toggle("Compare only; exit status 1 when something differs"),
    "accept-loss": flag(count(), "Delete up to this many events that were counted", "0"),
    json,
  },
  examples: [
    ["bun run replay --check", "what would change?"],
    ["bun run replay && bun run verify", "mend the tables, then prove them"],
  ],
  exits: {
    0: "equal, or taken over",
    1: "failed, or events would be deleted; with --check also when something differs",
  },
  async run({ flags: { check: checkOnly, "accept-loss": acceptedLoss, json: asJson } }) {
    const config = readConfig();
    startLogging(config);
    const kafka = openKafka(config, { clientId: "replay" });
    const sql = connect(config, "ingest", { connections: 3, applicationName: "replay" });
    try {
      const result = await replay(kafka, sql, config, { checkOnly, acceptedLoss });
      report(result, checkOnly, asJson);
    } finally {
      await sql.end({ timeout: 1 });
    }
  },
});

interface Options {
  checkOnly: boolean;
  /** Counted events that may be deleted. */
  acceptedLoss: number;
}

interface Result extends Removals {
  records: number;
  durationMs: number;
  differences: Differences;
  /** Events that were counted and that the log does not give any more. */
  deletedEvents: number;
}

async function replay(
  kafka: Kafka,
  sql: Sql,
  config: Config,
  { checkOnly, acceptedLoss }: Options,
): Promise<Result> {
  const startMs = performance.now();
  const lock = await sql.reserve();
  let shadow: Shadow | undefined;
  try {
    const [row] = await lock`select pg_try_advisory_lock(${ADVISORY_LOCKS.replay}) as locked`;
    if (!row?.locked) throw new Error("Cannot replay: another replay is running");
    const ledgers = await readLedgers(sql, config);
    await refuseIncompleteLog(kafka, config, ledgers);
    const takenBack = await findTakenBack({ kafka, sql, config }, ledgers);
    shadow = new Shadow(kafka, sql, config, takenBack);
    await shadow.begin(ledgers);
    const records = await chase(shadow, sql, config, ledgers);
    const compared = await sql.begin(async (transaction) => {
      const offsets = await lockOffsets(transaction, config);
      if (offsets.size !== ledgers.length) {
        throw new Error("Cannot replay: a partition was added meanwhile; run it again");
      }
      await shadow?.readTo(offsets);
      const differences = await compareTables(transaction);
      const deletedEvents = await eventsToDelete(transaction);
      const removals = await removalsOf(transaction);
      if (!checkOnly && Object.values(differences).some((count) => count > 0)) {
        refuseToDelete(deletedEvents, acceptedLoss);
        await takeOver(transaction);
      }
      return { differences, deletedEvents, ...removals };
    });
    return { records, durationMs: performance.now() - startMs, ...compared };
  } finally {
    shadow?.close();
    await lock`select pg_advisory_unlock(${ADVISORY_LOCKS.replay})`.catch(() => {});
    lock.release();
  }
}

async function refuseIncompleteLog(
  kafka: Kafka,
  config: Config,
  ledgers: readonly PartitionLedger[],
): Promise<void> {
  if (ledgers.length === 0) throw new Error("Cannot replay: nothing has been counted yet");
  if (await isCompacted(kafka, config.KAFKA_TOPIC)) {
    throw new Error(
      `Cannot replay: ${config.KAFKA_TOPIC} is compacted, so its log forgets events that were counted; \`bun run migrate --only topic\` says how to end that`,
    );
  }
  const log = await kafka.logState(config.KAFKA_TOPIC);
  const toRemove = eventsToRemove(totalsOf(ledgers));
  const stay = toRemove > 0 ? `, so events that are taken back stay counted: ${toRemove}` : "";
  for (const { partition, firstOffset, topicId } of ledgers) {
    const state = log.get(partition);
    if (state?.topicId !== topicId) {
      throw new Error(
        `Cannot replay: partition ${partition} was counted in another topic of the name ${config.KAFKA_TOPIC}`,
      );
    }
    if (state.logStart > firstOffset) {
      throw new Error(
        `Cannot replay: the log of partition ${partition} begins at ${state.logStart}, counting began at ${firstOffset}; what retention has deleted cannot be rebuilt${stay}`,
      );
    }
  }
}

/** @throws Error when a person has not accepted that these events are deleted */
function refuseToDelete(events: number, accepted: number): void {
  if (events <= accepted) return;
  throw new Error(
    `Cannot take over what differs: it would delete ${events} counted events that the log does not hold any more; keep the tables as they are, or accept that with --accept-loss ${events}`,
  );
}

/** Follows the running consumers until little is left. Returns how many records it read. */
async function chase(
  shadow: Shadow,
  sql: Sql,
  config: Config,
  began: readonly PartitionLedger[],
): Promise<number> {
  let read = 0;
  let shown = 0;
  let places = began.map((ledger) => ({ ...ledger, nextOffset: ledger.firstOffset }));
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const ledgers = await readLedgers(sql, config);
    const left = sum(offsetsOf(ledgers).values()) - sum(offsetsOf(places).values());
    if (left <= REST_RECORDS_MAX && round > 0) break;
    await shadow.readTo(offsetsOf(ledgers), (records) => {
      read += records;
      if (process.stderr.isTTY && performance.now() - shown > 250) {
        shown = performance.now();
        process.stderr.write(`\rread ${read} records\x1b[K`);
      }
    });
    places = ledgers;
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  return read;
}

const offsetsOf = (ledgers: readonly Pick<PartitionLedger, "partition" | "nextOffset">[]) =>
  new Map(ledgers.map(({ partition, nextOffset }) => [partition, nextOffset]));

/** From here to the end of the transaction every consumer waits at its fence. */
async function lockOffsets(sql: Transaction, config: Config): Promise<Map<number, number>> {
  const rows = await sql<{ partition: number; nextOffset: number }[]>`
    select partition, next_offset as "nextOffset" from streaming.consumer_offsets
    where ${inScope(sql, config)}
    order by partition for update`;
  return offsetsOf(rows);
}

function report(
  { records, durationMs, differences, deletedEvents, removedEvents, toRemove }: Result,
  checkOnly: boolean,
  asJson: boolean,
) {
  const differing = sum(Object.values(differences));
  if (asJson) {
    printJson({
      ...{ records, durationMs, differences, deletedEvents, removedEvents, toRemove },
      tookOver: !checkOnly,
    });
  } else {
    const seconds = (durationMs / 1_000).toFixed(1);
    console.log(`Read ${records} records again in ${seconds} s`);
    const lines = Object.entries(differences).map(([name, count]) => [
      name,
      count === 0 ? "equal" : `${count} rows differ`,
    ]);
    console.log(table(lines));
    if (deletedEvents > 0) {
      const would = checkOnly ? "Would delete" : "Deleted";
      console.log(`${would} ${deletedEvents} counted events that the log does not hold any more`);
    }
    if (removedEvents > 0) {
      const would = checkOnly ? "Would remove" : "Removed";
      console.log(`${would} ${removedEvents} events that are taken back`);
    }
    if (toRemove > 0) {
      console.log(`${toRemove} events were taken back meanwhile; run it again to remove them`);
    }
    if (differing > 0) console.log(checkOnly ? "Nothing was changed" : "Took over what differs");
  }
  if (checkOnly && differing > 0) process.exitCode = 1;
}

await runCommand(command);
