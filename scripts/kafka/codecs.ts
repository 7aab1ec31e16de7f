/**
 * How Kafka's clients compress record batches. Each function that unpacks takes the compressed bytes and the most
 * bytes that the result may have. gzip and Zstandard work on threads of their own.
 */
import { promisify } from "node:util";
import { constants, gunzip, zstdCompress, zstdDecompress } from "node:zlib";
import { snappyDecompress } from "@platformatic/wasm-utils";
import { lz4Blocks } from "./lz4-frame.ts";

/** The records are longer than they may be. */
export class TooLongError extends Error {
  override name = "TooLongError";
}

type Decompress = (bytes: Uint8Array, bytesMax: number) => Uint8Array | Promise<Uint8Array>;

/** By Kafka's number. Each throws TooLongError, or another error for bytes that are broken. */
export const decompressors: Readonly<Record<number, Decompress>> = {
  1: boundedBy(promisify(gunzip)),
  2: decompressSnappy,
  3: decompressLz4,
  4: boundedBy(promisify(zstdDecompress)),
};

function tooLong(bytesMax: number): never {
  throw new TooLongError(`more than ${bytesMax} bytes`);
}

/**
 * Results are taken in one piece where possible. By default they come in pieces of 16 KiB, and
 * joining those took a sixth of the consumer's time.
 */
const pieceBytes = (bytes: number) => Math.min(4_194_304, Math.max(16_384, bytes));

const zstdCompressAsync = promisify(zstdCompress);

export const compressZstd = (bytes: Buffer): Promise<Buffer> =>
  zstdCompressAsync(bytes, {
    chunkSize: pieceBytes(bytes.length),
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
  });

type Zlib = (
  bytes: Uint8Array,
  options: { chunkSize: number; maxOutputLength: number },
) => Promise<Uint8Array>;

function boundedBy(decompress: Zlib): Decompress {
  return async (bytes, bytesMax) => {
    const chunkSize = pieceBytes(bytes.length * 8);
    try {
      return await decompress(bytes, { chunkSize, maxOutputLength: bytesMax });
    } catch (error) {
      if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") tooLong(bytesMax);
      throw error;
    }
  };
}

function decompressLz4(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  let length = 0;
  for (const block of lz4Blocks(bytes)) {
    length += block.length;
    if (length > bytesMax) tooLong(bytesMax);
    blocks.push(block);
  }
  return Buffer.concat(blocks, length);
}

/** Clients in Java cut the records into blocks, behind a header of 16 bytes that starts so. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const XERIAL_HEADER_BYTES = 16;

function decompressSnappy(given: Uint8Array, bytesMax: number): Uint8Array {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) {
    lengthOfSnappy(bytes, bytesMax);
    return snappyDecompress(bytes);
  }
  const blocks: Buffer[] = [];
  let left = bytesMax;
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const size = bytes.readInt32BE(at);
    const block = bytes.subarray(at + 4, at + 4 + size);
    if (size <= 0 || block.length < size) throw new RangeError("a block is cut");
    left -= lengthOfSnappy(block, left);
    blocks.push(snappyDecompress(block));
    at += 4 + size;
  }
  return Buffer.concat(blocks);
}

/** No three bytes of Snappy stand for more than this. */
const SNAPPY_RATIO_MAX = 64;

/** The length that a block says it has; memory is taken for that much. */
function lengthOfSnappy(block: Buffer, bytesMax: number): number {
  let length = 0;
  for (let at = 0, scale = 1; ; at++, scale *= 0x80) {
    const byte = block[at];
    if (byte === undefined || at === 5) throw new RangeError("a block has no length");
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  if (length > block.length * SNAPPY_RATIO_MAX) throw new RangeError("a block's length is wrong");
  if (length > bytesMax) tooLong(bytesMax);
  return length;
}
