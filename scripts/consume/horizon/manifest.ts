/**
 * What an index holds, in one small file that is replaced as a whole. A file that it does not name is
 * not part of the index.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { BrokenIndexError, checksum } from "./checksum.ts";

/** Below 0 it stands in another partition, from which this one has its users. */
const offset = z.number().int();
const count = z.number().int().min(0);

const manifestSchema = z.strictObject({
  /** Another number for another layout, or for other rules by which a record has an id. */
  format: z.literal(2),
  topicId: z.string(),
  partition: count,
  /** The key of the mixer. */
  key: z.array(z.number().int()).length(4),
  sliceMs: z.number().int().min(1),
  /** The index holds every record of the horizon up to, not including, this offset. */
  validTo: offset,
  /** The slice that was reached there. */
  slice: z.number().int(),
  /** Answers are right for offsets from here on: their whole horizon is held. */
  validFrom: offset,
  /** The last record with an id below `validTo`: its offset and its mixed id. */
  last: z.object({ offset, words: z.array(z.number().int()).length(4) }).optional(),
  /** Where each slice begins. */
  starts: z.array(z.object({ slice: z.number().int(), offset })),
  /** In the order of the log. */
  runs: z.array(
    z.strictObject({
      file: z.string().regex(/^[\w-]+\.run$/),
      slice: z.number().int(),
      first: offset,
      next: offset,
      count,
      retracts: z.boolean(),
      bytes: count,
      checksum: z.number().int(),
    }),
  ),
});

export type Manifest = z.infer<typeof manifestSchema>;

const NAME = "manifest";

/** @throws BrokenIndexError when there is none, or when it is not as it was written */
export function readManifest(folder: string): Manifest {
  let text: string;
  try {
    text = readFileSync(join(folder, NAME), "utf8");
  } catch (error) {
    throw new BrokenIndexError("it has no manifest", { cause: error });
  }
  const [sum, body = ""] = text.split(/ (.*)/s);
  if (sum !== hex(body)) throw new BrokenIndexError("its manifest is torn");
  const parsed = manifestSchema.safeParse(JSON.parse(body));
  if (!parsed.success) throw new BrokenIndexError("its manifest has another format");
  return parsed.data;
}

/** Replaces the manifest. */
export function writeManifest(folder: string, manifest: Manifest): void {
  const body = JSON.stringify(manifest);
  const path = join(folder, `${NAME}.new`);
  writeFileSync(path, `${hex(body)} ${body}`);
  renameSync(path, join(folder, NAME));
}

const hex = (body: string) => (checksum(Buffer.from(body)) >>> 0).toString(16).padStart(8, "0");
