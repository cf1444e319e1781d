/** Empty places at the front that are let be, before the rest moves up. */
const MAX_GAP = 32;

/** Data of a stream that had no place yet, in pieces of any size. */
export class SendQueue {
  #pieces: Uint8Array[] = [];
  /** Where the first piece is: taking from the front of a long array would move all of it each time. */
  #first = 0;
  #bytes = 0;

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  put(pieces: readonly Uint8Array[], bytes: number): void {
    for (const piece of pieces) if (piece.length > 0) this.#pieces.push(piece);
    this.#bytes += bytes;
  }

  /** Takes the first `bytes`, which must be there. */
  take(bytes: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    for (let missing = bytes; missing > 0;) {
      const piece = this.#pieces[this.#first]!;
      if (piece.length > missing) {
        taken.push(piece.subarray(0, missing));
        this.#pieces[this.#first] = piece.subarray(missing);
        break;
      }
      taken.push(piece);
      missing -= piece.length;
      this.#first += 1;
    }
    this.#bytes -= bytes;
    this.#moveUp();
    return taken;
  }

  clear(): void {
    this.#pieces = [];
    this.#first = 0;
    this.#bytes = 0;
  }

  /** Lets go of what was taken, at the latest when that is half of the array. */
  #moveUp(): void {
    if (this.#bytes === 0) this.clear();
    else if (this.#first > MAX_GAP && 2 * this.#first > this.#pieces.length) {
      this.#pieces.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
