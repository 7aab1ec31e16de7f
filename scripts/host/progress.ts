/**
 * Shows what is being installed, how much of it is done, and for how long. On a terminal it is one
 * line that rewrites itself, elsewhere a line every few seconds. Installations that run side by
 * side share it. It writes to stderr.
 */
import { megabytes } from "../lib/bytes.ts";
import type { InstallOptions } from "./runtime.ts";

const LINE_EVERY_MS = 5_000;
const REDRAW_EVERY_MS = 200;

const onTerminal = process.stderr.isTTY === true;
const running: Progress[] = [];
let timer: ReturnType<typeof setInterval> | undefined;

export class Progress {
  readonly #title: string;
  readonly #onStep: InstallOptions["onStep"];
  readonly #beganMs = performance.now();
  #step: { name: string; beganMs: number } | undefined;
  #detail = "";

  /** `amount` says how much there is to do, such as "90 MB to download". */
  constructor(title: string, amount: string, { onStep }: InstallOptions = {}) {
    this.#title = title;
    this.#onStep = onStep;
    if (!onTerminal) say(`Installing ${title} (${amount})`);
    running.push(this);
    timer ??= setInterval(draw, onTerminal ? REDRAW_EVERY_MS : LINE_EVERY_MS);
  }

  /** Ends the step before it. */
  step(name: string): void {
    this.#endStep();
    this.#step = { name, beganMs: performance.now() };
  }

  update(detail: string): void {
    this.#detail = detail;
  }

  /** Takes the lines `NAME BYTES` of a program, and shows their sum. */
  countBytes(total: number, what = ""): (line: string) => void {
    let sum = 0;
    return (line) => {
      sum += Number(line.split(" ")[1]) || 0;
      this.update(`${what}${what && ", "}${megabytes(sum)} of ${megabytes(total)}`);
    };
  }

  done(): void {
    this.#endStep();
    this.failed();
    const seconds = (performance.now() - this.#beganMs) / 1_000;
    say(`Installed ${this.#title} in ${seconds.toFixed(onTerminal ? 1 : 0)} s`);
  }

  failed(): void {
    running.splice(running.indexOf(this), 1);
    if (running.length > 0) return;
    clearInterval(timer);
    timer = undefined;
    if (onTerminal) process.stderr.write(CLEARED);
  }

  get line(): string {
    const seconds = ((performance.now() - this.#beganMs) / 1_000).toFixed(0);
    return `${this.#title}: ${this.#detail}${this.#detail && ", "}${seconds} s`;
  }

  #endStep(): void {
    if (!this.#step) return;
    const { name, beganMs } = this.#step;
    this.#onStep?.({ title: this.#title, name, beganMs, endedMs: performance.now() });
    this.#step = undefined;
  }
}

/** Writes a line of its own, above the one that rewrites itself. */
export function say(line: string): void {
  const isDrawn = onTerminal && running.length > 0;
  process.stderr.write(isDrawn ? `${CLEARED}${line}\n` : `${line}\n`);
  if (isDrawn) draw();
}

const CLEARED = "\r\u001b[2K";

function draw(): void {
  const line = `Installing ${running.map((each) => each.line).join("; ")}`;
  if (!onTerminal) {
    process.stderr.write(`${line}\n`);
    return;
  }
  const width = process.stderr.columns || 80;
  process.stderr.write(`${CLEARED}${line.slice(0, width - 1)}`);
}
