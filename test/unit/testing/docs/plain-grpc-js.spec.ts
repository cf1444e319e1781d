import { expect, it, onTestFinished } from 'vitest';
import { credentials, type handleUnaryCall } from '@grpc/grpc-js';
import {
  builtInEngine,
  ClientHandshaker,
  getBackchannel,
  ListenMux,
  Registry,
  serveConnections,
  ServerHandshaker,
} from 'nestjs-backchannel/core';
import { MemoryNetwork } from 'nestjs-backchannel/testing';
import { Gitaly, Praefect } from '../../../../sample/02-plain-grpc-js/protos.js';

const mutator: handleUnaryCall<object, object> = (call, callback) => {
  getBackchannel(call).client(Praefect)['VoteTransaction']!({}, callback);
};

it('calls back whoever calls, without Nest', async () => {
  const network = new MemoryNetwork();
  const gitaly = builtInEngine.createServer();
  gitaly.addService(Gitaly.service, { Mutator: mutator });
  const mux = new ListenMux({ onConnection: serveConnections(gitaly) });
  mux.register(new ServerHandshaker(new Registry()));
  network.listen('gitaly', mux);

  let votes = 0;
  const voteTransaction: handleUnaryCall<object, object> = (_call, callback) => {
    votes += 1;
    callback(null, {});
  };
  const handshaker = new ClientHandshaker(() => {
    const praefect = builtInEngine.createServer();
    praefect.addService(Praefect.service, { VoteTransaction: voteTransaction });
    return praefect;
  });
  const channelOverride = handshaker.createChannelOver(() => network.dial('gitaly'));
  const client = new Gitaly('gitaly', credentials.createInsecure(), { channelOverride });
  onTestFinished(() => client.close());

  await new Promise((resolve, reject) => {
    client['Mutator']!({}, (error: Error | null) => (error ? reject(error) : resolve(undefined)));
  });
  expect(votes).toBe(1);
});
