export { ByteWriter } from './byte-writer.js';
export { HpackDecoder, type HpackDecoderOptions, type OnHeader } from './decoder.js';
export { HpackEncoder, type HpackEncoderOptions } from './encoder.js';
export { HpackError, type HpackErrorCode } from './errors.js';
export { headerListSize } from './header-list-size.js';
export { ENTRY_OVERHEAD } from './limits.js';
export { SECRET_NAMES, VARYING_NAMES } from './indexing.js';
