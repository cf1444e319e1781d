export { MAGIC_LENGTH, type Handshaker, type MuxConnection } from './handshaker.js';
export { ListenMux, type ListenMuxOptions } from './listen-mux.js';
