import { expect, test } from "bun:test";
import { reportOutages } from "./outage.ts";

test("reportOutages() says once that it fails and why, and once that it works again", async () => {
  const said: string[] = [];
  let fault: string | undefined;
  const load = reportOutages(
    "ask",
    async () => {
      if (fault) throw new Error(fault);
      return 1;
    },
    { warn: (message) => said.push(message), info: (message) => said.push(message) },
  );
  expect(await load()).toBe(1);
  fault = "nobody is there";
  for (let attempt = 0; attempt < 3; attempt++) await expect(load()).rejects.toThrow(fault);
  fault = undefined;
  expect(await load()).toBe(1);
  expect(await load()).toBe(1);
  expect(said).toEqual(["Cannot ask: nobody is there", "Can ask again"]);
});
