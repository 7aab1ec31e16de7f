#!/usr/bin/env bun
import { readFileSync } from "node:fs";
import { type ArgsDef, defineCommand } from "citty";
import { REJECT_REASONS } from "./consume/decode-event.ts";
import {
  countLetters,
  findLetters,
  type Letter,
  purgeLetters,
  replayLetters,
  type Selection,
} from "./dead-letters/letters.ts";
import { createKafka } from "./kafka/kafkajs.ts";
import { type Config, readConfig } from "./lib/config.ts";
/** `bun run dead-letters`: looks at the records that are no events, and decides on them. */
import { UsageError } from "./lib/errors.ts";
import { startLogging } from "./lib/log.ts";
import { connect, type Sql } from "./lib/postgres.ts";
import { runProgram } from "./lib/program.ts";

/** Letters replayed by one call at the most; call it again for more. */
const REPLAY_LETTERS_MAX = 10_000;

const args = {
  action: {
    type: "positional",
    required: false,
    default: "list",
    valueHint: "list|show|replay|purge",
    description: "What to do",
  },
  place: {
    type: "positional",
    required: false,
    valueHint: "PARTITION:OFFSET",
    description: "Which letter; needed by show",
  },
  reason: {
    type: "string",
    valueHint: "REASON",
    description: `Only those: ${REJECT_REASONS.join(", ")}`,
  },
  before: {
    type: "string",
    valueHint: "TIME",
    description: "Only those received earlier (ISO 8601)",
  },
  all: {
    type: "boolean",
    description: "list: settled ones too; replay, purge: without a selection",
  },
  limit: { type: "string", default: "50", valueHint: "N", description: "list: at most so many" },
  payload: { type: "string", valueHint: "FILE", description: "replay: send this corrected value" },
  json: { type: "boolean", description: "Print JSON" },
} satisfies ArgsDef;

interface Given {
  action: string;
  place?: string;
  reason?: string;
  before?: string;
  all?: boolean;
  limit: string;
  payload?: string;
  json?: boolean;
}

const command = defineCommand({
  meta: {
    name: "dead-letters",
    description: `Shows the records that were rejected, with their reasons, and settles them.

  dead-letters list                         what there is, newest decisions left out
  dead-letters show 2:1045                  one of them, with its whole payload
  dead-letters replay --reason bad_json     send again, after what was wrong has been mended
  dead-letters replay 2:1045 --payload F    send a corrected value in its place
  dead-letters purge --before 2026-01-01    forget payloads; the rows stay for verify

Exit status: 0 done, 1 failed or nothing found, 2 wrong usage or setting.`,
  },
  args,
  async run({ args: raw }) {
    const given = raw as unknown as Given;
    const selection = readSelection(given);
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
    case "purge": {
      requireSelection(given, selection);
      const purged = await purgeLetters(sql, config, selection);
      return print(given, { purged }, `Purged ${purged} dead letters`);
    }
    default:
      throw new UsageError(
        `Cannot ${given.action} dead letters: the action is one of list, show, replay, purge`,
      );
  }
}

function readSelection({ place, reason, before, all }: Given): Selection {
  const selection: Selection = { settled: all === true };
  if (place !== undefined) {
    const match = /^(\d+):(\d+)$/.exec(place);
    if (!match)
      throw new UsageError(`Cannot find ${place}: a place is PARTITION:OFFSET, like 2:1045`);
    selection.place = { partition: Number(match[1]), offset: Number(match[2]) };
    selection.settled = true;
  }
  if (reason !== undefined) {
    if (!(REJECT_REASONS as readonly string[]).includes(reason)) {
      throw new UsageError(`Cannot select ${reason}: reasons are ${REJECT_REASONS.join(", ")}`);
    }
    selection.reason = reason;
  }
  if (before !== undefined) {
    selection.before = new Date(before);
    if (Number.isNaN(selection.before.getTime())) {
      throw new UsageError(
        `Cannot select those before ${before}: not a time like 2026-01-31T12:00Z`,
      );
    }
  }
  return selection;
}

/** A forgotten selection must not mean everything. */
function requireSelection({ action, all }: Given, { place, reason, before }: Selection): void {
  if (place || reason || before || all) return;
  throw new UsageError(
    `Cannot ${action} dead letters: select them by PARTITION:OFFSET, --reason or --before, or say --all`,
  );
}

async function list(given: Given, selection: Selection, sql: Sql, config: Config): Promise<void> {
  const limit = Number(given.limit);
  if (!(limit >= 1)) throw new UsageError(`Cannot list ${given.limit} dead letters: not a number`);
  const counts = await countLetters(sql, config);
  const letters = await findLetters(sql, config, selection, limit);
  const lines = [
    ...counts.map(
      ({ reason, count, open }) => `${reason.padEnd(16)} ${count} in all, ${open} open`,
    ),
    ...(counts.length === 0 ? ["No dead letters"] : [""]),
    ...letters.map(describe),
  ];
  print(given, { counts, letters: letters.map(asJson) }, lines.join("\n"));
}

async function show(given: Given, selection: Selection, sql: Sql, config: Config): Promise<void> {
  if (!selection.place)
    throw new UsageError("Cannot show a dead letter: say which, PARTITION:OFFSET");
  const [letter] = await findLetters(sql, config, selection, 1);
  if (!letter) throw new Error(`Cannot find dead letter ${given.place}: there is none`);
  const payload = letter.payload ? Buffer.from(letter.payload) : null;
  const cut = payload && payload.length < letter.payloadBytes ? " (its beginning)" : "";
  print(
    given,
    { ...asJson(letter), payloadBase64: payload?.toString("base64") ?? null },
    `${describe(letter)}\nkey ${printable(letter.key) || "none"}\npayload${cut}:\n${printable(payload)}`,
  );
}

async function replay(given: Given, selection: Selection, sql: Sql, config: Config): Promise<void> {
  requireSelection(given, selection);
  const payload = given.payload === undefined ? undefined : readFileSync(given.payload);
  if (payload && !selection.place) {
    throw new UsageError(
      "Cannot send one payload for several dead letters: say which, PARTITION:OFFSET",
    );
  }
  const open = { ...selection, settled: selection.place !== undefined };
  const letters = await findLetters(sql, config, open, REPLAY_LETTERS_MAX);
  if (letters.length === 0) throw new Error("Cannot replay: no dead letter matches");
  const kafka = createKafka(config, { clientId: "dead-letters" });
  const replayed = await replayLetters(sql, kafka, letters, payload);
  const kept = letters.length - replayed;
  const remark = kept > 0 ? `; ${kept} were kept back, since their payload is not whole` : "";
  print(given, { replayed, kept }, `Sent ${replayed} records again${remark}`);
}

const describe = (letter: Letter) =>
  [
    `${letter.partition}:${letter.offset}`.padEnd(12),
    letter.reason.padEnd(16),
    letter.receivedAt.toISOString(),
    `${letter.payloadBytes} bytes`,
    letter.replayedAt
      ? "replayed"
      : letter.purgedAt
        ? "purged"
        : printable(letter.payload).slice(0, 60),
  ].join("  ");

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

function print(given: Given, json: object, text: string): void {
  console.log(given.json ? JSON.stringify(json) : text);
}

await runProgram(command);
