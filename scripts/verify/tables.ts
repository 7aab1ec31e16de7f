/**
 * consumer → tables: what the consumer's ledger says is in the tables. All numbers are read in one
 * snapshot, so that a running consumer makes no difference.
 */

import { EVENT_TYPES } from "../../schema/event-types.ts";
import { eventsInTables, eventsToRemove } from "../../schema/ledger.ts";
import type { LogState } from "../kafka/log.ts";
import {
  describeToRemove,
  isLogWhole,
  type LedgerScope,
  type PartitionLedger,
  readLedgers,
  totalsOf,
} from "../ledger/ledger.ts";
import type { Sql } from "../lib/postgres.ts";
import { sum } from "../lib/sum.ts";
import type { HopResult } from "./hop.ts";

export interface TableNumbers {
  ledgers: PartitionLedger[];
  /** By event type. */
  userEvents: Map<string, number>;
  /** By event type. */
  perMinute: Map<string, number>;
  /** By partition. */
  perMinutePartition: Map<number, number>;
  /** By partition. */
  deadLetters: Map<number, number>;
}

export function readTables(sql: Sql, scope: LedgerScope): Promise<TableNumbers> {
  return sql.begin("isolation level repeatable read read only", async (transaction) => {
    const ledgers = await readLedgers(transaction, scope);
    const userEvents = await transaction`
      select event_type as key, sum(event_count)::bigint as count
      from streaming.user_events group by event_type`;
    const perMinute = await transaction`
      select event_type as key, sum(event_count)::bigint as count
      from streaming.events_per_minute group by event_type`;
    const perMinutePartition = await transaction`
      select partition as key, sum(event_count)::bigint as count
      from streaming.events_per_minute group by partition`;
    const deadLetters = await transaction`
      select partition as key, count(*) as count
      from streaming.dead_letters where topic = ${scope.KAFKA_TOPIC} group by partition`;
    return {
      ledgers,
      userEvents: byKey(userEvents),
      perMinute: byKey(perMinute),
      perMinutePartition: byKey(perMinutePartition),
      deadLetters: byKey(deadLetters),
    };
  }) as Promise<TableNumbers>;
}

const byKey = <Key>(rows: readonly unknown[]) =>
  new Map((rows as { key: Key; count: number }[]).map(({ key, count }) => [key, count]));

/**
 * consumer_offsets → user_events: every stored event is in the sum of the users' counts, unless it was
 * taken back. While one that was taken back is still in there, the hop differs.
 */
export function verifyUserEvents(
  { ledgers, userEvents }: TableNumbers,
  log: ReadonlyMap<number, LogState>,
): HopResult {
  const totals = totalsOf(ledgers);
  const { stored, removed } = totals;
  const counted = sum(userEvents.values());
  const canReplay = ledgers.every((ledger) => isLogWhole(ledger, log));
  const waiting = describeToRemove(totals, canReplay);
  return {
    hop: "consumer → user_events",
    equation: `${stored} stored${removed ? ` - ${removed} removed` : ""} = ${counted} in user_events`,
    holds: eventsInTables(totals) === counted && waiting === undefined,
    numbers: { stored, removed, toRemove: eventsToRemove(totals), counted },
    remarks: waiting === undefined ? [] : [waiting],
  };
}

/** user_events → events_per_minute: the same events by another key, type by type. */
export function verifyMinutes(numbers: TableNumbers): HopResult {
  const { userEvents, perMinute, perMinutePartition, ledgers } = numbers;
  const counted = sum(userEvents.values());
  const inMinutes = sum(perMinute.values());
  const remarks = [
    ...EVENT_TYPES.filter((type) => (userEvents.get(type) ?? 0) !== (perMinute.get(type) ?? 0)).map(
      (type) =>
        `${type}: ${userEvents.get(type) ?? 0} in user_events, ${perMinute.get(type) ?? 0} in events_per_minute`,
    ),
    ...ledgers
      .map((ledger) => ({
        partition: ledger.partition,
        stored: eventsInTables(ledger),
        inMinutes: perMinutePartition.get(ledger.partition) ?? 0,
      }))
      .filter(({ stored, inMinutes }) => stored !== inMinutes)
      .map(
        ({ partition, stored, inMinutes }) =>
          `partition ${partition}: ${stored} stored, ${inMinutes} in events_per_minute`,
      ),
  ];
  return {
    hop: "user_events → events_per_minute",
    equation: `${counted} in user_events = ${inMinutes} in events_per_minute`,
    holds: counted === inMinutes && remarks.length === 0,
    numbers: { counted, inMinutes },
    remarks,
  };
}

/** consumer_offsets → dead_letters: every rejected record is kept with its reason. */
export function verifyDeadLetters({ ledgers, deadLetters }: TableNumbers): HopResult {
  const { rejected } = totalsOf(ledgers);
  const kept = sum(ledgers.map(({ partition }) => deadLetters.get(partition) ?? 0));
  return {
    hop: "consumer → dead_letters",
    equation: `${rejected} rejected = ${kept} in dead_letters`,
    holds: ledgers.every(
      ({ partition, rejected }) => (deadLetters.get(partition) ?? 0) === rejected,
    ),
    numbers: { rejected, kept },
    remarks: [],
  };
}
