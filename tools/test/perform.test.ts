import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { perform } from "./perform.ts";
import { makeRunFolder, removeRunFolder } from "./run-folder.ts";

setDefaultTimeout(60_000);

const folder = makeRunFolder();
afterAll(() => removeRunFolder(folder));

const shell = (script: string) => ["sh", "-c", script];

test("perform() counts a step as one that passed when it ends with 0, and shows nothing of it", async () => {
  const result = await perform({ name: "quiet", command: shell("echo much") }, folder);
  expect(result).toMatchObject({ passed: 1, failures: [], output: "" });
});

test("perform() says with which status a step failed, and shows both outputs in their order", async () => {
  const command = shell("echo one; echo two >&2; echo three; exit 7");
  const result = await perform({ name: "loud", command }, folder);
  expect(result).toMatchObject({
    passed: 0,
    failures: [{ test: "loud", reason: "It ended with status 7" }],
    output: "one\ntwo\nthree\n",
  });
});

test("perform() ends a step that takes too long", async () => {
  const step = { name: "hangs", command: ["sleep", "60"], msMax: 100 };
  const { failures } = await perform(step, folder);
  expect(failures).toEqual([{ test: "hangs", reason: "It was ended by SIGTERM" }]);
});

test("perform() counts a step neither way when its status says that it could not run here", async () => {
  const command = shell("echo looked; echo there is no engine; exit 3");
  const step = { name: "containers", command, notRunStatus: 3 };
  expect(await perform(step, folder)).toMatchObject({
    ...{ passed: 0, failures: [], notRun: "there is no engine" },
  });
});

test("perform() counts the tests of a file, and gives them the run's folder for what is temporary", async () => {
  const file = join(folder, "some.test.ts");
  writeFileSync(
    file,
    `import { expect, test } from "bun:test";
     import { tmpdir } from "node:os";
     test("knows", () => expect(tmpdir()).toBe(${JSON.stringify(folder)}));
     test("fails", () => expect(1).toBe(2));`,
  );
  const command = [process.execPath, "test", file];
  const result = await perform({ name: "file", command, isTestFile: true }, folder);
  expect(result.passed).toBe(1);
  expect(result.failures.map(({ test }) => test)).toEqual([expect.stringMatching(/> fails$/)]);
});

test("removeRunFolder() stops the stacks that tests have left in it, and deletes it", async () => {
  const other = makeRunFolder();
  mkdirSync(join(other, "stack-test-left"));
  writeFileSync(join(other, "anything"), "");
  expect(await removeRunFolder(other)).toBe(1);
  expect(existsSync(other)).toBe(false);
});
