/**
 * Reads the summary from PostgreSQL as the role that may only read. After any failure it closes the
 * connection, and the next attempt opens a new one. The client itself would pause longer before each
 * reconnection, and would keep a silent connection for minutes.
 */
import type { Summary } from "../../schema/summary.ts";
import type { Config } from "../lib/config.ts";
import { connect, type Sql } from "../lib/postgres.ts";
import { deadline } from "../lib/wait.ts";
import { readRow } from "./statement.ts";
import { summaryOf } from "./summary-of.ts";

/** The server ends a statement that takes longer. */
const STATEMENT_MS_MAX = 10_000;
/** The connection is given up when the server has not even said that by then. */
const SILENCE_MS_MAX = 11_000;
const UNDEFINED_TABLE = "42P01";

export class SummaryReader {
  readonly #config: Config;
  #sql: Sql | undefined;
  /** Whether dbt's tables existed at the last reading. */
  #isBuilt = false;

  constructor(config: Config) {
    this.#config = config;
  }

  async read(): Promise<Summary> {
    try {
      return await deadline(this.#read(), SILENCE_MS_MAX);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const sql = this.#sql;
    this.#sql = undefined;
    await sql?.end({ timeout: 0 });
  }

  async #read(): Promise<Summary> {
    const startMs = performance.now();
    const namesTopUsers = this.#config.SUMMARY_TOP_USERS === "true";
    const row = await this.#readRow(namesTopUsers);
    return summaryOf(row, namesTopUsers, performance.now() - startMs);
  }

  /** dbt may build its tables, and people may drop them, at any time. */
  async #readRow(namesTopUsers: boolean) {
    this.#sql ??= connect(this.#config, "read", {
      applicationName: "summary",
      statementMsMax: STATEMENT_MS_MAX,
    });
    const query = { scope: this.#config, namesTopUsers, isBuilt: this.#isBuilt };
    try {
      const row = await readRow(this.#sql, query);
      if (row.isBuilt === this.#isBuilt) return row;
      this.#isBuilt = row.isBuilt;
    } catch (error) {
      if (!this.#isBuilt || (error as { code?: string }).code !== UNDEFINED_TABLE) throw error;
      this.#isBuilt = false;
    }
    return readRow(this.#sql, { ...query, isBuilt: this.#isBuilt });
  }
}
