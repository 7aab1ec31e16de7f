import { expect, test } from "bun:test";
import fc from "fast-check";
import { PERIOD_MS_MIN, REST_MS_MAX, REST_RATIO, Schedule } from "./schedule.ts";

const step = fc.record({
  idleMs: fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 60_000 })),
  durationMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 20_000 })),
  works: fc.boolean(),
});

test("Schedule lets a computation begin once a second at most, and lets PostgreSQL rest after it", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      let nowMs = 0;
      const schedule = new Schedule(() => nowMs);
      let last: { startMs: number; endMs: number; works: boolean } | undefined;
      for (const { idleMs, durationMs, works } of steps) {
        nowMs += idleMs;
        if (schedule.waitMs > 0) continue;
        if (last) {
          const { startMs, endMs, works } = last;
          expect(nowMs - startMs).toBeGreaterThanOrEqual(PERIOD_MS_MIN);
          const tookMs = endMs - startMs;
          const restMs = Math.min(works ? REST_RATIO * tookMs : tookMs, REST_MS_MAX);
          expect(nowMs - endMs).toBeGreaterThanOrEqual(restMs);
        }
        const startMs = nowMs;
        schedule.begin();
        nowMs += durationMs;
        expect(schedule.waitMs).toBe(Number.POSITIVE_INFINITY);
        schedule.end(works);
        last = { startMs, endMs: nowMs, works };
        expect(schedule.waitMs).toBeLessThanOrEqual(REST_MS_MAX);
      }
    }),
  );
});

test("Schedule lets the next computation begin as soon as its rest is over", () => {
  fc.assert(
    fc.property(step, ({ durationMs, works }) => {
      let nowMs = 0;
      const schedule = new Schedule(() => nowMs);
      expect(schedule.waitMs).toBe(0);
      schedule.begin();
      nowMs += durationMs;
      schedule.end(works);
      nowMs += schedule.waitMs - 1;
      expect(schedule.waitMs).toBe(1);
      nowMs += 1;
      expect(schedule.waitMs).toBe(0);
      const restMs = Math.min((works ? 10 : 1) * durationMs, 5_000);
      const dueMs = Math.max(PERIOD_MS_MIN, durationMs + restMs);
      expect(nowMs).toBe(dueMs);
    }),
  );
});
