/**
 * Says what is being installed, how much of it is there and for how long it has run: one line that
 * rewrites itself on a terminal, a line every few seconds elsewhere. Always on stderr.
 */
const LINE_EVERY_MS = 5_000;
const REDRAW_EVERY_MS = 200;

export class Progress {
  readonly #what: string;
  readonly #startedAt = performance.now();
  readonly #onTerminal = process.stderr.isTTY === true;
  readonly #timer: ReturnType<typeof setInterval>;
  #detail = "";

  constructor(what: string) {
    this.#what = what;
    if (!this.#onTerminal) this.#write(`Installing ${what}`);
    this.#timer = setInterval(
      () => this.#write(this.#line()),
      this.#onTerminal ? REDRAW_EVERY_MS : LINE_EVERY_MS,
    );
  }

  update(detail: string): void {
    this.#detail = detail;
  }

  done(): void {
    clearInterval(this.#timer);
    this.#write(`Installed ${this.#what} in ${this.#seconds()} s`);
    if (this.#onTerminal) process.stderr.write("\n");
  }

  failed(): void {
    clearInterval(this.#timer);
    if (this.#onTerminal) process.stderr.write("\n");
  }

  #line(): string {
    return `Installing ${this.#what}: ${this.#detail}${this.#detail && ", "}${this.#seconds()} s`;
  }

  #seconds(): string {
    return ((performance.now() - this.#startedAt) / 1000).toFixed(this.#onTerminal ? 1 : 0);
  }

  #write(line: string): void {
    if (!this.#onTerminal) {
      process.stderr.write(`${line}\n`);
      return;
    }
    const width = process.stderr.columns || 80;
    process.stderr.write(`\r\u001b[2K${line.slice(0, width - 1)}`);
  }
}

export const megabytes = (bytes: number) => `${Math.round(bytes / 1_000_000)} MB`;
