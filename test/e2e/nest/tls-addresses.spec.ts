import { credentials, status } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { BackchannelClient } from 'nestjs-backchannel';
import { addressFamilies } from '../../fixtures/grpc/address-families.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { endOf } from '../../fixtures/nest/end-of.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';
import { pem, serverWith } from '../../fixtures/nest/tls.js';

const parts = { controllers: [CallsController] };
const secure = credentials.createSsl(Buffer.concat([pem('ca'), pem('address-ca')]));

describe.each(addressFamilies)('a listening side that is dialed by its %s address', (...names) => {
  const [, , host] = names;

  const start = async (certificate: string) => {
    const listener = await startListener(
      {
        ...callsProto,
        url: `${host}:0`,
        credentials: serverWith(certificate),
        backchannel: callsProto,
      },
      parts,
    );
    return { ...listener, url: `${host}:${listener.port}` };
  };

  it('is called, and calls back, if its certificate names the address', async () => {
    const { url, registry } = await start('addresses');
    const options = { url, ...callsProto, credentials: secure, backchannel: callsProto };
    const { client } = await startDialer(options, parts);

    const forward = client.getService<Calls>('Calls').echo({ text: 'forward' });
    const back = registry.backchannel(1).getService<Calls>('Calls').echo({ text: 'back' });

    expect(await firstValueFrom(forward)).toEqual({ text: 'forward' });
    expect(await firstValueFrom(back)).toEqual({ text: 'back' });
  });

  it('is refused if its certificate does not', async () => {
    const { url, registry } = await start('elsewhere');
    const options = { url, ...callsProto, credentials: secure, backchannel: callsProto };
    const client = closing(new BackchannelClient(options));

    const error = await endOf(firstValueFrom(client.getService<Calls>('Calls').echo({})));

    expect(error).toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining("does not match certificate's altnames") as unknown,
    });
    expect(registry.size).toBe(0);
  });
});
