/**
 * The command line of `produce`, from text to checked options. Pure. All that is wrong with the flags
 * is found before anything is opened.
 */
import { parseArgs } from "citty";
import { EVENT_TYPES, type EventType } from "../../schema/event-types.ts";
import { definitions } from "./help.ts";
import type { FileFormat } from "./input/open.ts";
import { DEFAULT_RULES, EVENT_FIELDS, type EventField, type RowRules } from "./input/row.ts";
import { parseTimestamp } from "./input/timestamp.ts";

/** A flag is wrong; programs exit with status 2. */
export class UsageError extends Error {
  override name = "UsageError";

  constructor(fault: string) {
    super(`Cannot read the flags: ${fault}`);
  }
}

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
  rate: number;
  speed: number | undefined;
  countMax: number;
  durationMs: number | undefined;
  waitMs: number;
  strict: boolean;
  json: boolean;
  topic: string;
}

/** What the environment sets when a flag is absent. */
export interface FlagDefaults {
  rate: number;
  topic: string;
  /** For a run without --seed: must differ between any two runs, since event ids come from it. */
  seed: string;
}

const USERS_MAX = 50_000_000;

/**
 * Reads the command line; undefined when it asks for help.
 * @throws UsageError naming the flag, the value found and what is allowed
 */
export function readFlags(argv: string[], defaults: FlagDefaults): ProduceOptions | undefined {
  const texts = flagTexts(argv);
  if (texts.has("help")) return undefined;
  const fromFile = texts.has("from");
  forbid(
    texts,
    fromFile ? SYNTHETIC_ONLY : FILE_ONLY,
    fromFile ? "cannot go with --from" : "needs --from",
  );
  if (texts.has("span") && !texts.has("start")) throw new UsageError("--span needs --start");
  if (texts.has("speed") && texts.has("rate")) {
    throw new UsageError("--speed and --rate exclude each other: both set the pace");
  }
  const spanMs = read(texts, "span", parseDurationMs, "a time such as 12h or 7d");
  const unpaced = fromFile || spanMs !== undefined;
  const rate = read(texts, "rate", parseNumber, "a number, 0 or more");
  const countDefault = spanMs === undefined ? Number.POSITIVE_INFINITY : Math.ceil(spanMs / 1_000);
  return {
    synthetic: fromFile
      ? undefined
      : {
          users: read(texts, "users", parseUsers, `a whole number from 1 to ${USERS_MAX}`) ?? 100,
          seed: texts.get("seed") ?? defaults.seed,
          repeated: texts.has("seed"),
          startMs: read(texts, "start", parseStartMs, "a time from 1970 on"),
          spanMs,
        },
    file: fromFile ? readFileFlags(texts) : undefined,
    rate: rate ?? (unpaced ? 0 : defaults.rate),
    speed: read(texts, "speed", (text) => parseNumber(text) || undefined, "a number above 0"),
    countMax: read(texts, "count", parseWhole, "a whole number, 0 or more") ?? countDefault,
    durationMs: read(texts, "duration", parseDurationMs, "a time such as 30s or 5m"),
    waitMs: read(texts, "wait", parseDurationMs, "a time such as 60s") ?? 0,
    strict: texts.has("strict"),
    json: texts.has("json"),
    topic: read(texts, "topic", parseTopic, "letters, digits, . _ and -") ?? defaults.topic,
  };
}

const SYNTHETIC_ONLY = ["users", "seed", "start", "span"];
const FILE_ONLY = ["format", "map", "types", "user-offset", "speed", "strict"];

function readFileFlags(texts: ReadonlyMap<string, string>): FileOptions {
  const path = texts.get("from")!;
  if (path === "") throw new UsageError("--from needs the path of a file, or - for standard input");
  const columns = { ...DEFAULT_RULES.columns };
  for (const [field, column] of pairs(texts, "map", EVENT_FIELDS))
    columns[field as EventField] = column;
  return {
    path,
    format: read(texts, "format", parseFormat, "csv or ndjson"),
    rules: {
      columns,
      types: readTypes(texts),
      userOffset: read(texts, "user-offset", parseInteger, "a whole number") ?? 0,
    },
  };
}

