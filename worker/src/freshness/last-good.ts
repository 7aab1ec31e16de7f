/**
 * Caches a value that is loaded over an unreliable network. Readers get a fresh value when that takes
 * no longer than the limits allow, else the last good one with its age.
 */

/** A value, and the latest time at which its source can have read it. */
export interface Entry<Value> {
  value: Value;
  readAtMs: number;
}

/** What a load gives: a value, and its age when the sender answered. */
export interface Loaded<Value> {
  value: Value;
  ageMs: number;
}

/** What a reader gets. */
export interface Reading<Value> extends Loaded<Value> {
  /** Older than it should be, since no newer value could be loaded. */
  isStale: boolean;
}

export interface Limits {
  /** Up to this age a value is served at once. */
  freshMs: number;
  /** Above this age a value is stale. */
  staleMs: number;
  /** Time between the starts of two loads. */
  gapMs: number;
  /** A load that takes longer never ends: the runtime has dropped it. */
  loadTimeoutMs: number;
  /** How long a reader waits for a load. */
  waitMsMax: {
    /** While the cached value is not stale. */
    renewing: number;
    /** While the cached value is stale. */
    stale: number;
    /** While there is no value. */
    missing: number;
  };
}

export interface Dependencies<Value> {
  now(): number;
  pause(ms: number): Promise<unknown>;
  /** Rejects when no good value can be loaded. */
  load(): Promise<Loaded<Value>>;
  /** Keeps the runtime from dropping the load when the reader that started it leaves. */
  keepAlive?(load: Promise<void>): void;
  /** Storage that outlives the process. */
  store?: EntryStore<Value>;
}

export interface EntryStore<Value> {
  read(): Entry<Value> | undefined;
  write(entry: Entry<Value>): void;
}

interface PendingLoad {
  startedAtMs: number;
  ended: Promise<void>;
}

/**
 * Each isolate caches the answers of the Durable Object, which caches those of the origin.
 *
 * Guarantees for every order of responses, failures and delays:
 * - once there is a value, no reader gets a failure;
 * - no value older than `staleMs` is called fresh, and no age is understated;
 * - one load at a time, and at least `gapMs` between the starts of two loads;
 * - a failure, or an older value, replaces nothing.
 *
 * @example
 * const summaries = new LastGood({ now: Date.now, pause, load: () => origin.summary() }, LIMITS);
 * const reading = await summaries.read(); // { value, ageMs, isStale }
 */
export class LastGood<Value> {
  readonly #dependencies: Dependencies<Value>;
  readonly #limits: Limits;
  #entry: Entry<Value> | undefined;
  #pending: PendingLoad | undefined;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;

  constructor(dependencies: Dependencies<Value>, limits: Limits) {
    this.#dependencies = dependencies;
    this.#limits = limits;
    this.#entry = dependencies.store?.read();
  }

  /** Never rejects. Undefined when no load has ever succeeded. */
  async read(): Promise<Reading<Value> | undefined> {
    const cached = this.#reading();
    if (cached && cached.ageMs <= this.#limits.freshMs) return cached;
    const pending = this.#renew();
    if (!pending) return cached;
    await Promise.race([pending.ended, this.#dependencies.pause(this.#waitMs(cached))]);
    return this.#reading();
  }

  /** How long a reader waits when this is what the cache has. */
  #waitMs(cached: Reading<Value> | undefined): number {
    const { renewing, stale, missing } = this.#limits.waitMsMax;
    if (!cached) return missing;
    // During an outage the next load will probably fail too: readers need not wait for its timeout.
    return cached.isStale && !this.#hasFailed ? stale : renewing;
  }

  #reading(): Reading<Value> | undefined {
    if (!this.#entry) return undefined;
    const nowMs = this.#dependencies.now();
    // After the clock was set back, the value would count as new until the clock catches up.
    if (nowMs < this.#entry.readAtMs) this.#entry = { ...this.#entry, readAtMs: nowMs };
    const ageMs = nowMs - this.#entry.readAtMs;
    return { value: this.#entry.value, ageMs, isStale: ageMs > this.#limits.staleMs };
  }

  /** The pending load, or a new one; undefined while it is too early for one. */
  #renew(): PendingLoad | undefined {
    const startedAtMs = this.#dependencies.now();
    const { loadTimeoutMs, gapMs } = this.#limits;
    if (this.#pending && !hasPassed(loadTimeoutMs, this.#pending.startedAtMs, startedAtMs)) {
      return this.#pending;
    }
    if (!hasPassed(gapMs, this.#startedAtMs, startedAtMs)) return undefined;
    this.#startedAtMs = startedAtMs;
    const pending: PendingLoad = { startedAtMs, ended: Promise.resolve() };
    this.#pending = pending;
    pending.ended = this.#load(pending);
    this.#dependencies.keepAlive?.(pending.ended);
    return pending;
  }

  async #load(pending: PendingLoad): Promise<void> {
    try {
      const { value, ageMs } = await this.#dependencies.load();
      // Counted from the start of the load, so that its duration only ever adds to the age.
      this.#accept({ value, readAtMs: pending.startedAtMs - ageMs });
      this.#hasFailed = false;
    } catch {
      this.#hasFailed = true;
    } finally {
      if (this.#pending === pending) this.#pending = undefined;
    }
  }

  #accept(entry: Entry<Value>): void {
    if (this.#entry && this.#entry.readAtMs > entry.readAtMs) return;
    this.#entry = entry;
    this.#dependencies.store?.write(entry);
  }
}

/** Whether `ms` have passed since then. True also when the clock was set back to before then. */
const hasPassed = (ms: number, sinceMs: number, nowMs: number) =>
  nowMs - sinceMs >= ms || nowMs < sinceMs;
