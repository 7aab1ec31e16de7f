import { expect, test } from "bun:test";
import { serviceNamed } from "../order.ts";
import { services } from "../services.ts";
import { slowFailureMessage, startSlow } from "./start-slow.ts";

const [airflow, trino, superset] = ["airflow", "trino", "superset"].map((name) =>
  serviceNamed(services, name),
);
const slow = [airflow!, trino!, superset!];
const never = new AbortController().signal;

/** Goes on until it is ended. */
const untilEnded = (ended: AbortSignal) =>
  new Promise<void>((_, reject) => {
    ended.addEventListener("abort", () => reject(ended.reason));
  });

test("startSlow() brings up the others when one fails, but for those that need it", async () => {
  const up: string[] = [];
  const failures = await startSlow(slow, never, async (service, ended) => {
    if (service === trino) throw new Error("Cannot install Trino: no room");
    if (service === superset) await untilEnded(ended);
    up.push(service.name);
  });
  expect(up).toEqual(["airflow"]);
  const message = slowFailureMessage(failures);
  expect(message).toContain(
    "Cannot install Trino: no room\nCannot start superset: it needs trino\n",
  );
  expect(message).toContain("`bun run up trino superset`");
});

test("startSlow() ends all when its signal comes, with the signal's reason", async () => {
  const interrupted = new AbortController();
  const starting = startSlow(slow, interrupted.signal, (_, ended) => untilEnded(ended));
  interrupted.abort(new Error("Ctrl-C"));
  expect(starting).rejects.toThrow("Ctrl-C");
});
