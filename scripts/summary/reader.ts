/**
 * Reads the summary from PostgreSQL as the role that may only read. After any failure the connection
 * is given up and the next attempt opens a new one: the client would wait longer and longer before it
 * tries again, and a connection that has gone silent would stay so for minutes.
 */
import type { Summary } from "../../schema/summary.ts";
import type { Config } from "../lib/config.ts";
import { connect, type Sql } from "../lib/postgres.ts";
import { deadline } from "../lib/wait.ts";
import { readRow } from "./statement.ts";
import { summaryOf } from "./summary-of.ts";

/** Longer than this, and the server ends the statement. */
const STATEMENT_MS_MAX = 10_000;
/** Longer than this, and the server does not even answer that. */
const SILENCE_MS_MAX = 11_000;
const UNDEFINED_TABLE = "42P01";

export class SummaryReader {
  readonly #config: Config;
  #sql: Sql | undefined;
  /** Whether dbt's tables were there at the last look. */
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
    const question = { scope: this.#config, namesTopUsers, isBuilt: this.#isBuilt };
    try {
      const row = await readRow(this.#sql, question);
      if (row.isBuilt === this.#isBuilt) return row;
      this.#isBuilt = row.isBuilt;
    } catch (error) {
      if (!this.#isBuilt || (error as { code?: string }).code !== UNDEFINED_TABLE) throw error;
      this.#isBuilt = false;
    }
    return readRow(this.#sql, { ...question, isBuilt: this.#isBuilt });
  }
}
