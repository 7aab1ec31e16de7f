/**
 * Keeps the last good copy of something that is renewed over an unreliable way, and answers readers
 * from it: fresh when that takes no longer than its limits allow, else the last good copy with its
 * age. Used in each isolate, which asks the Durable Object, and in that, which asks the origin.
 *
 * Guarantees, whatever the order of answers, failures and delays: once there is a copy, no reader
 * gets a failure; no copy is called fresh that is older than `staleMs`; no age is underestimated; one
 * load at a time, and `gapMs` between two starts; a failure or an older answer replaces nothing.
 */

/** A value and the latest time at which it can have been read at its source. */
export interface Copy<Value> {
  value: Value;
  readAtMs: number;
}

/** What a load gives: the value, and how old it was when its sender answered. */
export interface Loaded<Value> {
  value: Value;
  ageMs: number;
}

/** What a reader gets. */
export interface Reading<Value> extends Loaded<Value> {
  /** Older than it should be, since no newer one could be had. */
  isStale: boolean;
}

export interface Limits {
  /** Up to this age a copy is served at once. */
  freshMs: number;
  /** Above this age a copy is stale. */
  staleMs: number;
  /** Time between two starts of a load. */
  gapMs: number;
  /** A load that has not ended by then never will, since the runtime has dropped it. */
  lostMs: number;
  /** How long a reader waits for a load. */
  waitMsMax: {
    /** While there is a copy that is not stale. */
    renewing: number;
    /** While there is none but a stale one. */
    stale: number;
    /** While there is none at all. */
    missing: number;
  };
}

export interface Surroundings<Value> {
  now(): number;
  pause(ms: number): Promise<unknown>;
  /** Rejects when there is no good value to be had. */
  load(): Promise<Loaded<Value>>;
  /** Keeps the runtime from dropping the load when the reader that started it leaves. */
  keepAlive?(load: Promise<void>): void;
  /** A place that outlives the process. */
  store?: { read(): Copy<Value> | undefined; write(copy: Copy<Value>): void };
}

interface Flight {
  startedAtMs: number;
  ended: Promise<void>;
}

export class LastGood<Value> {
  readonly #surroundings: Surroundings<Value>;
  readonly #limits: Limits;
  #copy: Copy<Value> | undefined;
  #flight: Flight | undefined;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;

  constructor(surroundings: Surroundings<Value>, limits: Limits) {
    this.#surroundings = surroundings;
    this.#limits = limits;
    this.#copy = surroundings.store?.read();
  }

  /** Never rejects; undefined when there has never been a good copy. */
  async read(): Promise<Reading<Value> | undefined> {
    const held = this.#reading();
    if (held && held.ageMs <= this.#limits.freshMs) return held;
    const flight = this.#renew();
    if (!flight) return held;
    await Promise.race([flight.ended, this.#surroundings.pause(this.#waitMs(held))]);
    return this.#reading();
  }

  /** How long a reader waits who now has this. */
  #waitMs(held: Reading<Value> | undefined): number {
    const { renewing, stale, missing } = this.#limits.waitMsMax;
    if (!held) return missing;
    // During an outage the next load will hardly succeed, so readers need not wait for its time-out.
    return held.isStale && !this.#hasFailed ? stale : renewing;
  }

  #reading(): Reading<Value> | undefined {
    if (!this.#copy) return undefined;
    const nowMs = this.#surroundings.now();
    // After the clock was set back, the copy would count as new until the clock is there again.
    if (nowMs < this.#copy.readAtMs) this.#copy = { ...this.#copy, readAtMs: nowMs };
    const ageMs = nowMs - this.#copy.readAtMs;
    return { value: this.#copy.value, ageMs, isStale: ageMs > this.#limits.staleMs };
  }

  /** The load that is under way, or a new one, or nothing while it is too early for one. */
  #renew(): Flight | undefined {
    const startedAtMs = this.#surroundings.now();
    if (this.#flight && !isOver(this.#flight.startedAtMs, this.#limits.lostMs, startedAtMs)) {
      return this.#flight;
    }
    if (!isOver(this.#startedAtMs, this.#limits.gapMs, startedAtMs)) return undefined;
    this.#startedAtMs = startedAtMs;
    const flight: Flight = { startedAtMs, ended: Promise.resolve() };
    this.#flight = flight;
    flight.ended = this.#load(flight);
    this.#surroundings.keepAlive?.(flight.ended);
    return flight;
  }

  async #load(flight: Flight): Promise<void> {
    try {
      const { value, ageMs } = await this.#surroundings.load();
      // Counted from the start, so that the time under way only ever adds to the age.
      this.#accept({ value, readAtMs: flight.startedAtMs - ageMs });
      this.#hasFailed = false;
    } catch {
      this.#hasFailed = true;
    } finally {
      if (this.#flight === flight) this.#flight = undefined;
    }
  }

  #accept(copy: Copy<Value>): void {
    if (this.#copy && this.#copy.readAtMs > copy.readAtMs) return;
    this.#copy = copy;
    this.#surroundings.store?.write(copy);
  }
}

/** Whether the time has passed; also when the clock was set back to before it began. */
const isOver = (sinceMs: number, ms: number, nowMs: number) =>
  nowMs - sinceMs >= ms || nowMs < sinceMs;
