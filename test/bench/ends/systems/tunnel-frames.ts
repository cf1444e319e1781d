/** Messages of `tunnel.proto`, as the loader makes them. */
export interface Frame {
  call: number;
  request?: { method: 'Echo' | 'Download'; data: Buffer; chunk: number };
  message?: Buffer;
  end?: { code: number; details: string };
  cancel?: object;
}

/** Either end of a tunnel's stream. */
export interface FrameStream {
  write(frame: Partial<Frame>): boolean;
  on(event: 'data', listener: (frame: Frame) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close' | 'end', listener: () => void): unknown;
  once(event: 'drain', listener: () => void): unknown;
}
