/** PostgreSQL as a service that a program depends on. */
import type { Config } from "./config.ts";
import { Dependency, type ServiceEvents } from "./dependency.ts";
import { hasNoRoom, NO_ROOM } from "./local-data.ts";
import { explainPostgres, type Role } from "./postgres.ts";
import { isConflict, isDiskFull, isOutage } from "./postgres-failure.ts";

export const postgresDependency = (config: Config, role: Role, events: ServiceEvents): Dependency =>
  new Dependency({
    name: "PostgreSQL",
    isOutage,
    isAnswer: isConflict,
    remark: (error) => (isDiskFull(error) || hasNoRoom(config, "postgres") ? NO_ROOM : undefined),
    explain: (error) => explainPostgres(config, role, error),
    ...events,
  });
