import { expect, test } from "bun:test";
import { Outage } from "./outage.ts";
import { until } from "./wait.ts";

function observed() {
  const said: string[] = [];
  const outage = new Outage({
    onBegin: (error) => said.push((error as Error).message),
    onEnd: () => said.push("over"),
  });
  return { outage, said };
}

test("Outage says once that it begins and once that it is over", () => {
  const { outage, said } = observed();
  outage.end();
  outage.begin(new Error("refused"));
  outage.begin(new Error("refused again"));
  expect(outage.isOpen).toBe(true);
  outage.end();
  outage.end();
  expect(said).toEqual(["refused", "over"]);
  expect([outage.isOpen, outage.elapsedMs]).toEqual([false, 0]);
});

test("watch() begins an outage when no answer comes, and ends it with the answer", async () => {
  const { outage, said } = observed();
  const answer = Promise.withResolvers<number>();
  const watched = outage.watch(answer.promise, 5);
  await until("the silence is noticed", 5_000, async () => expect(said).not.toEqual([]));
  answer.resolve(7);
  expect(await watched).toBe(7);
  expect(said).toEqual(["no answer within 0.005 s", "over"]);
});

test("watch() passes a failure on and leaves it to the caller what it means", async () => {
  const { outage, said } = observed();
  await expect(outage.watch(Promise.reject(new Error("no such table")), 1_000)).rejects.toThrow(
    "no such table",
  );
  expect(said).toEqual([]);
});
