/**
 * A table like `user_events` in schema tracking, with one way to find which users changed since a
 * transaction. It measures the cost to write, to find, and to maintain.
 */
import { EVENT_TYPES } from "../../schema/event-types.ts";
import type { Sql } from "../../scripts/lib/postgres.ts";

export interface Way {
  name: string;
  /** Whether rows hold the transaction that last wrote them. */
  hasXid: boolean;
  /** The end of `create index` … `on` the table, or a table of changes beside it. */
  index?: string;
  hasChanges?: boolean;
}

/** Distinct keys of one transaction, as the columns of the statement. */
export interface Keys {
  columns: string[];
  count: number;
}

const XID = "(select pg_current_xact_id()::text::bigint)";
/** The planner estimates 0.5 % of the rows for a range with unknown bounds, but a third for >=. */
const SINCE = "between (select xid from tracking.watermark) and 9223372036854775807";
const TYPES_BY_NAME = EVENT_TYPES.toSorted();

export class TrackedTable {
  readonly way: Way;
  readonly #owner: Sql;
  readonly #name: string;

  constructor(owner: Sql, way: Way, number: number) {
    this.#owner = owner;
    this.way = way;
    this.#name = `user_events_${number}`;
  }

  /** One row for each user and type. Vacuum runs only on request, so that each way gets as much. */
  async create(users: number): Promise<void> {
    const { hasXid, index, hasChanges } = this.way;
    await this.#owner.unsafe(`
      create table tracking.${this.#name} (
        like streaming.user_events including defaults including constraints,
        primary key (user_id, event_type)
      ) with (fillfactor = 70, autovacuum_enabled = off);
      ${hasXid ? "" : `alter table tracking.${this.#name} drop column updated_xid;`}
      insert into tracking.${this.#name} (user_id, event_type, event_count, created_at, updated_at)
      select user_id, event_type, 1, now(), now()
      from generate_series(1, ${users}) as user_id,
        unnest('{${TYPES_BY_NAME.join(",")}}'::text[]) as event_type;
      ${index ? `create index ${this.#name}_index on tracking.${this.#name} ${index};` : ""}
      ${
        hasChanges
          ? `create table tracking.changes (user_id bigint not null, xid bigint not null)
               with (autovacuum_enabled = off);
             create index changes_index on tracking.changes (xid);`
          : ""
      }`);
    await this.#owner.unsafe(`vacuum (analyze) tracking.${this.#name}`);
  }

  /** One transaction like the consumer's. */
  async upsert({ columns }: Keys): Promise<void> {
    const { hasXid, hasChanges } = this.way;
    await this.#owner.unsafe(
      `with users as (
        insert into tracking.${this.#name} as kept
          (user_id, event_type, event_count, created_at, updated_at ${hasXid ? ", updated_xid" : ""})
        select user_id, event_type, event_count, now(), now() ${hasXid ? `, ${XID}` : ""}
        from unnest($1::text::bigint[], $2::text::text[], $3::text::bigint[])
          as k (user_id, event_type, event_count)
        on conflict (user_id, event_type) do update set
          event_count = kept.event_count + excluded.event_count,
          created_at = least(kept.created_at, excluded.created_at),
          updated_at = excluded.updated_at
          ${hasXid ? ", updated_xid = excluded.updated_xid" : ""}
      ) ${
        hasChanges
          ? `, changes as (
               insert into tracking.changes (user_id, xid)
               select user_id, ${XID} from (select distinct unnest($1::text::bigint[]) as user_id)
             )`
          : ""
      }
      select 1`,
      columns,
      { prepare: true },
    );
  }

  /** How many users have changed since the watermark; undefined where the way cannot find them. */
  async find(): Promise<number | undefined> {
    const { hasXid, hasChanges } = this.way;
    if (!hasXid && !hasChanges) return undefined;
    const [table, column] = hasXid ? [this.#name, "updated_xid"] : ["changes", "xid"];
    const [row] = await this.#owner.unsafe(
      `select count(*) from (
        select distinct user_id from tracking.${table} where ${column} ${SINCE}
      )`,
      [],
      { prepare: true },
    );
    return row?.count;
  }

  /** Regular maintenance: removes dead rows and processed changes. */
  async tidy(): Promise<void> {
    if (this.way.hasChanges) {
      await this.#owner`
        delete from tracking.changes where xid < (select xid from tracking.watermark)`;
      await this.#owner`vacuum (analyze) tracking.changes`;
    }
    await this.#owner.unsafe(`vacuum tracking.${this.#name}`);
  }

  /** Bytes that the way adds. */
  async addedBytes(): Promise<number> {
    const { index, hasChanges } = this.way;
    if (!index && !hasChanges) return 0;
    const [row] = await this.#owner.unsafe(
      `select pg_total_relation_size('tracking.${index ? `${this.#name}_index` : "changes"}')`,
    );
    return row?.pg_total_relation_size;
  }

  /** Updates so far, and how many of them left all row indexes unchanged. */
  async updates(): Promise<{ all: number; heapOnly: number }> {
    await this.#owner`select pg_stat_force_next_flush()`;
    const [row] = await this.#owner`
      select n_tup_upd as all, n_tup_hot_upd as "heapOnly" from pg_stat_user_tables
      where schemaname = 'tracking' and relname = ${this.#name}`;
    return row as { all: number; heapOnly: number };
  }
}

/** Keys are numbers from 0, in the order of users, then of the types' names. */
export function keysOf(keys: readonly number[]): Keys {
  const columns = [
    keys.map((key) => Math.floor(key / EVENT_TYPES.length) + 1),
    keys.map((key) => TYPES_BY_NAME[key % EVENT_TYPES.length]),
    keys.map(() => 1),
  ];
  return { columns: columns.map((values) => `{${values.join(",")}}`), count: keys.length };
}
