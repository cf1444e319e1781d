/** A field of a header block, in one of HPACK's forms. */
export type Field =
  /** Literal with a literal name; `insert` puts it into the dynamic table. */
  | { form: 'literal' | 'insert'; name: string; value: string; fill?: number }
  /** One field by its index, `times` times. */
  | { form: 'index'; index: number; times: number }
  /** A change of the size of the dynamic table. */
  | { form: 'size'; size: number }
  | { form: 'raw'; hex: string };

/** Body of a gRPC message: its kind and its length before compression. */
export interface Content {
  kind: ContentKind;
  size: number;
}

export const CONTENT_KINDS = [
  'zeros',
  'bytes',
  'text',
  'high text',
  'items',
  'filled items',
  'packed',
  'varints',
  'labels',
  'nested',
  'groups',
  'unknown',
  'random',
  'fresh name',
] as const;
export type ContentKind = (typeof CONTENT_KINDS)[number];

export const COMPRESSIONS = ['none', 'gzip', 'deflate', 'flag', 'members', 'twice'] as const;
/** `flag` sets the flag alone; `members` is many empty members of gzip; `twice` compresses what is compressed. */
export type Compression = (typeof COMPRESSIONS)[number];

/** A message of gRPC, or `count` of them, in DATA frames. */
export interface MessageStep {
  do: 'message';
  stream: number;
  content: Content;
  compression: Compression;
  count: number;
  /** Payload of one DATA frame at most. */
  piece: number;
  padding: number;
  endStream: boolean;
  /** Announces another length than that of the body. */
  declared?: number;
}

/** One thing that a hostile peer does. A program is a list of them. */
export type Step =
  /** Bytes on the connection itself, `times` times. */
  | { do: 'bytes'; hex: string; times: number }
  /** A frame of HTTP/2, whose payload is `hex`, `fill` times; `length` announces another length. */
  | {
      do: 'http2';
      type: number;
      flags: number;
      stream: number;
      hex: string;
      fill: number;
      length?: number;
    }
  /** A header block in `pieces` frames; `unfinished` leaves END_HEADERS out. */
  | {
      do: 'headers';
      stream: number;
      fields: Field[];
      endStream: boolean;
      pieces: number;
      unfinished?: boolean;
    }
  | MessageStep
  /** A frame of yamux; of DATA, `length` is announced and `hex` follows. */
  | { do: 'yamux'; type: number; flags: number; stream: number; length: number; hex: string }
  /** The stream of yamux that HTTP/2 goes on to from here. */
  | { do: 'carrier'; stream: number }
  /** The steps `times` times, with stream identifiers that grow by `stride`, and carriers by `carrierStride`. */
  | { do: 'repeat'; times: number; stride: number; carrierStride: number; steps: Step[] }
  | { do: 'wait'; ms: number }
  | { do: 'reading'; on: boolean }
  /** Further bytes are written in pieces of so many bytes, at the pace given; 0 bytes: as they come. */
  | { do: 'pieces'; bytes: number; everyMs: number }
  /** Ends the sending half of the connection. */
  | { do: 'end' };

/** What a hostile peer answers by itself, as an honest one does. */
export interface Reflexes {
  /** Acknowledges streams of yamux. */
  accept: boolean;
  /** Gives credit for what it reads, in HTTP/2 and yamux. */
  credit: boolean;
  /** Acknowledges SETTINGS. */
  settings: boolean;
  /** Answers pings. */
  pings: boolean;
}

/** What a hostile peer does on one connection. */
export interface Program {
  reflexes: Reflexes;
  steps: Step[];
}

/** Bytes that a program may send on its connection. */
export const MOST_BYTES = 64 * 1024;

/** Milliseconds that a program may wait in all. */
export const MOST_WAIT_MS = 600;
