/** Reads the numbers of Kafka's record format from bytes. Pure. */

/** Where the varint that was read last ends. */
export let afterVarint = 0;

/** A zigzag varint. Most take one or two bytes; only a timestamp's difference can exceed 32 bits. */
export function readVarint(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) {
    afterVarint = at + 1;
    return (first >>> 1) ^ -(first & 1);
  }
  const second = bytes[at + 1] as number;
  if (second < 0x80) {
    afterVarint = at + 2;
    const value = (first & 0x7f) | (second << 7);
    return (value >>> 1) ^ -(value & 1);
  }
  return longVarint(bytes, at);
}

function longVarint(bytes: Uint8Array, at: number): number {
  let value = 0;
  let scale = 1;
  let byte = 0x80;
  afterVarint = at;
  while (byte >= 0x80 && scale < 2 ** 56) {
    byte = bytes[afterVarint++] as number;
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
