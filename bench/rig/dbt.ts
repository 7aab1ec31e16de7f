/** Runs the program of Airflow's tasks once and measures it; removes dbt's models. */
import { connect, type Sql } from "../../scripts/lib/postgres.ts";
import type { Bench } from "./bench.ts";
import { startClient } from "./clients.ts";
import { type CpuUse, measureCpu } from "./cpu.ts";

/** From the start of the process to its end; the client is that process with its children. */
export async function settle({ stack }: Bench): Promise<CpuUse> {
  const printed: string[] = [];
  const used = measureCpu(stack, []);
  const program = startClient(stack, ["dbt/run", "settle"], {}, (line) => printed.push(line));
  try {
    const { cpuSeconds: client } = await program.ended();
    const cpu = used();
    return { ...cpu, client, others: Math.max(0, cpu.others - client) };
  } catch (error) {
    throw new Error([(error as Error).message, ...printed].join("\n"), { cause: error });
  }
}

/** Leaves the database as `migrate` makes it: without models, settled users or runs. */
export async function dropModels(bench: Bench): Promise<void> {
  await asDbt(bench, async (sql) => {
    const relations = await sql`
      select format('%I.%I', nspname, relname) as name, relkind = 'v' as "isView"
      from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where relkind in ('r', 'v') and pg_get_userbyid(relowner) = current_user`;
    for (const { name, isView } of relations) {
      await sql.unsafe(`drop ${isView ? "view" : "table"} if exists ${name} cascade`);
    }
  });
  const { owner } = bench;
  await owner`truncate transform.runs`;
  await owner`update transform.settlement set run_id = null, settled_xid = 0, settled_at = null`;
}

/** Events of all settled users. */
export async function settledEvents(bench: Bench): Promise<number> {
  const [row] = await asDbt(
    bench,
    (sql) => sql`select sum(total_events)::bigint as events from transform.user_totals_settled`,
  );
  return row?.events;
}

async function asDbt<Result>({ stack }: Bench, work: (sql: Sql) => Promise<Result>) {
  const sql = connect(stack.config, "transform", { applicationName: "bench" });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}
