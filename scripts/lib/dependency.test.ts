import { expect, test } from "bun:test";
import { Dependency } from "./dependency.ts";
import { until } from "./wait.ts";

const refused = new Error("refused");

function observed(options: { silenceMsMax?: number; remark?: string } = {}) {
  const said: string[] = [];
  const service = new Dependency({
    name: "Kafka",
    isOutage: (error) => error === refused,
    isAnswer: (error) => (error as Error).message === "deadlock",
    explain: (error) => (error as Error).message,
    onAway: (reason) => said.push(reason),
    onBack: () => said.push("back"),
    remark: () => options.remark,
    ...(options.silenceMsMax !== undefined && { silenceMsMax: options.silenceMsMax }),
  });
  const attempt = (error: Error) => service.watch(() => Promise.reject(error)).catch(() => {});
  return { service, said, attempt };
}

const silence = (said: string[]) =>
  until("the silence is noticed", 5_000, async () => expect(said).not.toEqual([]));

test("watch() says once that the service is away and once that it is back", async () => {
  const { service, said, attempt } = observed();
  await attempt(refused);
  await attempt(refused);
  expect([service.waitingFor, service.failures]).toEqual(["Kafka", 2]);
  expect(await service.watch(async () => 7)).toBe(7);
  expect([service.waitingFor, said]).toEqual([undefined, ["refused", "back"]]);
});

test("waitingFor says what is known besides the name", async () => {
  const { service, attempt } = observed({ remark: "no room on the disk" });
  await attempt(refused);
  expect(service.waitingFor).toBe("Kafka: no room on the disk");
});

test("watch() passes other errors on, and notes no outage", async () => {
  const { service, attempt } = observed();
  await attempt(new Error("no such table"));
  await attempt(new Error("deadlock"));
  expect([service.waitingFor, service.failures]).toEqual([undefined, 0]);
  await expect(service.watch(() => Promise.reject(refused))).rejects.toBe(refused);
});

test("watch() notes an outage when no answer comes, and a late answer does not end it", async () => {
  const { service, said } = observed({ silenceMsMax: 20 });
  const answer = Promise.withResolvers<number>();
  const watched = service.watch(() => answer.promise);
  await silence(said);
  expect(service.awayMs).toBeGreaterThanOrEqual(20);
  // The service answers others, and not this one.
  service.answered();
  expect(service.isAway).toBe(true);
  answer.resolve(7);
  expect(await watched).toBe(7);
  expect(service.isAway).toBe(true);
  await service.watch(async () => {});
  expect(said).toEqual(["no answer within 0.02 s", "back"]);
});

test("answered() ends an outage that no work has noted, and no other", async () => {
  const { service, attempt } = observed();
  service.failed(refused);
  service.answered(60_000);
  expect(service.isAway).toBe(true);
  service.answered(1);
  expect(service.isAway).toBe(false);
  await attempt(refused);
  service.answered(1);
  expect(service.isAway).toBe(true);
});

test("probe() notices that a service is silent, and that it is back", async () => {
  const { service, said } = observed();
  const end = new AbortController();
  let isThere = false;
  const probing = service.probe(async () => {
    if (!isThere) throw refused;
  }, end.signal);
  await silence(said);
  isThere = true;
  await until("it is back", 10_000, async () => expect(said).toEqual(["refused", "back"]));
  end.abort();
  await probing;
});
