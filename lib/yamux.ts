/**
 * yamux sessions and streams on any `Duplex`, compatible with hashicorp/yamux.
 *
 * @module nestjs-backchannel/yamux
 */

export {
  DEFAULT_YAMUX_CONFIG,
  GoAwayCode,
  verifyYamuxConfig,
  YamuxError,
  YamuxSession,
  YamuxStream,
} from './yamux/index.js';
export type { YamuxConfig, YamuxErrorCode, YamuxRole } from './yamux/index.js';
