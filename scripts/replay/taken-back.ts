/**
 * Finds the events that are taken back, each by its place in the log. It reads the log twice: first for
 * the ids that retractions name, then for what became of these ids, as the consumer decided it.
 */
import { EventFields } from "../../schema/layout.ts";
import { decodeEvent } from "../consume/decode-event.ts";
import { type DuplicateFinder, ID_WORDS, type IdBatch } from "../consume/horizon/id-batch.ts";
import type { Kafka } from "../kafka/log.ts";
import { readLog } from "../kafka/read-log.ts";
import { type RecordBatch, RecordCursor } from "../kafka/record-cursor.ts";
import { inheritedBy, retractsFrom } from "../ledger/duplicate-rules.ts";
import { type PartitionLedger, totalsOf } from "../ledger/ledger.ts";
import { readSkips } from "../ledger/standstill.ts";
import type { Config } from "../lib/config.ts";
import type { Sql } from "../lib/postgres.ts";
import { CountedLog } from "./counted-log.ts";
import { OffsetSet } from "./offset-set.ts";

/** As many ids are looked for at a time, in about 150 MB; more take further rounds. */
const IDS_MAX = 1_000_000;

/** What reading the log takes. */
export interface Reading {
  kafka: Kafka;
  sql: Sql;
  config: Config;
}

/**
 * The offsets of events that are taken back in the counted log, by the partition that counted them.
 * @throws OutageError when Kafka is away for more than a minute
 */
export async function findTakenBack(
  reading: Reading,
  ledgers: readonly PartitionLedger[],
  idsMax = IDS_MAX,
): Promise<Map<number, OffsetSet>> {
  const found = new Map(ledgers.map(({ partition }) => [partition, new OffsetSet()]));
  const rounds = Math.ceil(totalsOf(ledgers).retractions / idsMax);
  for (let round = 0; round < rounds; round++) {
    const isOfRound = (id3: number) => (id3 >>> 0) % rounds === round;
    const watched = await findIds(reading, ledgers, isOfRound);
    await follow(reading, ledgers, watched, found);
  }
  return found;
}

/** By the four words of an id: the offset of the last event that counts, or none. */
type Places = Map<string, number | undefined>;

/** The partition, and those that held its users before it was added: the latest first. */
const placesOf = ({ partition, rules }: PartitionLedger): number[] => [
  partition,
  ...inheritedBy(rules.at(-1)).map((from) => from.partition),
];

/** The ids that retractions name, by each partition that may have counted them. */
async function findIds(
  { kafka, sql, config }: Reading,
  ledgers: readonly PartitionLedger[],
  isOfRound: (id3: number) => boolean,
): Promise<Map<number, Places>> {
  const retracting = ledgers.filter(({ retractions }) => retractions > 0);
  const watched = new Map<number, Places>();
  const places = new Map(
    retracting.map((ledger) => [
      ledger.partition,
      placesOf(ledger).map((partition) => {
        const ids = watched.get(partition) ?? new Map<string, undefined>();
        watched.set(partition, ids);
        return ids;
      }),
    ]),
  );
  const ranges = new Map(
    retracting.map(({ partition, firstOffset, nextOffset, rules }) => [
      partition,
      { from: Math.max(firstOffset, retractsFrom(rules)), to: nextOffset },
    ]),
  );
  const cursor = new RecordCursor();
  const fields = new EventFields();
  const onBatch = (partition: number, batch: RecordBatch) => {
    cursor.open(batch);
    while (cursor.next()) {
      const { bytes, valueStart, valueLength } = cursor;
      if (decodeEvent(bytes, valueStart, valueLength, fields) !== "retraction") continue;
      const { id0, id1, id2, id3 } = fields;
      if (!isOfRound(id3)) continue;
      const id = `${id0},${id1},${id2},${id3}`;
      for (const ids of places.get(partition) ?? []) ids.set(id, undefined);
    }
  };
  const skips = await readSkips(sql, config.KAFKA_TOPIC);
  await readLog(kafka, config.KAFKA_TOPIC, ranges, onBatch, { skips });
  return watched;
}

/** Adds the events of these ids that are taken back. */
async function follow(
  reading: Reading,
  ledgers: readonly PartitionLedger[],
  watched: ReadonlyMap<number, Places>,
  found: ReadonlyMap<number, OffsetSet>,
): Promise<void> {
  const byPartition = new Map(ledgers.map((ledger) => [ledger.partition, ledger]));
  const takeBack = (partition: number, id: string) => {
    for (const place of placesOf(byPartition.get(partition) as PartitionLedger)) {
      const offset = watched.get(place)?.get(id);
      if (offset === undefined) continue;
      watched.get(place)?.set(id, undefined);
      found.get(place)?.add(offset);
      return;
    }
  };
  const log = new CountedLog({
    ...reading,
    onTally: () => {},
    watched: (partition, finder) =>
      new WatchedFinder(finder, watched.get(partition) ?? new Map(), (id) =>
        takeBack(partition, id),
      ),
  });
  try {
    await log.open(ledgers);
    // An event stands before what takes it back, which may stand in a partition that was added.
    const stages = Map.groupBy(
      ledgers.filter(({ partition }) => watched.has(partition)),
      (ledger) => placesOf(ledger).length,
    );
    for (const depth of [...stages.keys()].sort((a, b) => a - b)) {
      const stage = stages.get(depth) ?? [];
      await log.readTo(new Map(stage.map(({ partition, nextOffset }) => [partition, nextOffset])));
    }
  } finally {
    log.close();
  }
}

/** Notes where ids are counted and which of them are taken back, as another finder decides it. */
class WatchedFinder implements DuplicateFinder {
  readonly #finder: DuplicateFinder;
  readonly #ids: Places;
  readonly #onTakenBack: (id: string) => void;

  constructor(finder: DuplicateFinder, ids: Places, onTakenBack: (id: string) => void) {
    this.#finder = finder;
    this.#ids = ids;
    this.#onTakenBack = onTakenBack;
  }

  decide(batch: IdBatch, appendMs: number | undefined): void {
    this.#finder.decide(batch, appendMs);
    const { count, offsets, retracts, seen, words } = batch;
    for (let index = 0, at = 0; index < count; index++, at += ID_WORDS) {
      const stands = seen[index] === 1;
      if (stands !== retracts) continue;
      const id = `${words[at]},${words[at + 1]},${words[at + 2]},${words[at + 3]}`;
      if (retracts) this.#onTakenBack(id);
      else if (this.#ids.has(id)) this.#ids.set(id, offsets[index]);
    }
  }

  passed(offset: number): void {
    this.#finder.passed(offset);
  }

  caughtUp(): Promise<void> | undefined {
    return this.#finder.caughtUp();
  }
}
