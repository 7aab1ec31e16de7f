/** The help of a command as text: what it does, its flags, notes, examples and exit statuses. Pure. */
import type { Flag, Flags } from "./flags.ts";
import { wrap } from "./wrap.ts";

/** What the help says beside the flags; `Command` adds what runs. */
export interface Described {
  name: string;
  /** One sentence, from the list of all commands. */
  summary: string;
  /** Paragraphs after the sentence. */
  description?: string | undefined;
  flags: Flags;
  /** Further sections by title, as they are to be printed. */
  notes?: Readonly<Record<string, string>> | undefined;
  /** What to type, with what it does. */
  examples?: readonly (readonly [line: string, meaning: string])[] | undefined;
  /** What each exit status means, beside 2, which is the same for all. */
  exits: Readonly<Record<number, string>>;
}

/** No line is wider, so that the help is readable in half a screen. */
const WIDTH = 100;
const SHORT_LINE = 46;

/** @param title paints the titles of the sections */
export function helpText(described: Described, title = (text: string) => text): string {
  const { name, summary, description, flags, notes, examples, exits } = described;
  const named = Object.entries(flags);
  const given = named.filter(([, { kind }]) => kind === "argument" || kind === "rest");
  const options = named.filter(([, { kind }]) => kind === "value" || kind === "toggle");
  const sections: [string, string][] = [
    ["USAGE", `  ${usage(name, given)}`],
    ["ARGUMENTS", columns(given.map(([name, flag]) => [name.toUpperCase(), meaningOf(flag)]))],
    ["FLAGS", columns([...options.map(flagLine), ["-h, --help", "Show this help"]])],
    ...Object.entries(notes ?? {}).map(([title, text]): [string, string] => [title, indent(text)]),
    ["EXAMPLES", (examples ?? []).map(exampleLines).join("\n")],
    ["EXIT STATUS", columns(Object.entries({ 2: "wrong flag or setting", ...exits }))],
  ];
  const head = description === undefined ? summary : `${summary}.\n\n${paragraphs(description)}`;
  const body = sections.filter(([, text]) => text !== "");
  return [head, ...body.map(([name, text]) => `${title(name)}\n${text}`)].join("\n\n");
}

function usage(name: string, given: [string, Flag<unknown>][]): string {
  const words = given.map(([name, { kind }]) =>
    kind === "rest" ? `[${name.toUpperCase()}…]` : `[${name.toUpperCase()}]`,
  );
  return ["bun run", name, "[FLAGS]", ...words].join(" ");
}

function flagLine([name, flag]: [string, Flag<unknown>]): [string, string] {
  const long = flag.fallback === "on" && flag.kind === "toggle" ? `--no-${name}` : `--${name}`;
  const names = flag.short ? `-${flag.short}, ${long}` : long;
  return [flag.kind === "value" ? `${names} ${flag.form.hint}` : names, meaningOf(flag)];
}

function meaningOf({ kind, description, form, fallback }: Flag<unknown>): string {
  const options =
    kind === "argument" && form.hint.includes("|") ? `: ${form.hint.replaceAll("|", ", ")}` : "";
  const standard = kind !== "toggle" && fallback !== undefined ? ` (default: ${fallback})` : "";
  return `${description}${options}${standard}`;
}

/** Names in one column, their meaning in another, wrapped at the width. */
function columns(rows: [string, string][]): string {
  const narrow = rows.filter(([name]) => name.length <= 30).map(([name]) => name.length);
  const width = Math.max(0, ...narrow);
  return rows
    .map(([name, meaning]) => {
      const lines = wrap(meaning, WIDTH - width - 4);
      const margin = `\n${" ".repeat(width + 4)}`;
      const gap = name.length > width ? margin : " ".repeat(width - name.length + 2);
      return `  ${name}${gap}${lines.join(margin)}`;
    })
    .join("\n");
}

const exampleLines = ([line, meaning]: readonly [string, string]) =>
  line.length <= SHORT_LINE
    ? `  ${line.padEnd(SHORT_LINE + 2)}${meaning}`
    : `  ${line}\n${" ".repeat(SHORT_LINE + 4)}${meaning}`;

const paragraphs = (text: string) =>
  text
    .split("\n\n")
    .map((paragraph) => wrap(paragraph, WIDTH).join("\n"))
    .join("\n\n");

/** Lines as they are written, indented, and wrapped where one is too long. */
const indent = (text: string) =>
  text
    .trim()
    .split("\n")
    .flatMap((line) => (line.length > WIDTH - 2 ? wrap(line, WIDTH - 2) : [line]))
    .map((line) => (line === "" ? "" : `  ${line}`))
    .join("\n");
