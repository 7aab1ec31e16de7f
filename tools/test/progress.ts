/**
 * Shows the progress of the tests: a line for each step that has ended, and the current steps. On a
 * terminal that is one line that rewrites itself; in a log, one line a minute.
 */
import type { Result } from "./perform.ts";

const REDRAW_EVERY_MS = 1_000;
const LINE_EVERY_MS = 60_000;
const CLEARED = "\r\u001b[K";

export class TestProgress {
  readonly #total: number;
  readonly #running = new Map<string, number>();
  readonly #isTerminal = process.stdout.isTTY === true;
  readonly #timer: ReturnType<typeof setInterval>;
  #ended = 0;

  constructor(total: number) {
    this.#total = total;
    const everyMs = this.#isTerminal ? REDRAW_EVERY_MS : LINE_EVERY_MS;
    this.#timer = setInterval(() => this.#draw(), everyMs);
  }

  begin(name: string): void {
    this.#running.set(name, performance.now());
    if (this.#isTerminal) this.#draw();
  }

  /** Prints the step's line, and below it what the step wrote, whole. */
  end({ name, seconds, failures, notRun, output }: Result): void {
    this.#running.delete(name);
    const count = `[${String(++this.#ended).padStart(String(this.#total).length)}/${this.#total}]`;
    const verdict = failures.length > 0 ? `, ${failures.length} FAILED` : notRun ? ", NOT RUN" : "";
    this.#clear();
    process.stdout.write(`${count} ${name} … ${duration(seconds)}${verdict}\n${indented(output)}`);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #draw(): void {
    const now = performance.now();
    const running = [...this.#running].map(
      ([name, beganAt]) => `${name} ${duration((now - beganAt) / 1_000)}`,
    );
    if (running.length === 0) return;
    const line = `running: ${running.join(", ")}`;
    const width = process.stdout.columns ?? 80;
    process.stdout.write(this.#isTerminal ? CLEARED + line.slice(0, width - 1) : `${line}\n`);
  }

  #clear(): void {
    if (this.#isTerminal) process.stdout.write(CLEARED);
  }
}

/** `38 s`, and from two minutes on `3 min 9 s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const indented = (output: string): string =>
  output.trim() === "" ? "" : `${output.trimEnd().replaceAll(/^(?=.)/gm, "    ")}\n`;
