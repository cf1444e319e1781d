export { ListenMuxError, type ListenMuxErrorCode } from './errors.js';
export {
  isHandshaker,
  isMagic,
  MAGIC_LENGTH,
  type Handshaker,
  type MuxConnection,
} from './handshaker.js';
export {
  LISTEN_MUX_LIMIT_RULES,
  listenMuxLimitsOf,
  type ListenMuxLimitOptions,
  type ListenMuxLimits,
} from './listen-mux-limits.js';
export { ListenMux, type ListenMuxOptions } from './listen-mux.js';
export { isNoTls, tlsReason } from './tls-reason.js';
