/**
 * Unpacks LZ4's frame format, as Kafka's clients write it: one frame of blocks that do not depend on
 * each other. Each block is unpacked alone, so that the reader can stop, and so that the library's
 * memory, which never shrinks, holds one block at most.
 */
import { lz4Decompress } from "@platformatic/wasm-utils";

const MAGIC = 0x184d2204;
/** Bits of the frame's flags. */
const VERSION = 0xc0;
const VERSION_1 = 0x40;
const HAS_BLOCK_CHECKSUM = 0x10;
const HAS_LENGTH = 0x08;
/** The bit of a block's size that says that the block is not compressed. */
const IS_PLAIN = 0x80000000;

/** A header without checksums, by the frame's byte for the largest block: 64 KiB to 4 MiB. */
const HEADERS: Readonly<Record<number, Buffer>> = {
  64: Buffer.from("04224d18604082", "hex"),
  80: Buffer.from("04224d186050fb", "hex"),
  96: Buffer.from("04224d18606051", "hex"),
  112: Buffer.from("04224d18607073", "hex"),
};
const END = Buffer.alloc(4);

/**
 * The blocks of the frame, unpacked one by one.
 * @throws an error of the library, or RangeError, for bytes of another format
 */
export function* lz4Blocks(given: Uint8Array): Generator<Uint8Array> {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const flags = bytes.readUInt8(4);
  const header = HEADERS[bytes.readUInt8(5)];
  if (bytes.readUInt32LE(0) !== MAGIC || (flags & VERSION) !== VERSION_1 || !header) {
    throw new RangeError("no frame of LZ4");
  }
  let at = flags & HAS_LENGTH ? 15 : 7;
  for (;;) {
    const size = bytes.readUInt32LE(at) & ~IS_PLAIN;
    if (size === 0) return;
    const stored = bytes.subarray(at, at + 4 + size);
    if (stored.length < 4 + size) throw new RangeError("a block is cut");
    const isPlain = bytes.readUInt32LE(at) !== size;
    yield isPlain ? stored.subarray(4) : lz4Decompress(Buffer.concat([header, stored, END]));
    at += stored.length + (flags & HAS_BLOCK_CHECKSUM ? 4 : 0);
  }
}