/** A type that --types does not name keeps its own name. */
function readTypes(texts: ReadonlyMap<string, string>): Map<string, EventType> {
  const types = new Map<string, EventType>();
  const named = pairs(texts, "types", EVENT_TYPES) as [EventType, string][];
  const own = EVENT_TYPES.filter((type) => !named.some(([name]) => name === type));
  for (const [type, names] of [...named, ...own.map((type) => [type, type] as const)]) {
    for (const name of names.split("|")) {
      const other = types.get(name);
      if (other && other !== type) {
        throw new UsageError(`--types makes ${name} both a ${other} and a ${type}`);
      }
      types.set(name, type);
    }
  }
  return types;
}

/** The `ours=theirs` pairs of a flag. */
function pairs(
  texts: ReadonlyMap<string, string>,
  name: string,
  allowed: readonly string[],
): [string, string][] {
  const text = texts.get(name);
  if (text === undefined) return [];
  return text.split(",").map((pair) => {
    const at = pair.indexOf("=");
    const [ours, theirs] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    if (at < 0 || theirs === "" || !allowed.includes(ours)) {
      throw new UsageError(
        `--${name} ${text}: ${JSON.stringify(pair)} is not OURS=THEIRS, with OURS one of ${allowed.join(", ")}`,
      );
    }
    return [ours, theirs];
  });
}

/** The flags that were given, as text; citty would pass over one that it does not know. */
function flagTexts(argv: string[]): Map<string, string> {
  const parsed = parseArgs(argv, definitions) as Record<string, unknown> & { _: string[] };
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed)) {
    if (name === "_" || name === "userOffset" || value === undefined) continue;
    const definition = (definitions as Record<string, { type: string }>)[name];
    if (!definition) throw new UsageError(`--${name} is no flag of produce; see --help`);
    if (definition.type === "boolean" ? value === true : typeof value === "string") {
      texts.set(name, String(value));
    } else {
      throw new UsageError(`--no-${name} is no flag of produce; see --help`);
    }
  }
  if (parsed._.length > 0) throw new UsageError(`${parsed._[0]} is no flag of produce; see --help`);
  return texts;
}

function forbid(texts: ReadonlyMap<string, string>, names: string[], reason: string): void {
  const found = names.find((name) => texts.has(name));
  if (found) throw new UsageError(`--${found} ${reason}`);
}

function read<T>(
  texts: ReadonlyMap<string, string>,
  name: keyof typeof definitions,
  parse: (text: string) => T | undefined,
  expected: string,
): T | undefined {
  const text = texts.get(name);
  if (text === undefined) return undefined;
  const value = parse(text.trim());
  if (value === undefined) throw new UsageError(`--${name} ${text} must be ${expected}`);
  return value;
}

const parseNumber = (text: string) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined);
const parseInteger = (text: string) => (/^-?\d{1,15}$/.test(text) ? Number(text) : undefined);
const parseWhole = (text: string) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);
const parseTopic = (text: string) => (/^[A-Za-z0-9._-]{1,249}$/.test(text) ? text : undefined);
const parseFormat = (text: string) => (text === "csv" || text === "ndjson" ? text : undefined);

function parseUsers(text: string): number | undefined {
  const users = parseWhole(text);
  return users !== undefined && users >= 1 && users <= USERS_MAX ? users : undefined;
}

function parseStartMs(text: string): number | undefined {
  const startMs = parseTimestamp(text);
  return startMs !== undefined && startMs >= 0 ? startMs : undefined;
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5, "": 1e3 };

/** `500ms`, `30s`, `5m`, `1h`, `7d`; a bare number is seconds. */
function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)?$/.exec(text);
  return match ? Math.round(Number(match[1]) * UNIT_MS[match[2] ?? ""]!) : undefined;
}
