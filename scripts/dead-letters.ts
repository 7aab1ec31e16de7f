/** `bun run dead-letters`: shows the records that are not events, and settles them. */
import { readFileSync } from "node:fs";
import { REJECT_REASONS } from "../schema/rejects.ts";
import {
  countLetters,
  findLetters,
  type Letter,
  purgeLetters,
  replayLetters,
  type Selection,
  skipBatch,
} from "./dead-letters/letters.ts";
import { openKafka } from "./kafka/open.ts";
import { defineCommand, printJson, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { UsageError } from "./lib/errors.ts";
import {
  argument,
  choice,
  count,
  FILE,
  type Form,
  flag,
  json,
  toggle,
  type Values,
} from "./lib/flags.ts";
import { startLogging } from "./lib/log.ts";
import { connect, type Sql } from "./lib/postgres.ts";
import { table } from "./lib/table.ts";
import { parseTimestamp } from "./produce/input/timestamp.ts";

/** Most letters that one call replays; call it again for more. */
const REPLAY_LETTERS_MAX = 10_000;

/** Partition and offset of a letter. */
const PLACE: Form<NonNullable<Selection["place"]>> = {
  hint: "PARTITION:OFFSET",
  expected: "PARTITION:OFFSET, such as 2:1045",
  read(given) {
    const match = /^(\d+):(\d+)$/.exec(given);
    return match ? { partition: Number(match[1]), offset: Number(match[2]) } : undefined;
  },
};

const MOMENT: Form<Date> = {
  hint: "TIME",
  expected: "a time such as 2026-01-31 or 2026-01-31T12:00Z",
  read(given) {
    const ms = parseTimestamp(given);
    return ms === undefined ? undefined : new Date(ms);
  },
};

const flags = {
  action: argument(choice(["list", "show", "replay", "purge", "skip"]), "What to do", "list"),
  place: argument(PLACE, "Which letter, as PARTITION:OFFSET; needed by show and skip"),
  reason: flag({ ...choice(REJECT_REASONS), hint: "REASON" }, "Only letters with this reason"),
  before: flag(MOMENT, "Only letters received earlier (ISO 8601)"),
  all: toggle("list: also those that are settled; replay, purge: without a selection"),
  limit: flag(count(1), "list: print no more than N", "50"),
  payload: flag(FILE, "replay: send this corrected value"),
  json,
};

type Given = Values<typeof flags>;

const command = defineCommand({
  name: "dead-letters",
  flags,
  notes: { REASONS: REJECT_REASONS.join(", ") },
  examples: [
    ["bun run dead-letters", "what there is, without what is settled"],
    ["bun run dead-letters show 2:1045", "one of them, with its payload"],
    ["bun run dead-letters replay --reason bad_json", "again, once the cause is mended"],
    ["bun run dead-letters replay 2:1045 --payload F", "send a corrected value in its place"],
    ["bun run dead-letters purge --before 2026-01-01", "forget payloads; the rows stay for verify"],
    ["bun run dead-letters skip 2:1045", "give up what cannot be read"],
  ],
  exits: { 0: "done", 1: "failed, or nothing found" },
  async run({ flags: given }) {
    const selection = selectionOf(given);
    const config = readConfig();
    startLogging(config);
    const sql = connect(config, "ingest", { applicationName: "dead-letters" });
    try {
      await perform(given, selection, sql, config);
    } finally {
      await sql.end({ timeout: 1 });
    }
  },
});

async function perform(given: Given, selection: Selection, sql: Sql, config: Config) {
  switch (given.action) {
    case "list":
      return list(given, selection, sql, config);
    case "show":
      return show(given, selection, sql, config);
    case "replay":
      return replay(given, selection, sql, config);
    case "skip":
      return skip(given, selection, sql, config);
    case "purge": {
      requireSelection(given, selection);
      const purged = await purgeLetters(sql, config, selection);
      return print(given, { purged }, `Purged ${purged} dead letters`);
    }
  }
}

const selectionOf = ({ place, reason, before, all }: Given): Selection => ({
  settled: all || place !== undefined,
  ...(place && { place }),
  ...(reason && { reason }),
  ...(before && { before }),
});

/** A forgotten selection must not mean everything. */
function requireSelection({ action, all }: Given, { place, reason, before }: Selection): void {
  if (place || reason || before || all) return;
  throw new UsageError(
    `Cannot ${action} dead letters: select them by PARTITION:OFFSET, --reason or --before, or say --all`,
  );
}

async function list(given: Given, selection: Selection, sql: Sql, config: Config): Promise<void> {
  const counts = await countLetters(sql, config);
  const letters = await findLetters(sql, config, selection, given.limit);
  const totals = counts.map(({ reason, count, open }) => [reason, `${count} in all, ${open} open`]);
  const text =
    counts.length === 0
      ? "No dead letters"
      : `${table(totals)}\n\n${table(letters.map(describe))}`.trimEnd();
  print(given, { counts, letters: letters.map(asJson) }, text);
}

async function show(given: Given, selection: Selection, sql: Sql, config: Config): Promise<void> {
  if (!selection.place)
    throw new UsageError("Cannot show a dead letter: say which, PARTITION:OFFSET");
  const [letter] = await findLetters(sql, config, selection, 1);
  if (!letter) {
    const { partition, offset } = selection.place;
    throw new Error(`Cannot find dead letter ${partition}:${offset}: there is none`);
  }
  const payload = letter.payload ? Buffer.from(letter.payload) : null;
  const cut = payload && payload.length < letter.payloadBytes ? " (its beginning)" : "";
  print(
    given,
    { ...asJson(letter), payloadBase64: payload?.toString("base64") ?? null },
    `${table([describe(letter)])}\nkey ${printable(letter.key) || "none"}\npayload${cut}:\n${printable(payload)}`,
  );
}

async function replay(given: Given, selection: Selection, sql: Sql, config: Config): Promise<void> {
  requireSelection(given, selection);
  const payload = given.payload === undefined ? undefined : readGiven(given.payload);
  if (payload && !selection.place) {
    throw new UsageError(
      "Cannot send one payload for several dead letters: say which, PARTITION:OFFSET",
    );
  }
  const open = { ...selection, settled: selection.place !== undefined };
  const letters = await findLetters(sql, config, open, REPLAY_LETTERS_MAX);
  if (letters.length === 0) throw new Error("Cannot replay: no dead letter matches");
  const kafka = openKafka(config, { clientId: "dead-letters" });
  const replayed = await replayLetters(sql, kafka, letters, payload);
  const kept = letters.length - replayed;
  const remark = kept > 0 ? `; ${kept} were kept back, since their payload is not whole` : "";
  print(given, { replayed, kept }, `Sent ${replayed} records again${remark}`);
}

async function skip(given: Given, { place }: Selection, sql: Sql, config: Config): Promise<void> {
  if (!place) throw new UsageError("Cannot skip: say where counting stands, PARTITION:OFFSET");
  const { partition, offset } = place;
  const skipped = await skipBatch(sql, config, place);
  if (skipped === undefined) {
    throw new Error(
      `Cannot skip ${partition}:${offset}: counting does not stand there; \`bun run verify\` says where it stands`,
    );
  }
  print(
    given,
    { skipped },
    `Passed over ${skipped} records of partition ${partition}, from offset ${offset} on; the consumer makes dead letters of them`,
  );
}

/** The cells of a letter's line. */
const describe = (letter: Letter) => [
  `${letter.partition}:${letter.offset}`,
  letter.reason,
  letter.receivedAt.toISOString(),
  `${letter.payloadBytes} bytes`,
  letter.replayedAt
    ? "replayed"
    : letter.purgedAt
      ? "purged"
      : printable(letter.payload).slice(0, 60),
];

const asJson = ({ payload, key, ...letter }: Letter) => ({
  ...letter,
  key: printable(key),
  beginning: printable(payload).slice(0, 200),
});

/** Text for a terminal: control characters and what is not UTF-8 are shown as a dot. */
const printable = (bytes: Uint8Array | null) =>
  bytes === null
    ? ""
    : new TextDecoder()
        .decode(bytes)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: replacing them is the point
        .replace(/[\u0000-\u001f\u007f-\u009f\ufffd]/g, "·");

/** @throws UsageError that names the file */
function readGiven(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`Cannot read the payload: ${(error as Error).message}`, { cause: error });
  }
}

function print(given: Given, json: object, text: string): void {
  if (given.json) printJson(json);
  else console.log(text);
}

await runCommand(command);
