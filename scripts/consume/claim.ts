/**
 * Claims a partition: reads its place from the database, or creates the row, and stops where only a
 * person can decide. The database alone knows the place. Offsets that the consumer commits to Kafka
 * are for tools that show lag.
 */
import { isDeepStrictEqual } from "node:util";
import type { LogState } from "../kafka/log.ts";
import {
  childRules,
  type DuplicateRule,
  duplicateRules,
  type Neighbour,
  parentOf,
  type WantedRule,
  withRule,
} from "../ledger/duplicate-rules.ts";
import { storedMark } from "../ledger/ledger.ts";
import type { Mark } from "../ledger/mark.ts";
import { assertReaches, beginAgain } from "../ledger/same-log.ts";
import type { Config } from "../lib/config.ts";
import { NeedsPersonError } from "../lib/errors.ts";
import { getLogger } from "../lib/log.ts";
import type { Sql } from "../lib/postgres.ts";
import { FencedError, type PartitionKey } from "./store.ts";

export interface Claim {
  nextOffset: number;
  /** The last record before `nextOffset`; undefined when none was counted. */
  mark: Mark | undefined;
  /** The last one decides the records from `nextOffset` on. */
  rules: DuplicateRule[];
}

/**
 * Returns where counting continues, after creating the row when it is missing.
 * @throws NeedsPersonError when the topic is another one, another group counts it, or the log ends
 * before the counted offsets
 */
export async function claimPartition(
  config: Pick<Config, "POSTGRES_HOST">,
  sql: Sql,
  key: PartitionKey,
  log: LogState,
  rule: WantedRule,
): Promise<Claim> {
  const where = `${key.topic}/${key.partition}`;
  const offsets = sql`${sql(key.schema)}.consumer_offsets`;
  const [other] = await sql`
    select group_id, topic from ${offsets}
    where topic <> ${key.topic} or group_id <> ${key.groupId} limit 1`;
  if (other) {
    throw new NeedsPersonError(
      `Cannot count ${where} as group ${key.groupId}: these tables count ${other.topic} for group ${other.group_id}, and nothing could prove sums of both; set KAFKA_TOPIC=${other.topic} and KAFKA_GROUP_ID=${other.group_id}`,
    );
  }
  const first = await firstRules(config, sql, key, log, rule);
  await sql`
    insert into ${offsets}
      (group_id, topic, partition, topic_id, first_offset, next_offset, duplicate_rules)
    values (
      ${key.groupId}, ${key.topic}, ${key.partition}, ${log.topicId},
      ${log.logStart}, ${log.logStart}, ${sql.json(first)}
    )
    on conflict (group_id, topic, partition) do nothing`;
  const [row] = await sql`
    select topic_id as "topicId", next_offset as "nextOffset", duplicate_rules as rules,
      last_record_offset as "markOffset", last_record_checksum as checksum
    from ${offsets}
    where group_id = ${key.groupId} and topic = ${key.topic} and partition = ${key.partition}`;
  if (!row) throw new Error(`Cannot claim ${where}: its row in consumer_offsets has vanished`);
  const { topicId, nextOffset, markOffset, checksum } = row;
  assertReaches(config, where, { topicId, nextOffset }, log);
  const mark = storedMark(markOffset, checksum);
  const rules = duplicateRules.parse(row.rules);
  return { nextOffset, mark, rules: await decideBy(rule, sql, key, nextOffset, rules) };
}

/**
 * The rules of a partition that has no row yet. When partitions were added, the one that has held its
 * users is split first: from its next offset on, it sends them here.
 * @throws NeedsPersonError when users of several partitions would mix
 */
async function firstRules(
  config: Pick<Config, "POSTGRES_HOST">,
  sql: Sql,
  key: PartitionKey,
  log: LogState,
  rule: WantedRule,
): Promise<DuplicateRule[]> {
  const rows = await sql`
    select partition, next_offset, duplicate_rules from ${sql(key.schema)}.consumer_offsets
    where group_id = ${key.groupId} and topic = ${key.topic}`;
  const neighbours = rows.map((row) => ({
    partition: row.partition as number,
    nextOffset: row.next_offset as number,
    rules: duplicateRules.parse(row.duplicate_rules),
  }));
  const counted = neighbours.some(({ rules, nextOffset }) => nextOffset > (rules[0]?.from ?? 0));
  const isKnown = neighbours.some(({ partition }) => partition === key.partition);
  if (isKnown || !counted) return withRule([], log.logStart, rule);
  const parent = heldBy(config, key, rule, neighbours);
  if (parent === undefined) return withRule([], log.logStart, rule);
  const found = neighbours.find(({ partition }) => partition === parent);
  if (!found) throw new FencedError(`Cannot claim ${key.partition}: ${parent} is not counted yet`);
  const place = { ...key, partition: parent };
  const rules = await decideBy(rule, sql, place, found.nextOffset, found.rules);
  return childRules({ partition: parent, rules }, log.logStart, rule);
}

/** @throws NeedsPersonError when users of several partitions would mix */
function heldBy(
  config: Pick<Config, "POSTGRES_HOST">,
  { topic, partition }: PartitionKey,
  { partitions }: WantedRule,
  neighbours: readonly Neighbour[],
): number | undefined {
  try {
    return parentOf(partition, partitions, neighbours);
  } catch (error) {
    throw new NeedsPersonError(
      `Cannot count ${topic}/${partition}: ${(error as Error).message}, so events of one user would stand in several; add partitions up to a multiple, or ${beginAgain(config)}`,
    );
  }
}

/**
 * Notes from which offset on the rule of the settings and the topic decides. A consumer with another
 * one has counted up to there, and is fenced from then on.
 */
async function decideBy(
  rule: WantedRule,
  sql: Sql,
  { schema, groupId, topic, partition }: PartitionKey,
  nextOffset: number,
  rules: DuplicateRule[],
): Promise<DuplicateRule[]> {
  const wanted = withRule(rules, nextOffset, rule);
  if (isDeepStrictEqual(wanted, rules)) return rules;
  const { count } = await sql`
    update ${sql(schema)}.consumer_offsets set duplicate_rules = ${sql.json(wanted)}
    where group_id = ${groupId} and topic = ${topic} and partition = ${partition}
      and next_offset = ${nextOffset} and duplicate_rules = ${sql.json(rules)}`;
  if (count !== 1) {
    throw new FencedError(`Cannot claim ${topic}/${partition}: another consumer counts it`);
  }
  getLogger(["consume"]).info(
    "Another rule decides which records are events, and which of them are duplicates",
    {
      topic,
      partition,
      fromOffset: nextOffset,
      horizonHours: rule.horizonMs / 3_600_000,
      partitions: rule.partitions,
      hoursAheadMax: rule.aheadMsMax / 3_600_000,
    },
  );
  return wanted;
}
