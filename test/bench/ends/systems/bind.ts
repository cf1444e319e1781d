import { ServerCredentials, type Server } from '@grpc/grpc-js';

/** Opens a port on loopback for `server`; gives `host:port`. */
export function bind(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(`127.0.0.1:${port}`),
    );
  });
}
