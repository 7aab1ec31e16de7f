/** Kafka as a service that a program depends on. */
import type { Config } from "../lib/config.ts";
import { Dependency, type ServiceEvents } from "../lib/dependency.ts";
import { hasNoRoom, NO_ROOM } from "../lib/local-data.ts";
import { OutageError, outage, reasonOf, TopicMissingError } from "./failure.ts";

/** How a broker says that it could not write its log, before it ends. */
const DISK_ERROR = /^Disk error/;

export const kafkaDependency = (config: Config, events: ServiceEvents): Dependency =>
  new Dependency({
    name: "Kafka",
    isOutage: (error) => error instanceof OutageError,
    remark: (error) => {
      if (error instanceof TopicMissingError) return "the topic is missing";
      if (hasNoRoom(config, "kafka")) return NO_ROOM;
      return DISK_ERROR.test(reasonOf(error)) ? "its disk takes nothing" : undefined;
    },
    explain: (error) => outage(config, error).message,
    ...events,
  });
