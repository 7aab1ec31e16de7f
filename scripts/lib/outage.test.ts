import { expect, test } from "bun:test";
import { Outage } from "./outage.ts";

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
