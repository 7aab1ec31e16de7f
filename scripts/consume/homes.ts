/**
 * The home of a user: the partition that holds all events of that user, so that a repeated event meets
 * the first one. Kafka's own partitioner puts a record there by its key. Pure.
 */
import { partitionOf } from "../kafka/partition.ts";
import type { DuplicateRule } from "../ledger/duplicate-rules.ts";

/** Whether events of the user belong to the partition that is read, by the rule for the offset. */
export type IsHome = (offset: number, userId: number) => boolean;

export const everywhere: IsHome = () => true;

/** As many users are remembered, a power of two: hashing each event's user takes too long. */
const REMEMBERED = 2 ** 14;

/** How users are told from strangers in a partition that is counted by these rules. */
export function homesOf(partition: number, rules: readonly DuplicateRule[]): IsHome {
  const homes = rules.map(({ from, partitions }) => ({
    from,
    holds: usersOf(partition, partitions),
  }));
  const [first = { from: 0, holds: () => true }] = homes;
  const last = homes.at(-1) ?? first;
  return (offset, userId) => {
    const home = offset >= last.from ? last : homes.findLast(({ from }) => from <= offset);
    return (home ?? first).holds(userId);
  };
}

/** Records that were counted before homes were looked at count where they stand. */
function usersOf(partition: number, partitions: number | undefined): (userId: number) => boolean {
  if (partitions === undefined || partitions === 1) return () => true;
  /** Users that were asked for, each in its own place; strangers are negative. */
  const known = new Float64Array(REMEMBERED);
  return (userId) => {
    const place = userId & (REMEMBERED - 1);
    const answer = known[place];
    if (answer === userId) return true;
    if (answer === -userId) return false;
    const isHome = homeOf(userId, partitions) === partition;
    known[place] = isHome ? userId : -userId;
    return isHome;
  };
}

export const homeOf = (userId: number, partitions: number) =>
  partitionOf(String(userId), partitions);
