/** The ports of the services, which are checked before anything starts. */

import { isFree } from "../host/free-ports.ts";
import { DEFAULT_GROUP, groupOf, type PortSetting, type Service } from "../host/service.ts";
import type { Config } from "../lib/config.ts";
import { ConfigError } from "../lib/errors.ts";

/** @throws Error naming the service, the port and the setting that changes it */
export async function assertPortsFree(config: Config, services: Service[]): Promise<void> {
  const takenBy = new Map<number, string>();
  for (const service of services) {
    for (const setting of service.ports) {
      const port = config[setting];
      const other = takenBy.get(port);
      if (other)
        throw new ConfigError(
          `Cannot start ${service.name}: ${other} and ${setting} are both ${port}`,
        );
      takenBy.set(port, setting);
      if (!(await isFree(port))) {
        throw new Error(
          `Cannot start ${service.name}: port ${port} is in use; set ${setting} to a free one`,
        );
      }
    }
  }
}

/** Settings of the ports for clients: the first of each service of the default group. */
export const clientPorts = (services: Service[]): PortSetting[] =>
  services
    .filter((service) => groupOf(service) === DEFAULT_GROUP)
    .flatMap(({ ports: [first] }) => first ?? []);
