/**
 * Logging of the long-running programs: one line of JSON for each event on stderr, or readable text
 * on a terminal. Fields carry the facts, so that a line can be filtered without parsing a sentence.
 */
import { configureSync, getLogger, jsonLinesFormatter } from "@logtape/logtape";
import type { Config } from "./config.ts";

/** Sets up logging once for the whole process; called by each entry point. */
export function startLogging(config: Config): void {
  const onTerminal = process.stderr.isTTY === true;
  configureSync({
    sinks: {
      stderr: (record) => {
        const line = onTerminal
          ? `${new Date(record.timestamp).toISOString()} ${record.level} ${record.message.join("")} ${fields(record.properties)}\n`
          : jsonLinesFormatter(record);
        process.stderr.write(line);
      },
    },
    loggers: [
      { category: [], sinks: ["stderr"], lowestLevel: config.LOG_LEVEL },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning" },
    ],
    reset: true,
  });
}

const fields = (properties: Record<string, unknown>) =>
  Object.entries(properties)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");

export { getLogger };
