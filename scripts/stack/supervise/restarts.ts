/**
 * How often a program was restarted, and why, from supervisord's own log. Only unplanned ends
 * count. Pure.
 */
export interface Restarts {
  count: number;
  /** Time of the last end, in milliseconds since 1970. */
  lastMs: number;
  /** Such as "terminated by SIGKILL". */
  reason: string;
}

/** A line of the log: time and text. */
const LINE = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d),(\d{3}) \w+ (.*)$/;
const EXITED = /^exited: (\S+) \((.+?); (?:not )?expected\)$/;
const STARTED = /^supervisord started with pid \d+$/;

/** Restarts since supervisord started, by program. The times of the log are of this machine's zone. */
export function restartsIn(log: string): Map<string, Restarts> {
  const restarts = new Map<string, Restarts>();
  for (const line of log.split("\n")) {
    const [, day, time, ms, event = ""] = LINE.exec(line) ?? [];
    if (STARTED.test(event)) restarts.clear();
    const [, program, reason] = EXITED.exec(event) ?? [];
    if (!program || !reason) continue;
    const count = (restarts.get(program)?.count ?? 0) + 1;
    restarts.set(program, { count, lastMs: Date.parse(`${day}T${time}.${ms}`), reason });
  }
  return restarts;
}
