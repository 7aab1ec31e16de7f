/** The flags of `produce` with a sentence each, and the text that `--help` prints. Pure. */
import { defineCommand, renderUsage } from "citty";

const flag = (valueHint: string, description: string) =>
  ({ type: "string", valueHint, description }) as const;
const toggle = (description: string) => ({ type: "boolean", description }) as const;

export const definitions = {
  rate: flag("N", "Events per second, 0 for no limit (default: PRODUCER_RATE or 1)"),
  count: flag("N", "Stop after N events"),
  duration: flag("TIME", "Stop after 30s, 5m, 1h or plain seconds"),
  users: flag("N", "Made-up users, with ids from 1 to N (default: 100)"),
  seed: flag("TEXT", "Make up the same events again: see SEED"),
  start: flag("TIME", "Made-up events happen from 2026-01-31 08:00:00 on, not now"),
  span: flag("TIME", "With --start: spread --count events over 12h or 7d"),
  from: flag("FILE", "Send the rows of a file, or of standard input (-)"),
  format: flag("FORMAT", "csv or ndjson (default: by name or first character)"),
  map: flag("OURS=THEIRS,..", "The file's names for the fields of an event"),
  types: flag("OURS=THEIRS,..", "The file's names for view, click and purchase"),
  "user-offset": flag("N", "Added to each user id of the file (default: 0)"),
  speed: flag("N", "Replay the file at its recorded pace, N times as fast"),
  strict: toggle("Stop at the first row that is no event, with status 1"),
  topic: flag("NAME", "Topic to send to (default: KAFKA_TOPIC or user_events)"),
  wait: flag("TIME", "Wait this long for Kafka and the topic (default: 0)"),
  json: toggle("Print the result as one JSON object on stdout"),
  help: toggle("Show this help"),
} as const;

const command = defineCommand({
  meta: {
    name: "bun run produce",
    description: "Sends events to Kafka: made-up ones, or those of a file",
  },
  args: definitions,
});

const NOTES = `FILES
  NDJSON, or CSV with a header line. Fields: user_id, event_type, created_at and, if there is one,
  event_id. Times may be ISO 8601 with a zone or without (then it is UTC), 2026-01-31 12:00:00 UTC,
  or seconds, milliseconds, microseconds or nanoseconds since 1970. User ids are whole numbers from
  1 on: for a file that starts at 0, --user-offset 1 adds 1 to each. --types takes several names as
  view=seen|shown; a type it does not name keeps its own. A row without event_id gets an id that
  depends on all its fields, so a file that is sent twice counts once, and so do two identical rows.
  Rows that are no events are reported with their line, counted and left out. Without --rate or
  --speed a file is sent as fast as it goes.

SEED
  With --seed and --start every byte is the same again, given the same --users, --rate, --count and
  --span. With --seed alone the users, types and random parts of the ids are the same in the same
  order, but the events happen now. Without --seed no two runs are alike. --span without --count
  makes one event for each second, with the rhythm of the day, as fast as it goes unless --rate.

ENDING
  Ctrl-C stops, sends what is under way and reports; a second one quits at once. While Kafka is
  away, sending pauses and goes on later. Status: 0 done, 1 failed, 2 wrong flags, settings or file.

EXAMPLES
  bun run produce                                    1 event a second until stopped
  bun run produce --rate 1000 --duration 5m          a steady load
  bun run produce --rate 0 --count 1000000           as fast as it goes
  bun run produce --seed a --start 2026-01-01 --span 7d --count 100000
                                                     a week of history, the same each time
  bun run produce --from events.csv --map user_id=session,event_type=type,created_at=ts \\
      --types view=clicks,click=carts,purchase=orders --user-offset 1
  zcat events.ndjson.gz | bun run produce --from -   whatever a pipe gives`;

export async function helpText(): Promise<string> {
  const usage = (await renderUsage(command)).replace(/ +$/gm, "");
  return `${usage}\n\n${NOTES}`;
}
