/** An hour of events up to now. The numbers are known, and different for each minute. */
const MINUTE_MS = 60_000;
const TYPES = ["view", "click", "purchase"];

export interface Hour {
  /** One JSON document each. */
  lines: string[];
  /** By minute as "12:34": views, clicks and purchases. */
  counts: Map<string, number[]>;
}

/** The current minute is left out. */
export function makeHour(): Hour {
  const counts = new Map<string, number[]>();
  const thisMinute = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const lines = Array.from({ length: 59 }, (_, at) => {
    const minute = thisMinute - (59 - at) * MINUTE_MS;
    const ofTypes = [24 + ((at * 7) % 13), 8 + ((at * 5) % 9), 1 + ((at * 3) % 6)];
    counts.set(new Date(minute).toISOString().slice(11, 16), ofTypes);
    return TYPES.flatMap((type, index) =>
      Array.from({ length: ofTypes[index]! }, (_, event) =>
        eventLine(type, 1 + ((at + event ** 2) % 40), new Date(minute + event * 1_000)),
      ),
    );
  });
  return { lines: lines.flat(), counts };
}

export const eventLine = (type: string, userId: number, createdAt: Date) =>
  JSON.stringify({
    event_id: crypto.randomUUID(),
    user_id: userId,
    event_type: type,
    created_at: createdAt.toISOString(),
  });
