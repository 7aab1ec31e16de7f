/**
 * Event ids in the form of UUID version 7: the event's time, then 74 random bits. Pure: the same time
 * and the same random stream give the same id.
 */
import type { RandomStream } from "./random.ts";

/** Four hexadecimal digits of each 16-bit number. */
const HEX = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, "0"));

export class EventIds {
  private timeMs = -1;
  private timePart = "";

  constructor(private readonly random: RandomStream) {}

  next(timeMs: number): string {
    if (timeMs !== this.timeMs) {
      const digits = timeMs.toString(16).padStart(12, "0");
      this.timePart = `${digits.slice(0, 8)}-${digits.slice(8)}-`;
      this.timeMs = timeMs;
    }
    const first = this.random.word();
    const second = this.random.word();
    const third = this.random.word();
    const version = HEX[0x7000 | (first & 0x0fff)]!;
    const variant = HEX[0x8000 | ((first >>> 16) & 0x3fff)]!;
    return `${this.timePart}${version}-${variant}-${HEX[second >>> 16]!}${HEX[second & 0xffff]!}${HEX[third >>> 16]!}`;
  }
}
