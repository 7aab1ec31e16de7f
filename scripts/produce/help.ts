/** The help of `produce` beside its flags. */

export const notes = {
  FILES: `
NDJSON, or CSV with a header line. Fields: user_id, event_type, created_at and, if there is one,
event_id. Times may be ISO 8601 with a zone or without (then it is UTC), 2026-01-31 12:00:00
UTC, or seconds, milliseconds, microseconds or nanoseconds since 1970. User ids are whole
numbers from 1 on: for a file that starts at 0, --user-offset 1 adds 1 to each. --types takes
several names as view=seen|shown; a type it does not name keeps its own. Rows that are no events
are reported with their line, counted and left out. Without --rate or --speed a file is sent as
fast as possible.`,
  "ROWS WITHOUT event_id": `
A row without event_id gets an id from three things: the whole row, what it was read as, and how
many equal rows came before it in the file. So equal rows are different events. A file that is
sent again counts once, and a file to which rows were appended counts only the new ones, as long
as the log keeps the first of them (DUPLICATE_HORIZON_HOURS). Send a file from its beginning,
since equal rows of two files are one event.
Earlier releases made the id of the row alone. A file that they sent with --map, --types or
--user-offset counts again when it is sent again. Any other file does not, and equal rows that
were left out then are counted now.
Each row takes up to 14 bytes of memory, 100 million take 1.4 GB.`,
  "TAKE A FILE BACK": `
After a wrong --map, --types or --user-offset, run the same command again with --retract, then
send the file with the right flags. For each row it sends a record {"retract": event_id,
"user_id": N}, which any client may send. The event no longer counts, and counts again when it is
sent again. A row that was never sent, or is taken back already, changes nothing. Events
dated too far ahead, which earlier releases counted, are taken back, too.
\`bun run replay\` removes the events from the tables; it needs the whole log. Until then
\`bun run verify\`, status and the page say how many events wait for it.`,
  SEED: `
With --seed and --start every byte is the same again, given the same --users, --rate, --count and
--span. With --seed alone the users, types and random parts of the ids are the same in the same
order, but the events happen now. Without --seed no two runs are alike. --span without --count
makes one event for each second, with the rhythm of the day, as fast as possible unless --rate.`,
  NUMBERS: `
N may be written as 1500, 1_500, 1.5k or 2M, and TIME as 500ms, 30s, 5m, 1h30m, 7d or seconds.`,
  METRICS: `
A run without an end serves http://127.0.0.1:9480/healthz and /metrics, or the next free port.`,
  ENDING: `
Ctrl-C stops, sends what is under way and reports; a second one quits at once. While Kafka is
away, sending pauses, says how many events it holds, and goes on later. An outage that lasts
longer than --wait ends the run: by default 10 minutes, and forever for a run with none of
--from, --count, --duration and --span. The error says how many events Kafka has acknowledged.`,
};

export const examples = [
  ["bun run produce", "1 event a second until stopped"],
  ["bun run produce --rate 1k --duration 5m", "a steady load"],
  ["bun run produce --rate 0 --count 1M", "as fast as possible"],
  [
    "bun run produce --seed a --start 2026-01-01 --span 7d --count 100k",
    "a week of history, the same each time",
  ],
  [
    `bun run produce --from events.csv --map user_id=session,event_type=type,created_at=ts \\
      --types view=seen,click=cart,purchase=order --user-offset 1`,
    "a file with other names, and ids from 0 on",
  ],
  [
    "bun run produce --from events.csv --user-offset 2 --retract",
    "take back what was sent with a wrong offset",
  ],
  ["zcat events.ndjson.gz | bun run produce --from -", "whatever a pipe gives"],
] as const;
