/** The next steps with a running stack: the last lines of `up`. */
import { table } from "../../lib/table.ts";
import type { Row } from "./report.ts";

/** A step belongs to a service, and shows when that service works. */
const STEPS: { service: string; what: string; how(row: Row): string }[] = [
  { service: "worker", what: "open the page", how: ({ address }) => address ?? "" },
  { service: "superset", what: "open the dashboard", how: ({ address }) => address ?? "" },
  { service: "kafka", what: "send your events", how: () => "bun run produce --from FILE" },
  { service: "consumer", what: "prove the counts", how: () => "bun run verify" },
];

export function nextSteps(rows: Row[]): string {
  const steps = STEPS.flatMap(({ service, what, how }) => {
    const row = rows.find((each) => each.service === service && each.state === "ready");
    return row ? [[`  ${what}`, how(row)]] : [];
  });
  const always = [
    ["  see how it is", "bun run status"],
    ["  stop", "bun run down"],
  ];
  return `Next:\n${table([...steps, ...always])}`;
}
