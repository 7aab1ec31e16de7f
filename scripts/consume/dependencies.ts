/** The two services that the consumer depends on. Each logs when it goes away and when it is back. */
import { kafkaDependency } from "../kafka/dependency.ts";
import type { Config } from "../lib/config.ts";
import type { Dependency, ServiceEvents } from "../lib/dependency.ts";
import { getLogger } from "../lib/log.ts";
import { postgresDependency } from "../lib/postgres-dependency.ts";

export type Dependencies = Readonly<Record<"kafka" | "postgres", Dependency>>;

const log = getLogger(["consume"]);

export const dependenciesOf = (config: Config): Dependencies => ({
  kafka: kafkaDependency(config, logged("Kafka")),
  postgres: postgresDependency(config, "ingest", logged("PostgreSQL")),
});

const logged = (name: string): ServiceEvents => ({
  onAway: (error) => log.warning(`${name} is away; counting pauses until it is back`, { error }),
  onBack: (outageMs) => log.info(`${name} is back`, { outageMs: Math.round(outageMs) }),
});

/** Whether the same work may succeed later, without any change. */
export const mayPass = ({ kafka, postgres }: Dependencies, error: unknown): boolean =>
  kafka.isOutage(error) || postgres.isOutage(error);

/** The names of those that are away, or undefined. */
export function whichAreAway({ kafka, postgres }: Dependencies): string | undefined {
  const away = [kafka, postgres].flatMap(({ waitingFor }) => waitingFor ?? []);
  return away.length === 0 ? undefined : away.join(" and ");
}
