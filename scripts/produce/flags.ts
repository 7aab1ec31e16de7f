/**
 * The flags of `produce` and the options that follow from them. Wrong flags are found before
 * anything is opened. Pure.
 */
import { EVENT_FIELDS, type EventField } from "../../schema/event.ts";
import { EVENT_TYPES, type EventType } from "../../schema/event-types.ts";
import { isPlausible } from "../../schema/moment.ts";
import { UsageError } from "../lib/errors.ts";
import {
  choice,
  count,
  DURATION_MS,
  type Form,
  flag,
  INPUT,
  json,
  NUMBER,
  text,
  toggle,
  type Values,
} from "../lib/flags.ts";
import type { FileFormat } from "./input/open.ts";
import { DEFAULT_RULES, type RowRules } from "./input/row.ts";
import { parseTimestamp } from "./input/timestamp.ts";

const USERS_MAX = 50_000_000;

/** A moment, as the files of events may write it. */
const START_MS: Form<number> = {
  hint: "TIME",
  expected: "a time from 1970 on, such as 2026-01-31 or 2026-01-31T08:00Z",
  read(given) {
    const startMs = parseTimestamp(given);
    return startMs !== undefined && startMs >= 0 ? startMs : undefined;
  },
};

const WHOLE: Form<number> = {
  hint: "N",
  expected: "a whole number",
  read: (given) => (/^-?\d{1,15}$/.test(given) ? Number(given) : undefined),
};

const SPEED: Form<number> = {
  hint: "N",
  expected: "a number above 0",
  read: (given) => NUMBER.read(given) || undefined,
};

const TOPIC: Form<string> = {
  hint: "NAME",
  expected: "letters, digits, . _ and -",
  read: (given) => (/^[A-Za-z0-9._-]{1,249}$/.test(given) ? given : undefined),
};

/** How long an outage may take. */
const WAIT_MS: Form<number> = {
  hint: "TIME",
  expected: "a time such as 30s or 1h, or forever",
  read: (given) => (given === "forever" ? Number.POSITIVE_INFINITY : DURATION_MS.read(given)),
};

/** A longer outage ends a run that has an end, unless --wait says otherwise. */
const WAIT_MS_DEFAULT = 600_000;

export const flags = {
  rate: flag(NUMBER, "Events per second, 0 for no limit (default: PRODUCER_RATE or 1)"),
  count: flag(count(), "Stop after N events"),
  duration: flag(DURATION_MS, "Stop after 30s, 5m, 1h or plain seconds"),
  users: flag(count(1, USERS_MAX), "Made-up users, with ids from 1 to N (default: 100)"),
  seed: flag(text("TEXT"), "Generate the same events again: see SEED"),
  start: flag(START_MS, "Synthetic events happen from this time on, not now"),
  span: flag(DURATION_MS, "With --start: spread --count events over 12h or 7d"),
  from: flag(INPUT, "Send the rows of a file, or of standard input (-)"),
  format: flag(
    choice<FileFormat>(["csv", "ndjson"]),
    "How the file is written (default: by name or first character)",
  ),
  map: flag(text("OURS=THEIRS,…"), "The file's names for the fields of an event"),
  types: flag(text("OURS=THEIRS,…"), "The file's names for view, click and purchase"),
  "user-offset": flag(WHOLE, "Added to each user id of the file (default: 0)"),
  retract: toggle("Take the file back: send what undoes its events, given the same flags"),
  speed: flag(SPEED, "Replay the file at its recorded pace, N times as fast"),
  strict: toggle("Stop at the first row that is no event, with status 1"),
  topic: flag(TOPIC, "Topic to send to (default: KAFKA_TOPIC or user_events)"),
  wait: flag(WAIT_MS, "Wait this long for a Kafka that is away: see ENDING"),
  metrics: toggle("Serve /healthz and /metrics, as a run without an end does"),
  json,
};

type Given = Values<typeof flags>;

export interface SyntheticOptions {
  users: number;
  seed: string;
  /** True when the seed was given, so that the run can be repeated. */
  repeated: boolean;
  startMs: number | undefined;
  spanMs: number | undefined;
}

export interface FileOptions {
  path: string;
  format: FileFormat | undefined;
  rules: RowRules;
}

export interface ProduceOptions {
  synthetic: SyntheticOptions | undefined;
  file: FileOptions | undefined;
  /** Send what takes the events back, not the events. */
  retracts: boolean;
  rate: number;
  speed: number | undefined;
  countMax: number;
  durationMs: number | undefined;
  /** The longest outage of Kafka; Infinity for no limit. */
  waitMs: number;
  /** Whether it serves its health and metrics. */
  serves: boolean;
  strict: boolean;
  json: boolean;
  topic: string;
}

