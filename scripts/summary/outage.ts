/** The outage of the summary's database, which is logged when it begins and when it is over. */
import type { Config } from "../lib/config.ts";
import { getLogger } from "../lib/log.ts";
import { Outage } from "../lib/outage.ts";
import { explainPostgres } from "../lib/postgres.ts";

/** An SQLSTATE by which the database itself says what is wrong; class 28 is that of a login. */
const SAID_BY_DATABASE = /^(?!28)(?=.*\d)[0-9A-Z]{5}$/;

export function databaseOutage(config: Config): Outage {
  const log = getLogger(["summary"]);
  return new Outage({
    onBegin: (error) => log.error("Cannot read the numbers", { reason: explain(config, error) }),
    onEnd: (outageMs) =>
      log.info("The numbers can be read again", { outageMs: Math.round(outageMs) }),
  });
}

function explain(config: Config, error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (SAID_BY_DATABASE.test(code ?? "")) return `PostgreSQL answers: ${message}`;
  return explainPostgres(config, "read", error);
}
