import { credentials } from '@grpc/grpc-js';
import type { Link } from './link.js';
import { Listening } from './listening.js';

/** A plain TCP connection on the loopback interface. */
export const directLink: Link = {
  name: 'a TCP connection',
  async connect(pair, options, prepare) {
    const server = pair.server.createServer(options.server);
    prepare(server);
    const listening = await new Listening((socket) => {
      socket.setNoDelay(true);
      server.serve(socket);
    }).listen();
    const channel = pair.client.createDialChannel(
      listening.address,
      credentials.createInsecure(),
      async (socket) => socket,
      options.client,
    );
    return {
      channel,
      server,
      cut: () => listening.cut(),
      async close() {
        channel.close();
        server.forceShutdown();
        await listening.close();
      },
    };
  },
};
