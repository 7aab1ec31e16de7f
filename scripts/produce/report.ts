/**
 * The reports of `produce`: progress on stderr while it runs; at the end, on stdout, one sentence
 * or one JSON object. Counts rejected rows by reason.
 */
import type { RowRejectReason } from "../../schema/rejects.ts";
import type { RowFault } from "./input/row.ts";

/** Why the run ended. */
export type Ending = "done" | "duration" | "signal" | "strict" | "failure";

export interface Summary {
  topic: string;
  /** Whether what was sent takes events back. */
  retracts: boolean;
  /** Events or retractions that Kafka acknowledged. */
  sent: number;
  /** Events that were due but not acknowledged: they may or may not be in the topic. */
  unsent: number;
  rejected: number;
  rejects: Partial<Record<RowRejectReason, number>>;
  durationMs: number;
  eventsPerSecond: number;
  /** User and system time of this process. */
  cpuMs: number;
  ended: Ending;
  /** The value for --seed that repeats the run; null when the events came from a file. */
  seed: string | null;
}

/** Rejected rows that are printed one by one; the others are only counted. */
const REJECTS_PRINTED_MAX = 20;
const REFRESH_MS = 500;

export class Report {
  rejected = 0;
  readonly rejects: Partial<Record<RowRejectReason, number>> = {};
  private timer: NodeJS.Timeout | undefined;
  private lineShown = false;

  /** Prints a line on stderr, above the live line. */
  say(text: string): void {
    this.clearLine();
    process.stderr.write(`${text}\n`);
  }

  reject(lineNumber: number, { reason, detail }: RowFault): void {
    this.rejected += 1;
    this.rejects[reason] = (this.rejects[reason] ?? 0) + 1;
    if (this.rejected <= REJECTS_PRINTED_MAX) this.say(`line ${lineNumber}: ${reason}: ${detail}`);
    if (this.rejected === REJECTS_PRINTED_MAX) {
      this.say("Further rejected rows are counted, not printed");
    }
  }

  /** Kafka has just gone away; `held` is the number of events that wait for it. */
  away(held: number, reason: string): void {
    this.say(`Kafka is away, and ${count(held, "event waits", "events wait")} for it: ${reason}`);
  }

  stillAway(held: number, awayMs: number): void {
    const wait = count(held, "event waits", "events wait");
    this.say(`Kafka has been away for ${seconds(awayMs)}, and ${wait} for it`);
  }

  back(outageMs: number): void {
    this.say(`Kafka is back after ${seconds(outageMs)}`);
  }

  /** Shows a line with counts and rate, on a terminal only. */
  startLive(progress: () => { sent: number; pending: number }): void {
    if (process.stderr.isTTY !== true) return;
    let last = { sent: progress().sent, atMs: performance.now() };
    this.timer = setInterval(() => {
      const { sent, pending } = progress();
      const atMs = performance.now();
      const rate = ((sent - last.sent) * 1_000) / (atMs - last.atMs);
      last = { sent, atMs };
      this.lineShown = true;
      process.stderr.write(
        `\r\u001b[2K${number(sent)} sent, ${number(rate)}/s, ${number(this.rejected)} rejected, ${number(pending)} waiting`,
      );
    }, REFRESH_MS);
  }

  stopLive(): void {
    clearInterval(this.timer);
    this.clearLine();
  }

  private clearLine(): void {
    if (this.lineShown) process.stderr.write("\r\u001b[2K");
    this.lineShown = false;
  }
}

/** What a person has to know about a run that failed: what Kafka has, and how to go on. */
export function whatNow({ sent, unsent }: Summary, path: string | undefined): string {
  const counts = `Kafka has acknowledged ${count(sent, "event", "events")}, and has not acknowledged ${number(unsent)}`;
  if (path === undefined) return `${counts}; start the command again for further events`;
  const rows = path === "-" ? "the same rows" : "the same file";
  return `${counts}; send ${rows} again, from the beginning, and each event counts once`;
}

/** The summary as a sentence. */
export function inWords(summary: Summary): string {
  const { sent, unsent, rejected, rejects, durationMs, eventsPerSecond, topic } = summary;
  const records = summary.retracts ? "retractions" : "events";
  const reasons = Object.entries(rejects).map(([reason, count]) => `${reason} ${number(count)}`);
  const parts = [
    `Sent ${number(sent)} ${records} to ${topic} in ${(durationMs / 1_000).toFixed(1)} s (${number(eventsPerSecond)}/s)`,
    `rejected ${number(rejected)}${reasons.length > 0 ? ` (${reasons.join(", ")})` : ""}`,
  ];
  if (unsent > 0) parts.push(`unsent ${number(unsent)}`);
  const next = summary.retracts && sent > 0 ? `\n${NEXT}` : "";
  return parts.join(", ") + next;
}

const count = (value: number, one: string, many: string) =>
  `${number(value)} ${value === 1 ? one : many}`;
const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

/** What is left to do when events are taken back. */
const NEXT = `\`bun run verify --wait 60s\` says how many events they take back; \`bun run replay\` then takes
these out of the tables`;

const number = (value: number) => Math.round(value).toLocaleString("en-US");
