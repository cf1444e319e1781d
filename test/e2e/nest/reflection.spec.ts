import { once } from 'node:events';
import { credentials, loadPackageDefinition, status, type GrpcObject } from '@grpc/grpc-js';
import {
  loadFileDescriptorSetFromBuffer,
  loadSync,
  type MessageTypeDefinition,
} from '@grpc/proto-loader';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { describe, expect, it, vi } from 'vitest';
import { ListenMuxServer } from 'nestjs-backchannel';
import { listen } from '../../fixtures/nest/apps.js';
import { endOf, soon } from '../../fixtures/nest/end-of.js';
import { closing, startListener } from '../../fixtures/nest/in-test.js';
import { directions } from '../../fixtures/nest/pair.js';
import { callsProto, reflectedProto, type CallsStub } from '../../fixtures/nest/protos.js';
import {
  askReflection,
  listServices,
  reflect,
  standardParts,
  standardProto,
  startStandardPair,
} from '../../fixtures/nest/standard-services.js';

@Controller()
class ReflectedController {
  @GrpcMethod('Reflected')
  ask() {
    return {};
  }
}

interface MessageDescriptor {
  name: string;
  field: { name: string; typeName?: string }[];
  nestedType: MessageDescriptor[];
}

interface FileDescriptor {
  name: string;
  dependency: string[];
  messageType: MessageDescriptor[];
  extension: object[];
}

function decodeFile(bytes: number[]): FileDescriptor {
  const { 'google.protobuf.FileDescriptorProto': file } = loadSync(
    'google/protobuf/descriptor.proto',
    { arrays: true },
  );
  return (file as MessageTypeDefinition<object, FileDescriptor>).deserialize(Buffer.from(bytes));
}

const ownServices = [
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];

/** A `FileDescriptorSet` of files that reflection has sent. */
function descriptorSet(files: number[][]): Buffer {
  const parts = files.flatMap((file) => [Buffer.from([0x0a, ...varint(file.length)]), file]);
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

describe.each(directions)('reflection: true, asked by %s calls', (direction) => {
  it.each(['v1', 'v1alpha'] as const)(
    'lists what has a controller, and itself, in version %s',
    async (version) => {
      const { caller } = await startStandardPair(direction, { reflection: true });

      expect(await listServices(caller, version)).toEqual(['calls.Calls', ...ownServices]);
    },
  );

  it('lists the health service, if there is one', async () => {
    const { caller } = await startStandardPair(direction, { reflection: true, health: true });

    expect(await listServices(caller)).toEqual([
      'calls.Calls',
      'grpc.health.v1.Health',
      ...ownServices,
    ]);
    const { fileDescriptorResponse } = await askReflection(caller, {
      fileContainingSymbol: 'grpc.health.v1.Health',
    });
    expect(fileDescriptorResponse!.fileDescriptorProto).toHaveLength(1);
  });

  it('does not keep the server from closing while somebody is asking', async () => {
    const { caller, serving } = await startStandardPair(direction, { reflection: true });
    const call = reflect(caller);
    call.on('data', () => {});
    const ended = once(call, 'status') as Promise<[{ code: status }]>;
    call.write({ listServices: '*' });
    await once(call, 'data');

    await soon(serving.close());

    expect((await ended)[0].code).toBe(status.OK);
  });
});

describe('reflection: true', () => {
  it('tells enough for a plain client to call a service that it knew nothing of', async () => {
    const { url } = await startListener({ ...standardProto, reflection: true }, standardParts);

    const { fileDescriptorResponse } = await askReflection(url, {
      fileContainingSymbol: 'calls.Calls',
    });

    const files = descriptorSet(fileDescriptorResponse!.fileDescriptorProto);
    const { calls } = loadPackageDefinition(loadFileDescriptorSetFromBuffer(files));
    const { Calls } = calls as GrpcObject;
    const Stub = Calls as unknown as new (...args: unknown[]) => CallsStub;
    const stub = closing(new Stub(url, credentials.createInsecure()));
    const reply = await new Promise((resolve, reject) =>
      stub.echo({ text: 'hello' }, (error, text) => (error ? reject(error) : resolve(text))),
    );
    expect(reply).toEqual({ text: 'hello' });
  });

  it('tells of files, types and maps as a protobuf compiler would, and of no options', async () => {
    const { url } = await startListener(
      { ...reflectedProto, reflection: true },
      { controllers: [ReflectedController] },
    );

    const { fileDescriptorResponse } = await askReflection(url, {
      fileContainingSymbol: 'reflected.Reflected',
    });

    const files = fileDescriptorResponse!.fileDescriptorProto.map(decodeFile);
    const needed = ['google_protobuf.proto', 'reflected_types.proto'];
    expect(files[0]!.dependency.toSorted()).toEqual(needed);
    const others = files.slice(1).map(({ name }) => name);
    expect(others.toSorted()).toEqual(needed);
    const [question] = files[0]!.messageType;
    expect(question!.field.map(({ name, typeName }) => [name, typeName])).toEqual([
      ['known_answers', '.reflected.Question.KnownAnswersEntry'],
      ['all', '.reflected.Question.Settings'],
      ['settings', '.reflected.Question.SettingsEntry'],
      ['asked_at', '.google.protobuf.Timestamp'],
    ]);
    expect(question!.nestedType.map(({ name, field }) => [name, field[1]?.typeName])).toEqual([
      ['KnownAnswersEntry', '.reflected_types.Answer'],
      ['SettingsEntry', '.reflected.Question.Kind'],
      ['Settings', undefined],
    ]);
    expect(files[0]!.extension).toEqual([]);
    const ofGoogle = files.find(({ name }) => name === 'google_protobuf.proto')!;
    expect(ofGoogle.messageType.map(({ name }) => name)).toEqual(['Timestamp']);
  });

  it('is off by default', async () => {
    const { url } = await startListener(standardProto, standardParts);

    expect((await endOf(listServices(url))).code).toBe(status.UNIMPLEMENTED);
  });

  it('fails the start with the package to install, when that is missing', async () => {
    vi.doMock('@grpc/reflection', () => {
      throw new Error('Cannot find package');
    });
    const starting = listen({ ...standardProto, reflection: true }, standardParts);

    await expect(starting).rejects.toThrow(
      'the option "reflection" needs the package @grpc/reflection, which cannot be loaded: npm install @grpc/reflection',
    );
    vi.doUnmock('@grpc/reflection');
  });

  it('fails the start clearly for a service whose definition does not say where it is from', async () => {
    const packageDefinition = loadSync(callsProto.protoPath);
    for (const method of Object.values(packageDefinition['calls.Calls']!)) {
      delete method.requestType;
    }
    const starting = listen(
      { package: 'calls', packageDefinition, reflection: true },
      standardParts,
    );

    await expect(starting).rejects.toThrow(
      'the option "reflection" cannot tell of calls.Calls: its definition has no descriptors',
    );
  });

  it('refuses anything but true and false', () => {
    const bad = { ...callsProto, reflection: 'yes' as unknown as boolean };

    expect(() => new ListenMuxServer(bad)).toThrow(`"reflection" must be true or false, not 'yes'`);
  });
});
