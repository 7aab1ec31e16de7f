/**
 * When the next event is due. Pure: the caller passes the time in, in milliseconds of any steady
 * clock. `Pace` keeps a rate, `ReplayPace` the distances between recorded events. After a stall
 * both catch up only a little, so that no flood follows an outage.
 */

/** Shortest pause: at high rates events go out in small groups rather than one timer for each. */
const TICK_MS = 10;

/** The longest stall that is caught up. */
const CATCH_UP_MS_MAX = 1_000;

export class Pace {
  private released = 0;

  /** `rate` is in events per second; 0 means no limit. */
  constructor(
    private readonly rate: number,
    private startMs: number,
  ) {}

  /** How long to wait before the next event; 0 when it is due. */
  delayMs(nowMs: number): number {
    if (this.rate === 0) return 0;
    const lateMs = nowMs - this.startMs - (this.released * 1_000) / this.rate;
    if (lateMs > CATCH_UP_MS_MAX) this.startMs += lateMs - CATCH_UP_MS_MAX;
    return lateMs >= 0 ? 0 : Math.max(-lateMs, TICK_MS);
  }

  /** Notes that an event was sent. */
  release(): void {
    this.released += 1;
  }
}

export class ReplayPace {
  private first: { recordedMs: number; nowMs: number } | undefined;
  private latestRecordedMs = 0;

  /** `speed` 2 replays twice as fast as recorded. */
  constructor(private readonly speed: number) {}

  /** How long to wait before the event that was recorded at `recordedMs`; 0 when it is due. */
  delayMs(recordedMs: number, nowMs: number): number {
    this.first ??= { recordedMs, nowMs };
    // A row that is out of order goes out at once: its moment has passed.
    if (recordedMs < this.latestRecordedMs) return 0;
    this.latestRecordedMs = recordedMs;
    const dueMs = this.first.nowMs + (recordedMs - this.first.recordedMs) / this.speed;
    const lateMs = nowMs - dueMs;
    if (lateMs > CATCH_UP_MS_MAX) this.first.nowMs += lateMs - CATCH_UP_MS_MAX;
    return Math.max(-lateMs, 0);
  }
}
