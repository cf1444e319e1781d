import { connectivityState, status } from '@grpc/grpc-js';
import { UnknownPeerError } from 'nestjs-backchannel';
import { firstValueFrom, from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  dialingCredentials,
  goDialTls,
  goListenTls,
  listeningCredentials,
  type TlsMode,
} from '../fixtures/interop/certificates.js';
import { goPeers, prepareGoPeers } from '../fixtures/interop/go-toolchain.js';
import { blobs, pattern, verifyDownload } from '../fixtures/interop/pattern.js';
import type { PayloadService, Praefect } from '../fixtures/interop/services.js';
import {
  eventually,
  expectNoSockets,
  inParallel,
  useInterop,
} from '../fixtures/interop/use-interop.js';
import { expectSameBytes } from '../fixtures/yamux-streams.js';

const KiB = 1024;
const MiB = 1024 * KiB;

const sizes = [0, KiB, MiB, 3 * MiB, 20 * MiB];
const payloadScenario = `payload --sizes ${sizes.join()}`.split(' ');

const longDownload = { bytes: 64 * MiB, chunk: 64 * KiB };
const shortDownload = { bytes: 8 * MiB, chunk: 64 * KiB };
const streamScenario = `stream --bytes ${64 * MiB} --chunk ${64 * KiB}`.split(' ');
const shortSummary = await verifyDownload(from(blobs(shortDownload)));
const longSummary = await verifyDownload(from(blobs(longDownload)));

const crowdScenario = (mux: number, plain: number, calls: number): string[] =>
  `crowd --mux ${mux} --plain ${plain} --calls ${calls}`.split(' ');

const tlsModes: TlsMode[] = ['TLS', 'mutual TLS'];
const channelOptions = { 'grpc.ssl_target_name_override': 'gitaly.test' };

const missing = await prepareGoPeers();

