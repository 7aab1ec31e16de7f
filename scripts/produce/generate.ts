/**
 * Makes up events as visitors of a shop would cause them. Pure: the seed and the given clock values
 * decide every event, ids included.
 *
 * Visitors come in sessions. A session starts with a view; a click follows only a view, a purchase
 * only a click. A user is in one session at a time, so this holds for each user's events in order.
 */
import type { Event } from "../../schema/event.ts";
import { EVENT_TYPES, type EventType } from "../../schema/event-types.ts";
import { ACTIVITY_MAX, activityAt } from "./synthetic/day-rhythm.ts";
import { EventIds } from "./synthetic/event-id.ts";
import { RandomStream, type Seed } from "./synthetic/random.ts";
import { UserPicker } from "./synthetic/user-picker.ts";

export interface GeneratorOptions {
  seed: Seed;
  /** User ids go from 1 to this. */
  users: number;
  /** Sessions that are under way at the same time, fewer when there are few users. */
  sessionsMax: number;
}

type Step = EventType | "end";

/** The probability of each next event after an event of a session. Otherwise the visitor leaves. */
const NEXT: Record<EventType, { view: number; click: number; purchase: number }> = {
  view: { view: 0.5, click: 0.3, purchase: 0 },
  click: { view: 0.55, click: 0, purchase: 0.16 },
  purchase: { view: 0.3, click: 0, purchase: 0 },
};

/** Minimum of users per active session, so that the most active users are not always present. */
const USERS_PER_SESSION_MIN = 16;

interface Session {
  userId: number;
  last: Step;
}

export class EventGenerator {
  private readonly random: RandomStream;
  private readonly ids: EventIds;
  private readonly picker: UserPicker;
  private readonly sessions: Session[];
  private readonly present = new Set<number>();
  private timeMs = -1;
  private createdAt = "";

  constructor({ seed, users, sessionsMax }: GeneratorOptions) {
    this.random = new RandomStream(seed);
    this.ids = new EventIds(this.random);
    this.picker = new UserPicker(users, this.random);
    const count = Math.max(1, Math.min(sessionsMax, Math.floor(users / USERS_PER_SESSION_MIN)));
    this.sessions = Array.from({ length: count }, () => ({ userId: 0, last: "end" }));
  }

  /**
   * The next event, which happens at `nowMs`, in whole milliseconds since the epoch. The time of
   * day of `rhythmMs` decides which users are awake.
   */
  next(nowMs: number, rhythmMs = nowMs): Event {
    const session = this.sessions[this.random.below(this.sessions.length)]!;
    const type = this.advance(session, rhythmMs);
    if (nowMs !== this.timeMs) {
      this.timeMs = nowMs;
      this.createdAt = new Date(nowMs).toISOString();
    }
    return {
      event_id: this.ids.next(nowMs),
      user_id: session.userId,
      event_type: type,
      created_at: this.createdAt,
    };
  }

  /** Moves a session on by one event; when it is over, its place is taken by a new one. */
  private advance(session: Session, rhythmMs: number): EventType {
    const next = this.stepAfter(session.last, rhythmMs);
    if (next !== "end") {
      session.last = next;
      return next;
    }
    this.present.delete(session.userId);
    session.userId = this.newcomer(rhythmMs);
    this.present.add(session.userId);
    session.last = "view";
    return "view";
  }

  private stepAfter(last: Step, rhythmMs: number): EventType | "end" {
    if (last === "end") return "end";
    const chance = NEXT[last];
    // In busy hours people buy more readily: the mix of types has a day rhythm, not only the users.
    const eagerness = 0.5 + activityAt(rhythmMs) / ACTIVITY_MAX;
    let draw = this.random.fraction();
    for (const type of EVENT_TYPES) {
      draw -= type === "purchase" ? chance.purchase * eagerness : chance[type];
      if (draw < 0) return type;
    }
    return "end";
  }

  /** A user without an active session. */
  private newcomer(rhythmMs: number): number {
    for (;;) {
      const userId = this.picker.pick(rhythmMs);
      if (!this.present.has(userId)) return userId;
    }
  }
}
