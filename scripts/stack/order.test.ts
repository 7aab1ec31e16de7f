import { expect, test } from "bun:test";
import { DEFAULT_GROUP, groupOf, type Service } from "../host/service.ts";
import { named, serviceNamed, withDependants, withNeeds } from "./order.ts";
import { services } from "./services.ts";

const namesOf = (some: Service[]) => some.map(({ name }) => name);
const names = (...words: string[]) => namesOf(withNeeds(services, named(services, words)));
const usual = services.filter((service) => groupOf(service) === DEFAULT_GROUP);

test("withNeeds() gives every service after what it needs when none is named", () => {
  const ordered = names();
  expect(ordered.toSorted()).toEqual(namesOf(usual).toSorted());
  expect(ordered).not.toContain("trino-worker");
  for (const { name, needs } of usual) {
    for (const need of needs) expect(ordered.indexOf(need)).toBeLessThan(ordered.indexOf(name));
  }
});

test("withNeeds() adds what the named services need, once", () => {
  expect(names("consumer", "kafka")).toEqual(["kafka", "postgres", "consumer"]);
  expect(names("postgres")).toEqual(["postgres"]);
  expect(names("trino-worker").slice(-2)).toEqual(["trino", "trino-worker"]);
});

test("withDependants() adds what would not work without the named services", () => {
  const dependants = (...words: string[]) =>
    namesOf(withDependants(services, named(services, words)));
  expect(dependants("trino-worker")).toEqual(["trino-worker"]);
  expect(dependants("trino")).toEqual(["trino", "trino-worker", "superset"]);
  expect(dependants("kafka")).toEqual(
    expect.arrayContaining(["kafka", "consumer", "producer", "trino", "superset"]),
  );
});

test("withNeeds() leaves out what only a service needs that runs elsewhere", () => {
  const isHere = ({ name }: Service) => name !== "trino";
  expect(namesOf(withNeeds(services, named(services, ["superset"]), isHere))).toEqual([
    "postgres",
    "trino",
    "superset",
  ]);
});

test("named() takes a service by its name or by that of its group, each once", () => {
  expect(namesOf(named(services, ["cluster", "trino-worker", "kafka"]))).toEqual([
    "trino-worker",
    "kafka",
  ]);
  expect(named(services, [])).toEqual(usual);
  expect(named(services, [DEFAULT_GROUP])).toEqual(usual);
});

test("no service has the name of a group", () => {
  expect(namesOf(services)).not.toContain(DEFAULT_GROUP);
  for (const service of services) expect(namesOf(services)).not.toContain(groupOf(service));
});

test("serviceNamed() lists the services when there is none of that name", () => {
  expect(() => serviceNamed(services, "kafak")).toThrow(
    "Cannot find service kafak: the services are kafka, postgres",
  );
});
