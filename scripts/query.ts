/** `bun run query`: asks Trino, with a saved query, a file, a pipe or a text. */
import { readFileSync } from "node:fs";
import { defineCommand, runCommand } from "./lib/command.ts";
import { readConfig } from "./lib/config.ts";
import { UsageError } from "./lib/errors.ts";
import { argument, flag, INPUT, text, toggle, type Values } from "./lib/flags.ts";
import { stopSignal } from "./lib/stop.ts";
import { queryPages } from "./lib/trino.ts";
import { type Format, formats } from "./query/formats.ts";
import { findQuery, savedQueries, statementOf } from "./query/saved.ts";

const flags = {
  query: argument(INPUT, "Name of a saved query, path of a file, or - for standard input"),
  sql: { ...flag(text("TEXT"), "Run this text"), short: "e" },
  csv: toggle("Print CSV, with the names of the columns first"),
  json: toggle("Print JSON: one array of objects"),
  list: toggle("List the saved queries"),
};

type Given = Values<typeof flags>;

const command = defineCommand({
  name: "query",
  description: `Asks about the tables (postgresql.streaming) and the topic as it is (kafka.streaming), also both in
one query. Rows go to standard output as they come, the time it took to standard error.`,
  flags,
  examples: [
    ["bun run query --list", "the saved queries, with what each shows"],
    ["bun run query waiting_events", "one of them; they are files in trino/queries"],
    ["bun run query report.sql --csv", "a file"],
    ["bun run query -e 'select 1'", "a text"],
  ],
  exits: { 0: "done", 1: "Trino refused the query, failed or is away" },
  async run({ flags: given }) {
    if (given.list) return console.log(listing());
    const statement = statementOf(readText(given));
    await ask(statement, formats[formatOf(given)]);
  },
});

function listing(): string {
  const queries = savedQueries();
  const width = Math.max(...queries.map(({ name }) => name.length));
  return queries.map(({ name, explanation }) => `${name.padEnd(width)}  ${explanation}`).join("\n");
}

function readText({ query, sql }: Given): string {
  if ((query === undefined) === (sql === undefined)) {
    throw new UsageError(
      "Cannot query: give one of NAME, FILE, - or --sql TEXT; --list names some",
    );
  }
  if (sql !== undefined) return sql;
  return query === "-" ? readFileSync(0, "utf8") : findQuery(query!);
}

function formatOf({ csv, json }: Given): keyof typeof formats {
  if (csv && json) throw new UsageError("Cannot print both: give --csv or --json");
  return csv ? "csv" : json ? "json" : "table";
}

/** Prints the rows as they come and cancels the query when nobody wants more of them. */
async function ask(statement: string, format: Format): Promise<void> {
  const stopped = stopSignal();
  const startedAt = performance.now();
  let count = 0;
  const pages = queryPages(readConfig(), statement, { signal: stopped });
  try {
    for await (const text of format(counted())) await write(text);
  } catch (error) {
    // The reader, such as `head`, has enough.
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return;
    throw error;
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(2);
  process.stderr.write(`${count} ${count === 1 ? "row" : "rows"} in ${seconds} s\n`);

  async function* counted() {
    for await (const page of pages) {
      count += page.rows.length;
      yield page;
    }
  }
}

/** Waits until it is taken, so that a slow reader does not fill the memory. */
const write = (text: string) =>
  new Promise<void>((resolve, reject) =>
    process.stdout.write(text, (error) => (error ? reject(error) : resolve())),
  );

await runCommand(command);
