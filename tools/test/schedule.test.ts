import { expect, test } from "bun:test";
import fc from "fast-check";
import { sideBySide } from "./schedule.ts";

interface Step {
  name: string;
  cores: number;
  seconds: number;
}

const coresOf = ({ cores }: Step) => cores;

const step = (name: string, cores: number, seconds: number): Step => ({ name, cores, seconds });

/** Runs the steps on a clock of their own. Returns what began, with the second in which it did. */
async function begun(steps: Step[], cores: number): Promise<string[]> {
  let now = 0;
  const log: string[] = [];
  const ends: { at: number; end: () => void }[] = [];
  let isOver = false;
  const all = sideBySide(steps, cores, coresOf, (each) => {
    log.push(`${now} ${each.name}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.push({ at: now + each.seconds, end: resolve });
    return promise;
  }).then(() => {
    isOver = true;
  });
  while (!isOver) {
    ends.sort((one, other) => one.at - other.at);
    const next = ends.shift();
    if (next === undefined) break;
    now = next.at;
    next.end();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
  await all;
  return log;
}

test("sideBySide() begins in the given order, and a later step first where one does not fit", async () => {
  const steps = [step("first", 1.5, 60), step("second", 1, 20), step("third", 0.5, 5)];
  expect(await begun(steps, 2)).toEqual(["0 first", "0 third", "60 second"]);
});

test("sideBySide() runs a step alone when it wants all processors or more", async () => {
  const steps = [step("one", 0.1, 20), step("alone", 9, 30), step("two", 0.1, 10)];
  expect(await begun(steps, 2)).toEqual(["0 one", "0 two", "20 alone"]);
});

test("sideBySide() performs each step once and never more than fit, whatever they want", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ cores: fc.integer({ min: 1, max: 30 }), seconds: fc.nat(9) })),
      async (loads) => {
        const steps = loads.map((load, index) => ({
          name: String(index),
          cores: load.cores / 10,
          seconds: load.seconds,
        }));
        const done: string[] = [];
        let taken = 0;
        await sideBySide(steps, 2, coresOf, async ({ name, cores, seconds }) => {
          taken += Math.min(cores, 2);
          expect(taken).toBeLessThan(2.000_001);
          for (let turn = 0; turn <= seconds; turn++) await Promise.resolve();
          taken -= Math.min(cores, 2);
          done.push(name);
        });
        expect(done.toSorted()).toEqual(steps.map(({ name }) => name).toSorted());
      },
    ),
  ));

test("sideBySide() throws the first error after what runs has ended, and begins nothing more", async () => {
  const ended: string[] = [];
  const steps = [step("fails", 1, 3), step("runs", 1, 2), step("waits", 1, 1)];
  const work = sideBySide(steps, 2, coresOf, async ({ name }) => {
    if (name === "fails") throw new Error("no room on the disk");
    await Promise.resolve();
    ended.push(name);
  });
  await expect(work).rejects.toThrow("no room on the disk");
  expect(ended).toEqual(["runs"]);
});
