/**
 * Zstandard for record batches. Results are taken in one piece where possible. By default they come
 * in pieces of 16 KiB, and joining those took a sixth of the consumer's time.
 */
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";

const compressAsync = promisify(zstdCompress);
const decompressAsync = promisify(zstdDecompress);
const pieceBytes = (bytes: number) => Math.min(4_194_304, Math.max(16_384, bytes));

export const compress = (bytes: Buffer): Promise<Buffer> =>
  compressAsync(bytes, {
    chunkSize: pieceBytes(bytes.length),
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
  });

export const decompress = (bytes: Buffer): Promise<Buffer> =>
  decompressAsync(bytes, { chunkSize: pieceBytes(bytes.length * 8) });
