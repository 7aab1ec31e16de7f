/**
 * Names and passwords of the pages with a login, in clear text. They are shown on request, or on
 * the terminal on which they were generated. No log gets them.
 */
import type { Service } from "../../host/service.ts";
import type { Config } from "../../lib/config.ts";
import { columnWidths, tableLine } from "../../lib/table.ts";

/** A line for each service with a login: address, name, password. */
export function loginLines(config: Config, services: Service[]): string[] {
  const lines = services.flatMap(({ name, address, login }) =>
    login ? [[name, address(config) ?? "", login.user, String(config[login.setting] ?? "")]] : [],
  );
  const widths = columnWidths(lines);
  return lines.map((cells) => tableLine(cells, widths));
}

/** The logins whose password is among the new settings. */
export const newLogins = (services: Service[], written: string[]) =>
  services.filter(({ login }) => login && written.includes(login.setting));
