import { expect, test } from "bun:test";
import { serviceNamed, withDependants, withNeeds } from "./order.ts";
import { services } from "./services.ts";

const names = (...requested: string[]) => withNeeds(services, requested).map(({ name }) => name);

test("withNeeds() gives every service after what it needs when none is named", () => {
  const ordered = names();
  const usual = services.filter(({ isOptional }) => !isOptional).map(({ name }) => name);
  expect(ordered.toSorted()).toEqual(usual.toSorted());
  expect(ordered).not.toContain("trino-worker");
  for (const { name, needs } of services.filter(({ isOptional }) => !isOptional)) {
    for (const need of needs) expect(ordered.indexOf(need)).toBeLessThan(ordered.indexOf(name));
  }
});

test("withNeeds() adds what the named services need, once", () => {
  expect(names("consumer", "kafka")).toEqual(["kafka", "postgres", "consumer"]);
  expect(names("postgres")).toEqual(["postgres"]);
  expect(names("trino-worker").slice(-2)).toEqual(["trino", "trino-worker"]);
});

test("withDependants() adds what would not work without the named services", () => {
  const dependants = (...requested: string[]) =>
    withDependants(services, requested).map(({ name }) => name);
  expect(dependants("trino-worker")).toEqual(["trino-worker"]);
  expect(dependants("trino")).toEqual(["trino", "trino-worker", "superset"]);
  expect(dependants("kafka")).toEqual(
    expect.arrayContaining(["kafka", "consumer", "producer", "trino", "superset"]),
  );
});

test("serviceNamed() lists the services when there is none of that name", () => {
  expect(() => serviceNamed(services, "kafak")).toThrow(
    "Cannot find service kafak: the services are kafka, postgres",
  );
});
