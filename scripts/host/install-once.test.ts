import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installOnce } from "./install-once.ts";

const parent = mkdtempSync(join(tmpdir(), "install-once-"));
afterAll(() => rmSync(parent, { recursive: true }));

/** An installation of one file, which counts how often it is made. */
function installation(name: string, make: (folder: string) => void) {
  const folder = join(parent, "cache", name);
  let times = 0;
  return {
    folder,
    times: () => times,
    install: (signal?: AbortSignal) =>
      installOnce(
        {
          title: name,
          folder,
          isInstalled: () => existsSync(folder),
          amount: () => "one file",
          async make() {
            times++;
            await Bun.sleep(1);
            make(folder);
          },
        },
        { signal },
      ),
  };
}

test("installOnce() makes it once when several want it at once, and leaves no lock", async () => {
  const wanted = installation("once", (folder) => writeFileSync(folder, "made"));
  await Promise.all([wanted.install(), wanted.install(), wanted.install()]);
  await wanted.install();
  expect(wanted.times()).toBe(1);
  expect(readFileSync(wanted.folder, "utf8")).toBe("made");
  expect(readdirSync(join(parent, "cache"))).toEqual(["once"]);
});

test("installOnce() fails with the reason when it cannot be made, and makes it the next time", async () => {
  let isFull = true;
  const wanted = installation("later", (folder) => {
    if (isFull) throw new Error("the disk is full");
    writeFileSync(folder, "made");
  });
  await expect(wanted.install()).rejects.toThrow("the disk is full");
  isFull = false;
  await wanted.install();
  expect(wanted.times()).toBe(2);
});

test("installOnce() makes nothing when its signal has come", async () => {
  const wanted = installation("never", () => {});
  await expect(wanted.install(AbortSignal.abort(new Error("Ctrl-C")))).rejects.toThrow("Ctrl-C");
  expect(wanted.times()).toBe(0);
});
