/**
 * The home of a user: the partition that holds all events of that user, so that a repeated event meets
 * the first one. Kafka's own partitioner puts a record there by its key. Pure.
 */
import { partitionOf } from "../kafka/partition.ts";
import { type DuplicateRule, ruleAt } from "../ledger/duplicate-rules.ts";

/** Whether events of the user belong to the partition that is read. */
export type IsHome = (userId: number) => boolean;

export const everywhere: IsHome = () => true;

/** How users are told from strangers in a partition, from an offset on up to the next rule. */
export function homesOf(
  partition: number,
  rules: readonly DuplicateRule[],
): (offset: number) => IsHome {
  return (offset) => {
    const { partitions } = ruleAt(rules, offset);
    // Records that were counted before homes were looked at count where they stand.
    if (partitions === undefined || partitions === 1) return everywhere;
    return (userId) => homeOf(userId, partitions) === partition;
  };
}

export const homeOf = (userId: number, partitions: number) =>
  partitionOf(String(userId), partitions);