/** What the environment sets when a flag is absent. */
export interface FlagDefaults {
  rate: number;
  topic: string;
  /**
   * For a run without --seed. It must differ between any two runs, since event ids come from it.
   */
  seed: string;
  /** The clock, in milliseconds since the epoch. */
  nowMs(): number;
}

/**
 * The options that the flags ask for.
 * @throws UsageError naming flags that do not go together
 */
export function optionsOf(given: Given, defaults: FlagDefaults): ProduceOptions {
  const fromFile = given.from !== undefined;
  refuse(
    given,
    fromFile ? SYNTHETIC_ONLY : FILE_ONLY,
    fromFile ? "it cannot go with --from" : "it needs --from",
  );
  if (given.span !== undefined && given.start === undefined) {
    throw new UsageError("Cannot use --span: it needs --start");
  }
  const endMs = given.start === undefined ? 0 : given.start + (given.span ?? 0);
  if (!isPlausible(endMs, defaults.nowMs())) {
    const name = given.span === undefined ? "start" : "span";
    throw new UsageError(`Cannot use --${name}: events more than 24 hours from now do not count`);
  }
  if (given.speed !== undefined && given.rate !== undefined) {
    throw new UsageError("Cannot use --speed and --rate together: both set the pace");
  }
  const { span: spanMs } = given;
  const unpaced = fromFile || spanMs !== undefined;
  const ends = [given.from, given.count, given.duration, spanMs];
  const hasEnd = ends.some((each) => each !== undefined);
  const countDefault = spanMs === undefined ? Number.POSITIVE_INFINITY : Math.ceil(spanMs / 1_000);
  return {
    synthetic: fromFile
      ? undefined
      : {
          users: given.users ?? 100,
          seed: given.seed ?? defaults.seed,
          repeated: given.seed !== undefined,
          startMs: given.start,
          spanMs,
        },
    file: fromFile ? fileOptionsOf(given, defaults) : undefined,
    retracts: given.retract,
    rate: given.rate ?? (unpaced ? 0 : defaults.rate),
    speed: given.speed,
    countMax: given.count ?? countDefault,
    durationMs: given.duration,
    waitMs: given.wait ?? (hasEnd ? WAIT_MS_DEFAULT : Number.POSITIVE_INFINITY),
    serves: given.metrics || !hasEnd,
    strict: given.strict,
    json: given.json,
    topic: given.topic ?? defaults.topic,
  };
}

const SYNTHETIC_ONLY = ["users", "seed", "start", "span"] as const;
const FILE_ONLY = [
  ...["format", "map", "types", "user-offset"],
  ...["retract", "speed", "strict"],
] as const satisfies readonly (keyof Given)[];

function refuse(given: Given, names: readonly (keyof Given)[], reason: string): void {
  const found = names.find((name) => given[name] !== undefined && given[name] !== false);
  if (found) throw new UsageError(`Cannot use --${found}: ${reason}`);
}

function fileOptionsOf(given: Given, { nowMs }: FlagDefaults): FileOptions {
  const columns = { ...DEFAULT_RULES.columns };
  for (const [field, column] of pairs("map", given.map, EVENT_FIELDS))
    columns[field as EventField] = column;
  return {
    path: given.from!,
    format: given.format,
    rules: {
      columns,
      types: typesOf(given),
      userOffset: given["user-offset"] ?? 0,
      // An earlier release counted events of any moment, and these can be taken back as well.
      momentCounts: (createdAtMs) => given.retract || isPlausible(createdAtMs, nowMs()),
    },
  };
}

/** A type that --types does not name keeps its own name. */
function typesOf(given: Given): Map<string, EventType> {
  const types = new Map<string, EventType>();
  const named = pairs("types", given.types, EVENT_TYPES) as [EventType, string][];
  const own = EVENT_TYPES.filter((type) => !named.some(([name]) => name === type));
  for (const [type, names] of [...named, ...own.map((type) => [type, type] as const)]) {
    for (const name of names.split("|")) {
      const other = types.get(name);
      if (other && other !== type) {
        throw new UsageError(`Cannot use --types: it makes ${name} both a ${other} and a ${type}`);
      }
      types.set(name, type);
    }
  }
  return types;
}

/** The `ours=theirs` pairs of a flag. */
function pairs(
  name: string,
  text: string | undefined,
  allowed: readonly string[],
): [string, string][] {
  if (text === undefined) return [];
  return text.split(",").map((pair) => {
    const at = pair.indexOf("=");
    const [ours, theirs] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    if (at < 0 || theirs === "" || !allowed.includes(ours)) {
      throw new UsageError(
        `Cannot use --${name} ${text}: ${JSON.stringify(pair)} is not OURS=THEIRS, with OURS one of ${allowed.join(", ")}`,
      );
    }
    return [ours, theirs];
  });
}
