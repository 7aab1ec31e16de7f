import { expect, test } from "bun:test";
import { taskGroup } from "./task-group.ts";

/** Ends only when it is told to. */
const untilEnded = (signal: AbortSignal, onEnd = () => {}) =>
  new Promise<void>((_, reject) => {
    signal.addEventListener("abort", () => {
      onEnd();
      reject(signal.reason);
    });
  });

test("taskGroup() ends the others when one fails, and throws what that one threw", async () => {
  let hasEnded = false;
  const works = taskGroup(undefined, (ended) => [
    untilEnded(ended, () => {
      hasEnded = true;
    }),
    Promise.reject(new Error("no such package")),
  ]);
  expect(works).rejects.toThrow("no such package");
  await works.catch(() => {});
  expect(hasEnded).toBe(true);
});

test("taskGroup() throws the reason when it is told to end", async () => {
  const interrupted = new AbortController();
  const works = taskGroup(interrupted.signal, (ended) => [untilEnded(ended), untilEnded(ended)]);
  interrupted.abort(new Error("SIGINT came"));
  expect(works).rejects.toThrow("SIGINT came");
});

test("taskGroup() waits for all when none fails", async () => {
  const done: number[] = [];
  await taskGroup(undefined, () => [2, 1].map(async (each) => void done.push(each)));
  expect(done).toEqual([2, 1]);
});
