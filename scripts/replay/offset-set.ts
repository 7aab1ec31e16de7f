/** A set of offsets of one partition: a bit each, in pages where there are any. Pure. */

const PAGE_OFFSETS = 2 ** 16;

export class OffsetSet {
  size = 0;
  readonly #pages = new Map<number, Uint8Array>();

  add(offset: number): void {
    const number = Math.floor(offset / PAGE_OFFSETS);
    const page = this.#pages.get(number) ?? new Uint8Array(PAGE_OFFSETS / 8);
    this.#pages.set(number, page);
    if (this.has(offset)) return;
    const bit = offset % PAGE_OFFSETS;
    page[bit >> 3]! |= 1 << (bit & 7);
    this.size += 1;
  }

  has(offset: number): boolean {
    const page = this.#pages.get(Math.floor(offset / PAGE_OFFSETS));
    const bit = offset % PAGE_OFFSETS;
    return page !== undefined && (page[bit >> 3]! & (1 << (bit & 7))) !== 0;
  }
}
