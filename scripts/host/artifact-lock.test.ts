import { expect, test } from "bun:test";
import { KAFKA } from "../../kafka/install.ts";
import { parseArtifactLock } from "./artifact-lock.ts";

const HASH = "a".repeat(64);

test("parseArtifactLock() gives coordinates, file name, hash and size", () => {
  expect(parseArtifactLock(`org.example:some-library_2.13:1.0.1-7 ${HASH} 42\n`)).toEqual([
    {
      coordinates: "org.example:some-library_2.13:1.0.1-7",
      name: "some-library_2.13-1.0.1-7.jar",
      sha256: HASH,
      bytes: 42,
    },
  ]);
});

test("parseArtifactLock() gives the file its own extension when it is not a jar", () => {
  const [artifact] = parseArtifactLock(`org.example:server:tar.gz:476 ${HASH} 42\n`);
  expect(artifact).toMatchObject({
    coordinates: "org.example:server:tar.gz:476",
    name: "server-476.tar.gz",
  });
});

test("parseArtifactLock() names the line when it is not an artifact", () => {
  const good = `org.example:library:1 ${HASH} 42`;
  for (const bad of ["library 1", `org.example:library:1 ${HASH}`, `a:b:../c ${HASH} 1`]) {
    expect(() => parseArtifactLock(`${good}\n${bad}\n`)).toThrow(`line 2 is ${bad}`);
  }
});

test("KAFKA.jars() has the broker, its log binding, and no file twice", () => {
  const names = KAFKA.jars().map(({ name }) => name);
  expect(names).toContain("kafka_2.13-4.4.0.jar");
  expect(names).toContain("log4j-slf4j-impl-2.25.5.jar");
  expect(new Set(names).size).toBe(names.length);
});
