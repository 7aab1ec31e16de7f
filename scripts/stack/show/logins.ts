/**
 * Names and passwords of the pages that ask for them, in clear: shown where a person asks for just
 * that, or on the terminal on which they were generated, and written to no log.
 */
import type { Service } from "../../host/service.ts";
import type { Config } from "../../lib/config.ts";
import { columnWidths, tableLine } from "../../lib/table.ts";

/** A line for each service with a login: where, who, and the password. */
export function loginLines(config: Config, services: Service[]): string[] {
  const lines = services.flatMap(({ name, address, login }) =>
    login ? [[name, address(config) ?? "", login.user, String(config[login.setting] ?? "")]] : [],
  );
  const widths = columnWidths(lines);
  return lines.map((cells) => tableLine(cells, widths));
}

/** Those whose password is among the settings that have just been written. */
export const newLogins = (services: Service[], written: string[]) =>
  services.filter(({ login }) => login && written.includes(login.setting));
