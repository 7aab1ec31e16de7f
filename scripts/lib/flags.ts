/**
 * The grammar of every command line: which flags and arguments there are, how a value is written,
 * and what it becomes. Pure. A wrong word is refused with the value found and what would be right.
 */
import { parseArgs } from "node:util";
import { UsageError } from "./errors.ts";
import { suggestion } from "./suggestion.ts";

/** How a value is written: `read` returns undefined for a wrong one, `expected` says what is right. */
export interface Form<Value> {
  /** Stands for the value in the help, such as `N` or `TIME`. */
  hint: string;
  expected: string;
  read(text: string): Value | undefined;
}

/** One flag or argument; `Value` is what a command receives. */
export interface Flag<Value> {
  kind: "toggle" | "value" | "argument" | "rest";
  description: string;
  form: Form<unknown>;
  /** What stands when the flag is absent, as it would be written. */
  fallback?: string | undefined;
  /** One letter, as in `-e`. */
  short?: string | undefined;
  /** Only in the type: what a command receives. */
  value?: Value;
}

export type Flags = Record<string, Flag<unknown>>;

export type Values<Given extends Flags> = {
  [Name in keyof Given]: Given[Name] extends Flag<infer Value> ? Value : never;
};

/** A value without a fallback may be absent. */
type Found<Value, Fallback> = Fallback extends string ? Value : Value | undefined;

export const text = (hint: string): Form<string> => ({
  hint,
  expected: "some text",
  read: (given) => given || undefined,
});

/**
 * A flag with a value in a form of its own.
 * @example flag(COUNT, "Stop after N events")
 */
export const flag = <Value, Fallback extends string | undefined = undefined>(
  form: Form<Value>,
  description: string,
  fallback?: Fallback,
): Flag<Found<Value, Fallback>> => ({ kind: "value", description, form, fallback });

/** An argument without a name. */
export const argument = <Value, Fallback extends string | undefined = undefined>(
  form: Form<Value>,
  description: string,
  fallback?: Fallback,
): Flag<Found<Value, Fallback>> => ({ kind: "argument", description, form, fallback });

/** All further arguments. */
export const rest = (hint: string, description: string): Flag<string[]> => ({
  kind: "rest",
  description,
  form: text(hint),
});

/** A flag without a value. One that is on unless `--no-NAME` says otherwise has `"on"` as fallback. */
export const toggle = (description: string, fallback?: "on"): Flag<boolean> => ({
  kind: "toggle",
  description,
  form: text(""),
  fallback,
});

/** The same words in every command that can answer a program. */
export const json = toggle("Print JSON");

export const FILE: Form<string> = { ...text("FILE"), expected: "the path of a file" };

/** A file, or standard input as `-`. */
export const INPUT: Form<string> = {
  hint: "FILE",
  expected: "the path of a file, or - for standard input",
  read: (given) => given || undefined,
};

export const choice = <const Choice extends string>(options: readonly Choice[]): Form<Choice> => ({
  hint: options.join("|"),
  expected: `one of ${options.join(", ")}`,
  read: (given) => options.find((option) => option === given),
});

const DIGITS = /^(\d+(?:_\d{3})*(?:\.\d+)?)([kmg]?)$/i;
const FACTORS: Record<string, number> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };

/** `1500`, `1_500`, `1.5k`, `2M`, `1G`; undefined for anything else, so also below 0. */
function readNumber(given: string): number | undefined {
  const match = DIGITS.exec(given);
  if (!match) return undefined;
  const [, digits, unit] = match as unknown as [string, string, string];
  return Number(digits.replaceAll("_", "")) * FACTORS[unit.toLowerCase()]!;
}

/** A number that need not be whole, such as a rate. */
export const NUMBER: Form<number> = {
  hint: "N",
  expected: "a number, 0 or more, such as 0.5 or 10k",
  read: readNumber,
};

