/** Notes when each part of an `up` begins and ends, counted from the start of its command. */

import { ageMs, commandLine, parentOf } from "../../host/process-tree.ts";
import type { InstallStep } from "../../host/runtime.ts";
import type { Service } from "../../host/service.ts";
import type { ServiceTime, Timings } from "./timings.ts";

export class Stopwatch {
  /** Time between the command and this process. */
  readonly #earlierMs = commandAgeMs() - performance.now();
  readonly #timings: Timings;
  readonly #began = new Map<string, number>();

  constructor(services: Service[], opsTitle: string) {
    const titles = services.flatMap(titlesOf);
    this.#timings = {
      beganMs: this.#earlierMs,
      runtimes: [...new Set([opsTitle, ...titles])],
      installs: [],
      services: [],
      moments: [],
    };
  }

  get timings(): Timings {
    return this.#timings;
  }

  install({ beganMs, endedMs, ...step }: InstallStep): void {
    const shift = (ms: number) => ms + this.#earlierMs;
    this.#timings.installs.push({ ...step, beganMs: shift(beganMs), endedMs: shift(endedMs) });
  }

  start({ name }: Service): void {
    this.#began.set(name, this.#now());
  }

  ready(service: Service): void {
    const { name, needs, isSlow = false } = service;
    const beganMs = this.#began.get(name) ?? this.#now();
    const time: ServiceTime = {
      name,
      isSlow,
      needs,
      runtimes: titlesOf(service),
      beganMs,
      readyMs: this.#now(),
    };
    this.#timings.services.push(time);
  }

  moment(name: string): void {
    this.#timings.moments.push({ name, atMs: this.#now() });
  }

  #now(): number {
    return performance.now() + this.#earlierMs;
  }
}

const titlesOf = ({ runtimes }: Service) =>
  runtimes.filter(({ folder }) => folder).map(({ title }) => title);

/** How long ago `npx bun run up` began: as long as the oldest of its processes is there. */
function commandAgeMs(): number {
  let processId = process.pid;
  for (;;) {
    const parent = parentOf(processId);
    if (!isPartOfCommand(commandLine(parent))) return ageMs(processId);
    processId = parent;
  }
}

/** A shell is part of it when it was started for nothing else. */
function isPartOfCommand(line: string): boolean {
  const [, script] = /^\S*sh -c (.*)$/.exec(line) ?? [];
  return script === undefined
    ? /\bbun(\.exe)? .*\bup\b/.test(line)
    : /^'?bun'? run .*\bup\b/.test(script);
}
