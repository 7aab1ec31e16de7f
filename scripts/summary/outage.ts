/** Tells of an outage of the database twice: when it begins and when it is over. */
import type { Config } from "../lib/config.ts";
import { getLogger } from "../lib/log.ts";
import { explainPostgres } from "../lib/postgres.ts";

/** An SQLSTATE by which the database itself says what is wrong; class 28 is that of a login. */
const SAID_BY_DATABASE = /^(?!28)(?=.*\d)[0-9A-Z]{5}$/;

export class Outage {
  readonly #config: Config;
  readonly #log = getLogger(["summary"]);
  #sinceMs: number | undefined;

  constructor(config: Config) {
    this.#config = config;
  }

  /** What the latest attempt came to: undefined when it worked. */
  note(error: unknown): void {
    if (error !== undefined && this.#sinceMs === undefined) {
      this.#sinceMs = performance.now();
      this.#log.error("Cannot read the numbers", { reason: this.#explain(error) });
    } else if (error === undefined && this.#sinceMs !== undefined) {
      const outageMs = Math.round(performance.now() - this.#sinceMs);
      this.#sinceMs = undefined;
      this.#log.info("The numbers can be read again", { outageMs });
    }
  }

  #explain(error: unknown): string {
    const { code, message } = error as { code?: string; message: string };
    if (SAID_BY_DATABASE.test(code ?? "")) return `PostgreSQL answers: ${message}`;
    return explainPostgres(this.#config, "read", error);
  }
}