/** A whole number between two limits. */
export const count = (min = 0, max = Number.MAX_SAFE_INTEGER): Form<number> => ({
  hint: "N",
  expected:
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number, ${min} or more, such as 500 or 10k`
      : `a whole number from ${min} to ${max}`,
  read(given) {
    const value = readNumber(given);
    const isFit = Number.isSafeInteger(value) && value! >= min && value! <= max;
    return isFit ? value : undefined;
  },
});

const UNITS_MS: Record<string, number> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5, "": 1e3 };
const DURATION = /^(?:\d+(?:\.\d+)? ?(?:ms|s|m|h|d) ?)+$|^\d+(?:\.\d+)?$/;

/** `500ms`, `30s`, `5m`, `1h30m`, `7d`; a bare number is seconds. Gives milliseconds. */
export const DURATION_MS: Form<number> = {
  hint: "TIME",
  expected: "a time such as 30s, 5m or 12h",
  read(given) {
    if (!DURATION.test(given)) return undefined;
    let ms = 0;
    for (const [, digits, unit] of given.matchAll(/(\d+(?:\.\d+)?) ?(ms|s|m|h|d)?/g)) {
      ms += Number(digits) * UNITS_MS[unit ?? ""]!;
    }
    return Math.round(ms);
  },
};

/**
 * Reads a command line.
 * @throws UsageError naming the flag, the value found and what is right
 */
export function readFlags<Given extends Flags>(argv: string[], flags: Given): Values<Given> {
  const entries = Object.entries(flags);
  const values: Record<string, unknown> = {};
  for (const [name, { kind, form, fallback }] of entries) {
    if (kind === "toggle") values[name] = fallback === "on";
    else if (kind === "rest") values[name] = [];
    else if (fallback !== undefined) values[name] = form.read(fallback);
  }
  const positional = entries.filter(([, { kind }]) => kind === "argument" || kind === "rest");
  let position = 0;
  for (const token of tokensOf(argv, flags)) {
    if (token.kind === "option") {
      const { name, value } = readOption(token, flags);
      values[name] = value;
    } else if (token.kind === "positional") {
      const [name, expected] = positional[position] ?? refuseArgument(token.value, flags);
      if (expected.kind === "rest") (values[name] as string[]).push(token.value);
      else {
        values[name] = readValue(name.toUpperCase(), token.value, expected.form);
        position += 1;
      }
    }
  }
  return values as Values<Given>;
}

type Token = ReturnType<typeof tokensOf>[number];

const tokensOf = (argv: string[], flags: Flags) =>
  parseArgs({
    args: argv,
    options: Object.fromEntries(
      Object.entries(flags).map(([name, { kind, short }]) => [
        name,
        { type: kind === "toggle" ? "boolean" : "string", ...(short && { short }) },
      ]),
    ),
    allowPositionals: true,
    // A wrong word is refused here, in words of this project and with a suggestion.
    strict: false,
    tokens: true,
  }).tokens;

function readOption(
  { name, rawName, value, inlineValue }: Extract<Token, { kind: "option" }>,
  flags: Flags,
): { name: string; value: unknown } {
  const turnedOff = name.startsWith("no-") ? name.slice(3) : undefined;
  if (turnedOff && flags[turnedOff]?.fallback === "on" && value === undefined) {
    return { name: turnedOff, value: false };
  }
  const known = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (!known || known.kind === "argument" || known.kind === "rest") refuseFlag(rawName, flags);
  if (known.kind === "toggle") {
    if (value === undefined) return { name, value: true };
    throw new UsageError(`Cannot use ${rawName}=${value}: ${rawName} takes no value`);
  }
  // The next flag is no value of this one: `--from --json` lacks a file.
  if (value === undefined || (!inlineValue && value.startsWith("--"))) {
    throw new UsageError(`Cannot use ${rawName}: it needs ${known.form.expected}`);
  }
  return { name, value: readValue(rawName, value, known.form) };
}

function readValue(name: string, given: string, form: Form<unknown>): unknown {
  const value = form.read(given);
  if (value !== undefined) return value;
  const options = /^one of (.*)/.exec(form.expected)?.[1]?.split(", ") ?? [];
  throw new UsageError(
    `Cannot use ${name} ${given || '""'}: it must be ${form.expected}${suggestion(given, options)}`,
  );
}

function refuseFlag(given: string, flags: Flags): never {
  const names = [...flagNames(flags), "--help"];
  throw new UsageError(
    `Cannot use ${given}: there is no such flag${suggestion(given, names) || "; --help lists them"}`,
  );
}

function refuseArgument(given: string, flags: Flags): never {
  const isTakingSome = Object.values(flags).some(({ kind }) => kind === "argument");
  const fault = isTakingSome ? "this is one argument too many" : "this command takes no arguments";
  const hint = suggestion(`--${given}`, flagNames(flags)) || "; --help shows what it takes";
  throw new UsageError(`Cannot use ${given}: ${fault}${hint}`);
}

const flagNames = (flags: Flags) =>
  Object.entries(flags).flatMap(([name, { kind, fallback }]) =>
    kind === "value" || kind === "toggle" ? [fallback === "on" ? `--no-${name}` : `--${name}`] : [],
  );
