import { FLAG, frame, number32, REQUEST, TYPE } from '../fixtures/http2/raw-client.js';
import type { Random } from '../unit/http2/hpack/random.js';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const STATUS_200 = hex('88');
const STATUS_103 = hex('0803313033');
const TRAILERS = hex('0001780179');
const CONTENT_LENGTH_5 = hex('0f0d0135');
/** Into the table, out of it, and a change of its size. */
const BLOCKS = [hex('4001780179'), hex('be'), hex('bf'), hex('20'), hex('3fe11f'), hex('8286')];
const BODY = Buffer.alloc(16_384, 'x');
const GO_AWAY = Buffer.concat([number32(20), number32(0)]);
const SETTING_VALUES = [0, 1, 5, 100, 4096, 16_384, 65_535, 100_000, 2 ** 24 - 1, 2 ** 31 - 1];

/** What a peer sends: mostly what it may, in an order that mostly makes sense, and sometimes not. */
export class RandomFrames {
  readonly #random: Random;
  readonly #isClient: boolean;
  /** How often a frame is nonsense. */
  readonly #wildness: number;
  #nextId = 1;
  /** Streams that this peer may still send on. */
  readonly #open: number[] = [];
  /** Streams that there were. */
  readonly #used: number[] = [];
  #owesTableSize: boolean;

  /**
   * @param isClient - whether the peer opens streams.
   * @param owesTableSize - whether its first block must begin by making its dynamic table smaller.
   */
  constructor(random: Random, isClient: boolean, owesTableSize: boolean) {
    this.#random = random;
    this.#isClient = isClient;
    this.#owesTableSize = owesTableSize;
    this.#wildness = random.pick([0, 0.001, 0.01, 0.1]);
  }

