import { expect, test } from "bun:test";
import { backoffMs, DeadlineError, deadline, GiveUp, pause, retry, until } from "./wait.ts";

test("until() names what it waited for and the last reason when time is over", async () => {
  const attempt = () => Promise.reject(new Error("connection refused"));
  await expect(until("Kafka answers", 0, attempt, { intervalMs: 1 })).rejects.toThrow(
    /until Kafka answers: .*connection refused/,
  );
});

test("until() stops at once when an attempt gives up or the signal comes", async () => {
  const gaveUp = until("it ends", 60_000, () => Promise.reject(new GiveUp("no use")));
  await expect(gaveUp).rejects.toThrow("no use");
  const signal = AbortSignal.abort(new Error("Ctrl-C"));
  await expect(until("it ends", 60_000, async () => 1, { signal })).rejects.toThrow("Ctrl-C");
});

test("until() ends its pause when its signal is aborted", async () => {
  const stop = new AbortController();
  const attempted = Promise.withResolvers<void>();
  const attempt = async () => {
    attempted.resolve();
    throw new Error("not yet");
  };
  const waiting = until("it ends", 60_000, attempt, { signal: stop.signal, intervalMs: 60_000 });
  const ended = Promise.allSettled([waiting]);
  await attempted.promise;
  stop.abort(new Error("Ctrl-C"));
  expect(await ended).toMatchObject([{ reason: new Error("Ctrl-C") }]);
});

test("backoffMs() doubles up to its limit, with jitter over the upper half", () => {
  const longest = [0, 1, 2, 10, 1_000].map((attempt) => backoffMs(attempt, { random: () => 1 }));
  expect(longest).toEqual([100, 200, 400, 5_000, 5_000]);
  expect(backoffMs(1, { random: () => 0 })).toBe(100);
  expect(backoffMs(9, { firstMs: 10, msMax: 50, random: () => 1 })).toBe(50);
});

test("retry() goes on while an error may pass, and throws one that may not", async () => {
  const pauses: number[] = [];
  const work = async (attempt: number) => {
    if (attempt < 2) throw new Error("away");
    return attempt;
  };
  const options = {
    firstMs: 1,
    random: () => 1,
    onRetry: (_: unknown, ms: number) => pauses.push(ms),
  };
  expect(await retry(work, { ...options, isRetryable: () => true })).toBe(2);
  expect(pauses).toEqual([1, 2]);
  await expect(retry(work, { ...options, isRetryable: () => false })).rejects.toThrow("away");
  await expect(
    retry(work, { ...options, isRetryable: () => true, attemptsMax: 2 }),
  ).rejects.toThrow("away");
});

test("retry() throws the error of an attempt that fails when its time is over", async () => {
  const attemptsWithin = async (totalMsMax: number) => {
    let attempts = 0;
    const work = async () => {
      attempts += 1;
      if (attempts < 3) throw new Error("busy");
    };
    await retry(work, { isRetryable: () => true, totalMsMax, firstMs: 1 }).catch(() => {});
    return attempts;
  };
  expect(await attemptsWithin(0)).toBe(1);
  expect(await attemptsWithin(60_000)).toBe(3);
});

test("pause() and retry() throw the reason of the signal when it comes during a pause", async () => {
  const stop = new AbortController();
  const pausing = pause(60_000, stop.signal);
  const retrying = retry(() => Promise.reject(new Error("away")), {
    firstMs: 60_000,
    msMax: 60_000,
    isRetryable: () => true,
    signal: stop.signal,
  });
  const ended = Promise.allSettled([pausing, retrying]);
  stop.abort(new Error("Ctrl-C"));
  for (const each of await ended) expect(each).toMatchObject({ reason: new Error("Ctrl-C") });
});

test("deadline() gives a result in time, and a DeadlineError when none comes", async () => {
  expect(await deadline(Promise.resolve(7), 60_000)).toBe(7);
  await expect(deadline(Promise.reject(new Error("refused")), 60_000)).rejects.toThrow("refused");
  await expect(deadline(new Promise(() => {}), 1)).rejects.toBeInstanceOf(DeadlineError);
});