describe.skipIf(missing !== undefined).each(goPeers)('Go with the $title', (peer) => {
  const interop = useInterop(peer);

  describe('dialing our listening side', () => {
    it('has a mutator answered after its vote', async () => {
      const { address } = await interop.listening();
      const result = await interop.goDials(address, ['mutator']).last();
      expect(result).toEqual({ mutator: true, votes: 1 });
    });

    it('has a mutator answered at once as a plain client', async () => {
      const { address } = await interop.listening();
      const result = await interop.goDials(address, ['mutator'], ['--plain']).last();
      expect(result).toEqual({ mutator: true, votes: 0 });
    });

    it.each([25, 50])(
      'LM-07 calls as %i multiplexed and as many plain clients at once, and no reply crosses peers',
      async (n) => {
        const { address, registry } = await interop.listening();
        const result = await interop.goDials(address, crowdScenario(n, n, 2)).last();
        expect(result).toEqual({
          multiplexed: n,
          plain: n,
          identified: 2 * n,
          refused: 2 * n,
          votes: n,
        });
        await eventually(() => expect(registry.size).toBe(0));
      },
    );

    it('HC-13 has 100 calls at once answered through one backchannel', async () => {
      const { address } = await interop.listening();
      const result = await interop.goDials(address, crowdScenario(1, 0, 100)).last();
      expect(result).toMatchObject({ identified: 100 });
    });

    it('gets messages from 0 B to 20 MiB back unchanged, from us and through its backchannel', async () => {
      const { address } = await interop.listening();
      const result = await interop.goDials(address, payloadScenario).last();
      expect(result).toEqual({ sizes, throughPeer: true });
    });

    it('gets messages from 0 B to 20 MiB back unchanged as a plain client', async () => {
      const { address } = await interop.listening();
      const result = await interop.goDials(address, payloadScenario, ['--plain']).last();
      expect(result).toEqual({ sizes, throughPeer: false });
    });

    it('streams 64 MiB each way', async () => {
      const { address } = await interop.listening();
      const result = await interop.goDials(address, streamScenario).last();
      expect(result).toEqual({ ...longSummary, throughPeer: true });
    });

    it('HC-14 streams on streams 1 and 2 at the same time', async () => {
      const { address, registry } = await interop.listening();
      const go = interop.goDials(address, streamScenario);
      await eventually(() => expect(registry.size).toBe(1));
      const caller = registry.backchannel(1).getService<PayloadService>('Payload');

      // Far less than what Go asks for, so that Go is still connected when it is through.
      const [back, forward] = await Promise.all([
        verifyDownload(caller.download(shortDownload)),
        go.last(),
      ]);

      expect(back).toEqual(shortSummary);
      expect(forward).toEqual({ ...longSummary, throughPeer: true });
    });

    it('leaves nothing behind when it hangs up right after a call', async () => {
      const { address, registry } = await interop.listening();
      const result = await interop.goDials(address, ['close-first']).last();
      expect(result).toEqual({ closed: true });
      await eventually(() => expect(registry.size).toBe(0));
    });

    it('is called back out of the blue until it closes, and leaves nothing behind', async () => {
      const { address, registry } = await interop.listening();
      const go = interop.goDials(address, ['serve']);
      expect(await go.next()).toEqual({ connected: true });
      expect(registry.size).toBe(1);

      const conn = registry.backchannel(1);
      await firstValueFrom(conn.getService<Praefect>('Praefect').voteTransaction({}));
      const { name } = await firstValueFrom(
        conn.getService<PayloadService>('Payload').identify({}),
      );
      expect(name).toBe('dialer');

      expect(await go.close()).toEqual({ closed: 'dialing', votes: 1 });
      await eventually(() => expect(registry.size).toBe(0));
      expect(() => registry.backchannel(1)).toThrow(UnknownPeerError);
    });

    it.each([
      { how: 'at once', gracefulShutdown: false },
      { how: 'gracefully', gracefulShutdown: true },
    ])('is hung up on when we close $how', async ({ gracefulShutdown }) => {
      const { address, registry, close } = await interop.listening({ gracefulShutdown });
      const go = interop.goDials(address, ['serve']);
      expect(await go.next()).toEqual({ connected: true });

      await close();

      expect(await go.last()).toEqual({ closed: 'listening', votes: 0 });
      expect(registry.size).toBe(0);
      await expectNoSockets();
    });

    it.each(tlsModes)('has a mutator answered after its vote over %s', async (mode) => {
      const { address } = await interop.listening({ credentials: listeningCredentials(mode) });
      const flags = [...goDialTls(mode), '--server-name', 'gitaly.test'];
      const result = await interop.goDials(address, ['mutator'], flags).last();
      expect(result).toEqual({ mutator: true, votes: 1 });
    });

    it('is refused without a certificate where mutual TLS is demanded', async () => {
      const credentials = listeningCredentials('mutual TLS');
      const { address, registry } = await interop.listening({ credentials });
      const go = interop.goDials(address, ['mutator'], goDialTls('TLS'));
      await expect(go.last()).rejects.toThrow(/Unavailable/);
      expect(registry.size).toBe(0);
    });
  });

  // Node's HTTP/2, on which grpc-js serves, resets calls whose `:authority` has a slash.
  const isResetByNode = peer.slashInAuthority && process.env['BACKCHANNEL_ENGINE'] === 'grpc-js';

  it.runIf(isResetByNode)('GR-02 has its calls back reset where grpc-js serves them', async () => {
    const { url } = await interop.goListens();
    const client = await interop.dialing({ url });

    const answer = firstValueFrom(client.gitaly.mutator({}));

    await expect(answer).rejects.toThrow(/PROTOCOL_ERROR/);
    expect(client.votes()).toBe(0);
  });

  describe.skipIf(isResetByNode)('listening for our dialing side', () => {
    it('answers a mutator after our vote', async () => {
      const { url } = await interop.goListens();
      const client = await interop.dialing({ url });
      await firstValueFrom(client.gitaly.mutator({}));
      expect(client.votes()).toBe(1);
    });

    it('answers the mutator of a plain client at once', async () => {
      const { url } = await interop.goListens();
      const client = interop.plain({ url });
      expect(await firstValueFrom(client.gitaly.mutator({}))).toEqual({});
    });

    it.each([25, 50])(
      'LM-07 answers %i multiplexed and as many plain clients at once, and no reply crosses peers',
      async (n) => {
        const { url, go } = await interop.goListens();
        const multiplexed = await inParallel(n, (i) =>
          interop.dialing({ url, name: `multiplexed ${i}` }),
        );
        const plain = await inParallel(n, (i) => interop.plain({ url, name: `plain ${i}` }));
        const everyone = [...multiplexed, ...plain];
        await Promise.all(everyone.map(({ payload }) => firstValueFrom(payload.identify({}))));

        const twice = everyone.flatMap((client) => [client, client]);
        const replies = await Promise.allSettled(
          twice.map(({ payload }) => firstValueFrom(payload.identifyPeer({}))),
        );
        await Promise.all(everyone.map(({ gitaly }) => firstValueFrom(gitaly.mutator({}))));

        const answered = replies.slice(0, 2 * n);
        const names = multiplexed.flatMap(({ name }) => [name, name]);
        expect(answered).toEqual(names.map((name) => ({ status: 'fulfilled', value: { name } })));
        for (const refused of replies.slice(2 * n)) {
          expect(refused).toMatchObject({ reason: { code: status.FAILED_PRECONDITION } });
        }
        expect(multiplexed.map((client) => client.votes())).toEqual(multiplexed.map(() => 1));
        await Promise.all(everyone.map((client) => client.close()));
        expect(await go.close()).toEqual({ closed: 'gracefully' });
      },
    );

    it('HC-13 answers 100 calls at once through our one backchannel', async () => {
      const { url } = await interop.goListens();
      const { payload } = await interop.dialing({ url });
      const sent = await inParallel(100, (i) => pattern(i, 64 * KiB + i));
      const got = await Promise.all(
        sent.map((data) => firstValueFrom(payload.echoThroughPeer({ data }))),
      );
      got.forEach(({ data }, i) => expectSameBytes(data, sent[i]!));
    });

    it.each(sizes)(
      'gives a message of %i B back unchanged, itself and through us',
      async (size) => {
        const { url } = await interop.goListens();
        const { payload } = await interop.dialing({ url });
        const plain = interop.plain({ url });
        const data = pattern(0, size);
        const forward = await firstValueFrom(payload.echo({ data }));
        expectSameBytes(forward.data, data);
        const back = await firstValueFrom(payload.echoThroughPeer({ data }));
        expectSameBytes(back.data, data);
        const unmultiplexed = await firstValueFrom(plain.payload.echo({ data }));
        expectSameBytes(unmultiplexed.data, data);
      },
    );

    it('streams 64 MiB each way', async () => {
      const { url } = await interop.goListens();
      const { payload } = await interop.dialing({ url });
      expect(await verifyDownload(payload.download(longDownload))).toEqual(longSummary);
      const back = await firstValueFrom(payload.downloadThroughPeer(longDownload));
      expect(back).toEqual(longSummary);
    });

    it('HC-14 streams on streams 1 and 2 at the same time', async () => {
      const { url } = await interop.goListens();
      const { payload } = await interop.dialing({ url });
      const [forward, back] = await Promise.all([
        verifyDownload(payload.download(longDownload)),
        firstValueFrom(payload.downloadThroughPeer(longDownload)),
      ]);
      expect(forward).toEqual(longSummary);
      expect(back).toEqual(longSummary);
    });

    it('PK-06 has its pings answered while streams 1 and 2 are busy', async () => {
      const { url } = await interop.goListens(['--ping', '1ms']);
      const relay = await interop.relay(url);
      const { payload } = await interop.dialing({ url: relay.url });
      await Promise.all([
        verifyDownload(payload.download(shortDownload)),
        firstValueFrom(payload.downloadThroughPeer(shortDownload)),
      ]);
      await relay.hears('listening', /^P\(SYN/, 3);

      const answers = relay.said('dialing', /^P\(ACK/);
      const pings = relay.said('listening', /^P\(SYN/);
      expect(answers).toEqual(
        pings.slice(0, answers.length).map((ping) => ping.replace('SYN', 'ACK')),
      );
      // It asks again when it has the answer.
      expect(pings.length - answers.length).toBeLessThanOrEqual(1);
    });

    it('sees us hang up, and leaves nothing behind', async () => {
      const { url, go } = await interop.goListens();
      const client = await interop.dialing({ url });
      await firstValueFrom(client.gitaly.mutator({}));

      await client.close();

      await expectNoSockets();
      expect(await go.close()).toEqual({ closed: 'gracefully' });
    });

    it('DR-04 has its call back finish when we close, though no forward call waits for it', async () => {
      const { go, url } = await interop.goListens(['--download', `${shortDownload.bytes}`]);
      const relay = await interop.relay(url);
      const client = await interop.dialing({ url: relay.url });
      await relay.hears('dialing', /^D\(0,2,/, 10);

      await client.close();

      expect(await go.next()).toEqual(shortSummary);
      // It drops what it has not read of its call when stream 1 ends, so we wait for its end of stream 2.
      expect(relay.position('dialing', /^W\(FIN,1,|^end$/)).toBeGreaterThan(
        relay.position('listening', /^W\(FIN,2,/),
      );
      expect(await go.close()).toEqual({ closed: 'gracefully' });
    });

    it('hangs up on us when it closes, and leaves nothing behind', async () => {
      const { url, go } = await interop.goListens();
      const client = await interop.dialing({ url });
      await client.connect();

      expect(await go.close()).toEqual({ closed: 'gracefully' });

      await eventually(() => {
        expect(client.channel.getConnectivityState(false)).not.toBe(connectivityState.READY);
      });
      await client.close();
      await expectNoSockets();
    });

    it.each(tlsModes)('answers a mutator after our vote over %s', async (mode) => {
      const { url } = await interop.goListens(goListenTls(mode));
      const credentials = dialingCredentials(mode);
      const client = await interop.dialing({ url, credentials, channelOptions });
      await firstValueFrom(client.gitaly.mutator({}));
      expect(client.votes()).toBe(1);
    });

    it('refuses us without a certificate where it demands mutual TLS', async () => {
      const { url } = await interop.goListens(goListenTls('mutual TLS'));
      const credentials = dialingCredentials('TLS');
      const client = await interop.dialing({ url, credentials, channelOptions });
      await expect(firstValueFrom(client.gitaly.mutator({}))).rejects.toMatchObject({
        code: status.UNAVAILABLE,
      });
    });
  });
});
