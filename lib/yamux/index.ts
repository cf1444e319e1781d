export {
  DEFAULT_YAMUX_CONFIG,
  problemOfYamuxConfig,
  verifyYamuxConfig,
  YAMUX_CONFIG_RULES,
  type YamuxConfig,
} from './config.js';
export { YamuxError, type YamuxErrorCode } from './errors.js';
export {
  YamuxFlag,
  YamuxFrameType,
  GoAwayCode,
  HEADER_LENGTH,
  INITIAL_WINDOW,
  MAX_UINT32,
  writeHeader,
} from './frame.js';
export type { YamuxRole } from './frame-receiver.js';
export { YamuxSession } from './session.js';
export { YamuxStream } from './stream.js';