  /** The connection has opened a stream. */
  open(id: number): void {
    if (this.#used.includes(id)) return;
    this.#open.push(id);
    this.#used.push(id);
  }

  /** Nothing more may be sent on a stream. */
  close(id: number): void {
    const at = this.#open.indexOf(id);
    if (at >= 0) this.#open.splice(at, 1);
  }

  next(): Buffer {
    const random = this.#random;
    const made = this.#make();
    if (!random.chance(this.#wildness)) return made;
    const wild = Buffer.from(made);
    for (let i = random.below(3); i >= 0; i--) wild[random.below(wild.length)] = random.below(256);
    return wild;
  }

  #make(): Buffer {
    const random = this.#random;
    const kind = random.below(100);
    if (kind < 10) return this.#settings();
    if (kind < 13) return frame(TYPE.ping, random.below(2), 0, BODY.subarray(0, 8));
    if (kind < 15) return frame(10 + random.below(100), 0, 0, BODY.subarray(random.below(16_384)));
    if (kind < 16) return frame(TYPE.settings, FLAG.ack, 0);
    if (kind < 17 && random.chance(0.01)) return frame(TYPE.goAway, 0, 0, GO_AWAY);
    if (this.#used.length === 0 || (kind < 30 && this.#isClient)) {
      return this.#isClient ? this.#request() : this.#settings();
    }
    return this.#onStream(random.below(100));
  }

  #onStream(kind: number): Buffer {
    const random = this.#random;
    const some = this.#used[this.#used.length - 1 - random.below(Math.min(20, this.#used.length))]!;
    if (kind < 30) {
      return frame(TYPE.windowUpdate, 0, this.#maybe0(some), number32(this.#credit()));
    }
    if (kind < 35) return frame(TYPE.priority, 0, some, Buffer.concat([number32(0), hex('10')]));
    if (this.#open.length === 0 && !random.chance(this.#wildness)) {
      return this.#isClient ? this.#request() : this.#settings();
    }
    const isWild = this.#open.length === 0 || random.chance(this.#wildness);
    const id = isWild ? some : random.pick(this.#open);
    if (kind < 40) {
      this.close(id);
      return frame(TYPE.rstStream, 0, id, number32(random.below(14)));
    }
    const endStream = random.chance(0.2) ? FLAG.endStream : 0;
    const made = kind < 55 ? this.#headers(id, endStream) : this.#data(id, endStream);
    if (made[4]! & FLAG.endStream) this.close(id);
    return made;
  }

  #maybe0(id: number): number {
    return this.#random.chance(0.3) ? 0 : id;
  }

  #credit(): number {
    const { below, chance } = bound(this.#random);
    if (chance(this.#wildness)) return 2 ** 31 - 1;
    return chance(this.#wildness) ? 0 : 1 + below(20_000);
  }

  #request(): Buffer {
    const random = this.#random;
    const id = this.#nextId;
    this.#nextId += 2 * (1 + random.length(3));
    const extra = [random.pick([Buffer.alloc(0), Buffer.alloc(0), CONTENT_LENGTH_5])];
    const endStream = random.chance(0.3) ? FLAG.endStream : 0;
    this.#used.push(id);
    if (!endStream) this.#open.push(id);
    return this.#block(id, endStream, Buffer.concat([REQUEST, ...extra, this.#more()]));
  }

  #headers(id: number, endStream: number): Buffer {
    const random = this.#random;
    if (this.#isClient) return this.#block(id, FLAG.endStream, this.#more(TRAILERS));
    const status = random.pick([STATUS_200, STATUS_200, STATUS_103, TRAILERS]);
    const isTrailers = status === TRAILERS;
    if (status === STATUS_103) endStream = 0;
    return this.#block(id, isTrailers ? FLAG.endStream : endStream, this.#more(status));
  }

  #more(before: Buffer = Buffer.alloc(0)): Buffer {
    const { pick, chance, bytes, below } = bound(this.#random);
    if (chance(this.#wildness)) return Buffer.concat([before, bytes(below(40))]);
    return chance(this.#wildness * 10) ? Buffer.concat([before, pick(BLOCKS)]) : before;
  }

  /** A header block in one frame or in several, padded or not. */
  #block(id: number, flags: number, headers: Buffer): Buffer {
    const random = this.#random;
    const block = this.#owesTableSize ? Buffer.concat([hex('20'), headers]) : headers;
    this.#owesTableSize = false;
    if (random.chance(0.8)) return frame(TYPE.headers, flags | FLAG.endHeaders, id, block);
    if (random.chance(0.5)) {
      const padding = random.below(10);
      const padded = Buffer.concat([Buffer.from([padding]), block, Buffer.alloc(padding)]);
      return frame(TYPE.headers, flags | FLAG.endHeaders | FLAG.padded, id, padded);
    }
    const cut = random.below(block.length + 1);
    const frames = [frame(TYPE.headers, flags, id, block.subarray(0, cut))];
    while (random.chance(0.2)) frames.push(frame(TYPE.continuation, 0, id));
    frames.push(frame(TYPE.continuation, FLAG.endHeaders, id, block.subarray(cut)));
    return Buffer.concat(frames);
  }

  #data(id: number, endStream: number): Buffer {
    const random = this.#random;
    const length = random.chance(0.05) ? random.below(16_385) : random.below(50);
    if (random.chance(0.9)) return frame(TYPE.data, endStream, id, BODY.subarray(0, length));
    const padding = random.below(Math.min(256, 16_383 - Math.min(length, 16_382)));
    const padded = Buffer.concat([
      Buffer.from([padding]),
      BODY.subarray(0, Math.min(length, 16_383 - padding)),
      Buffer.alloc(padding),
    ]);
    return frame(TYPE.data, endStream | FLAG.padded, id, padded);
  }

  #settings(): Buffer {
    const random = this.#random;
    const entries = Array.from({ length: random.below(3) }, () => {
      const id = random.pick([1, 3, 4, 4, 4, 5, 6, 99]);
      // Of no more than what the connection may have of each, mostly.
      const value = id === 5 ? 16_384 + random.below(100_000) : random.pick(SETTING_VALUES);
      return Buffer.concat([Buffer.from([0, id]), number32(value)]);
    });
    return frame(TYPE.settings, 0, 0, Buffer.concat(entries));
  }
}

function bound(random: Random): Pick<Random, 'below' | 'chance' | 'pick' | 'bytes'> {
  return {
    below: (limit) => random.below(limit),
    chance: (probability) => random.chance(probability),
    pick: (items) => random.pick(items),
    bytes: (length) => random.bytes(length),
  };
}
