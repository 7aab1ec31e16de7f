import { expect, test } from "bun:test";
import { serviceNamed, withNeeds } from "./order.ts";
import { services } from "./services.ts";

const names = (...requested: string[]) => withNeeds(services, requested).map(({ name }) => name);

test("withNeeds() gives every service after what it needs when none is named", () => {
  const ordered = names();
  expect(ordered.toSorted()).toEqual(services.map(({ name }) => name).toSorted());
  for (const { name, needs } of services) {
    for (const need of needs) expect(ordered.indexOf(need)).toBeLessThan(ordered.indexOf(name));
  }
});

test("withNeeds() adds what the named services need, once", () => {
  expect(names("consumer", "kafka")).toEqual(["kafka", "postgres", "consumer"]);
  expect(names("postgres")).toEqual(["postgres"]);
});

test("serviceNamed() lists the services when there is none of that name", () => {
  expect(() => serviceNamed(services, "kafak")).toThrow(
    "Cannot find service kafak: the services are kafka, postgres",
  );
});
